//! A service that sends orders to Kafka, as far as it matters here: it has configuration files, and a test that says
//! what they must withstand. Copy `tests/durability.rs` and begin with your own files.
