//! The binary as a user meets it: what each command prints, how it ends, and what it leaves behind.

mod bad_input;
mod bad_results;
mod comparing;
mod init;
mod interrupted;
mod manifests;
mod reading;
mod replaying;
mod reporting;
mod results;
mod running;
mod schemas;
mod secrets;
mod shards;
mod shards_killed;
mod shards_property;
mod workplace;
