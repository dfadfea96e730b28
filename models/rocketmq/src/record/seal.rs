//! What tells two entries apart that one leader, in one term, wrote at one position: DLedger compares contents.
//!
//! Source: `DLedgerEntry.equals`, DLedger 0.3.1.2.

use ackproof_core::app::MsgId;
use ackproof_core::time::Time;
use ackproof_log::Epoch;

use crate::record::{Body, Entry};

impl ackproof_raft::Entry for Entry {
    /// DLedger's leaders open their terms with nothing.
    fn opening(_: Epoch, _: Time) -> Option<Entry> {
        None
    }

    fn seal(&self) -> u64 {
        let (kind, about) = match &self.body {
            Body::Letter(letter) => (0, number(letter.msg)),
            Body::Delayed { letter, .. } => (1, number(letter.msg)),
            Body::Half(half) => (2, number(half.letter.msg)),
            Body::Op { half } => (3, *half),
            Body::Handed(handed) => (4, handed.from),
            Body::Acked { offset, .. } => (5, *offset),
            Body::Local { msg, .. } => (6, number(*msg)),
            Body::Nothing => (7, 0),
            // Of controllers, each of which has a position of its own.
            Body::Decided(_) => (8, 0),
        };
        mix([u64::from(self.slot.0), self.offset, self.stored.0, kind, about])
    }
}

fn number(msg: MsgId) -> u64 {
    u64::from(msg.producer()) << 32 | u64::from(msg.sequence())
}

/// FNV-1a over words.
fn mix(words: [u64; 5]) -> u64 {
    words.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3))
}
