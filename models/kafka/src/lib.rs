//! Apache Kafka: brokers, controller, producer and consumer as state machines without I/O.
//!
//! `RULES.md` lists every rule that is modelled, with its source and the test named after it, and every
//! simplification with the verdict it could change.

mod broker;
mod config;
mod consumer;
mod controller;
mod describe;
mod error_code;
mod message;
mod metadata;
mod model;
mod producer;
mod settings;
mod topic;

pub use error_code::ErrorCode;
pub use message::Message;
