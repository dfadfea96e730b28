//! Apache RocketMQ: brokers, nameservers, controllers, producers and consumers as state machines without I/O.
//!
//! `RULES.md` lists every rule that is modelled, with its source and the test named after it, and every
//! simplification with the verdict it could change.

mod auditor;
mod broker;
mod cell;
mod client;
pub mod config;
mod consumer;
mod controller;
mod deployment;
pub mod describe;
mod message;
mod model;
mod mutation;
mod nameserver;
mod plan;
mod producer;
mod reader;
mod record;
pub mod release;
mod replicas;
mod rest;
pub mod settings;
pub mod status;
mod store;
mod surroundings;
mod topic;

pub use config::Config;
pub use describe::{ROCKETMQ, RocketmqBroker};
pub use message::Message;
pub use model::{Rocketmq, RocketmqActor};
pub use mutation::Rule;
#[cfg(feature = "mutations")]
pub use mutation::without;
