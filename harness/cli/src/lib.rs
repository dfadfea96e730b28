//! ackproof: which broker settings lose acknowledged messages, under which faults.
//!
//! This crate puts the others together. It is the only one that knows every model, every checker and every format;
//! a model is added by one line in [`registry`].
//!
//! Most people use it as a program. To let a scenario be a test of your own, see [`testing`].

pub mod aloud;
pub mod args;
pub mod commands;
pub mod conclusion;
pub mod exhibit;
pub mod exit;
pub mod expectation;
pub mod failing;
pub mod gather;
pub mod init;
pub mod plan;
pub mod progress;
pub mod quickstart;
pub mod reference;
pub mod registry;
pub mod scheduler;
pub mod shard;
pub mod side;
pub mod storm;
pub mod summary;
pub mod sweep;
pub mod telling;
pub mod testing;
pub mod token;
pub mod trial;
pub mod verify;
pub mod witness;
