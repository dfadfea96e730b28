//! The definitions of `ackproof-check`, each with a history where it applies and a neighbour where it does not.

mod answers;
mod any_autopsy;
mod autopsies;
mod broken_promises;
mod copies;
mod doubt;
mod fates;
mod planted;
mod promises;
mod story;
mod tallies;
mod tape;
mod transactions;
