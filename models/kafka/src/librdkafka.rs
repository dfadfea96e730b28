//! The producer of librdkafka, which programs in C, C++, Rust, Go (Confluent's), Python and .NET use: what it does
//! otherwise than the Java client.
//!
//! Shared with the Java client, because the mechanism is the same: connections and requests on their way over them,
//! what is known of leaders, which refusals leave nothing in the log, and the numbers of an idempotent producer. Its
//! own: messages instead of batches wait, time out and are tried again; timeouts are read off the monotonic clock; what
//! an idempotent producer does about a gap; that nothing ever blocks the application.
//!
//! Source: librdkafka 2.15.0, `src/`. Since 2.3.0 retries back off exponentially (KIP-580) and a message that may have
//! arrived is no longer the end of an idempotent producer (PR 4438); before, both were otherwise.

mod failure;
mod idempotence;
mod line;
mod producer;

pub use producer::Producer;
