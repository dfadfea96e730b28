//! Apache RocketMQ: brokers, nameservers, controllers, producers and consumers as state machines without I/O.
//!
//! `RULES.md` lists every rule that is modelled, with its source and the test named after it, and every
//! simplification with the verdict it could change.

pub mod config;
pub mod release;

pub use config::Config;
