//! The words of the field, shared by every other crate: time, seeds, nodes, actors, disks, faults,
//! schedules, operations, histories, guarantees and verdicts.
//!
//! Nothing here does I/O, reads a clock or draws ambient randomness, and nothing here knows a broker,
//! a simulator or a file format.

pub mod actor;
pub mod app;
pub mod disk;
pub mod fault;
pub mod guarantee;
pub mod history;
pub mod model;
pub mod node;
pub mod observe;
pub mod op;
pub mod recording;
pub mod schedule;
pub mod seed;
pub mod setting;
pub mod setup;
pub mod surroundings;
pub mod time;
pub mod verdict;
