//! `init`: from the user's own files to a scenario that runs as it is written.
//!
//! What to ask of a broker is in a file of that broker's; what files mean is the scenario crate's. Here it is put together
//! and written down, with what was assumed and what nobody knows as comments.

pub mod args;
mod draft;
mod inquiry;
mod kafka;
mod paper;
mod rocketmq;
pub mod template;

pub use draft::{Draft, Wish, draft};
pub use inquiry::{Ground, Inquiry};

/// What to ask of a broker, given what is known of the user's.
pub type Inquire = fn(&Ground<'_>) -> Inquiry;

/// The questions of each broker that has some.
pub const INQUIRIES: &[(&str, Inquire)] = &[("kafka", kafka::inquire), ("rocketmq", rocketmq::inquire)];
