//! A minimal test for each rule of `RULES.md`, named after it.

mod bench;
mod coordinator;
mod elections;
mod in_sync;
mod model;
mod producing;
mod replication;
mod sessions;
mod storage;
mod storm;
