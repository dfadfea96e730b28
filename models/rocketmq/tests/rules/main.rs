//! Each rule of `RULES.md`, by the name of its test: a whole cluster with clients and applications, and what they say.

mod acting_master;
mod consuming;
mod controller;
mod dledger;
mod nameservers;
mod orderly;
mod pop;
mod replicating;
mod retrying;
mod scene;
mod sending;
mod storing;
mod transactions;
