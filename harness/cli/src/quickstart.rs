//! What `ackproof` alone runs: a question that every Kafka user has, answered in seconds.

/// The scenario's name, and its text. It is also a file of the project, and checked like any other.
pub const NAME: &str = "quickstart";
pub const TEXT: &str = include_str!("../quickstart.yaml");
