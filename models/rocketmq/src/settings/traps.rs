//! Valid settings that do not do what a reader would think.

use ackproof_core::setting::{Effective, Trap};
use ackproof_core::setup::Setup;

pub fn traps(effective: &Effective, setup: &Setup) -> Vec<Trap> {
    let _ = (effective, setup);
    Vec::new()
}
