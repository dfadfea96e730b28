//! Apache Kafka: brokers, controller, producer and consumer as state machines without I/O.

pub mod config;
