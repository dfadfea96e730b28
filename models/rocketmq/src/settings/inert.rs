//! Settings without effect in a row.

use ackproof_core::setting::{Effective, Inert};
use ackproof_core::setup::Setup;

pub fn inert(effective: &Effective, setup: &Setup) -> Vec<Inert> {
    let _ = (effective, setup);
    Vec::new()
}
