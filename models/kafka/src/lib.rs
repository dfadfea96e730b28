//! Apache Kafka: brokers, controller, producer and consumer as state machines without I/O.
//!
//! `RULES.md` lists every rule that is modelled, with its source and the test named after it, and every
//! simplification with the verdict it could change.

mod assignor;
mod broker;
mod bugs;
mod cell;
mod client;
mod config;
mod consumer;
mod controller;
mod describe;
mod error_code;
mod librdkafka;
mod message;
mod metadata;
mod model;
mod mutation;
mod plan;
mod producer;
mod release;
mod rest;
#[cfg(test)]
mod rules;
mod sequence;
mod settings;
mod surroundings;
mod topic;
mod transaction;

pub use config::Config;
pub use describe::{KAFKA, KafkaBroker};
pub use error_code::ErrorCode;
pub use message::Message;
pub use model::{Kafka, KafkaActor};
pub use mutation::Rule;
#[cfg(feature = "mutations")]
pub use mutation::without;
