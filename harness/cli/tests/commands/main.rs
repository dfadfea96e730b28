//! The binary as a user meets it: what each command prints, how it ends, and what it leaves behind.

mod bad_input;
mod interrupted;
mod reading;
mod replaying;
mod reporting;
mod results;
mod running;
mod secrets;
mod workplace;
