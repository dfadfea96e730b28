//! How many messages met which fate, in one run or in all runs of a cell.

use ackproof_core::verdict::{Stage, Tally};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Counts of messages. Each message that was `sent` is exactly one of `acked`, `rejected`, `unknown`, `untold` and
/// `aborted`;
/// the other counts overlap with these.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Messages {
    /// Handed over by the applications.
    pub sent: u64,
    /// The application was told success.
    pub acked: u64,
    /// Acked, never consumed, although everything healed.
    pub lost: u64,
    pub lost_in: LostIn,
    /// Acked; a copy exists, and nobody may serve it.
    pub unreachable: u64,
    /// The application was told a failure that is certain.
    pub rejected: u64,
    /// The application was told that its transaction was taken back.
    #[serde(default)]
    pub aborted: u64,
    /// The application was told a failure that may have happened anyway.
    pub unknown: u64,
    /// Success that promises nothing, or a result that nobody looked at.
    pub untold: u64,
    /// Untold and gone.
    pub unreported: u64,
    /// The application was told failure, and it was consumed.
    pub ghost: u64,
    pub dead_lettered: u64,
    /// Consumed more than once.
    pub duplicated: u64,
    pub reordered: u64,
    /// Consumed at least once, of all messages.
    pub consumed: u64,
    /// Acked, and no longer at the broker although no rule of its own disposed of it, whether consumed before or not.
    pub vanished: u64,
}

/// Where acked messages were lost; the three add up to `lost`.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct LostIn {
    /// Copies were destroyed.
    pub broker: u64,
    /// Dropped by a rule of the broker's.
    pub disposal: u64,
    /// Consumer progress passed over it.
    pub consumer: u64,
}

impl Messages {
    pub fn add(&mut self, more: &Messages) {
        self.sent += more.sent;
        self.acked += more.acked;
        self.lost += more.lost;
        self.lost_in.broker += more.lost_in.broker;
        self.lost_in.disposal += more.lost_in.disposal;
        self.lost_in.consumer += more.lost_in.consumer;
        self.unreachable += more.unreachable;
        self.rejected += more.rejected;
        self.aborted += more.aborted;
        self.unknown += more.unknown;
        self.untold += more.untold;
        self.unreported += more.unreported;
        self.ghost += more.ghost;
        self.dead_lettered += more.dead_lettered;
        self.duplicated += more.duplicated;
        self.reordered += more.reordered;
        self.consumed += more.consumed;
        self.vanished += more.vanished;
    }
}

impl From<&Tally> for Messages {
    fn from(tally: &Tally) -> Messages {
        let lost_in = |stage| tally.lost_in.get(&stage).copied().unwrap_or(0);
        Messages {
            sent: tally.sent,
            acked: tally.acked,
            lost: tally.lost,
            lost_in: LostIn {
                broker: lost_in(Stage::Broker),
                disposal: lost_in(Stage::Disposal),
                consumer: lost_in(Stage::Consumer),
            },
            unreachable: tally.unreachable,
            rejected: tally.rejected,
            aborted: tally.aborted,
            unknown: tally.unknown,
            untold: tally.untold,
            unreported: tally.unreported,
            ghost: tally.ghost,
            dead_lettered: tally.dead_lettered,
            duplicated: tally.duplicated,
            reordered: tally.reordered,
            consumed: tally.consumed,
            vanished: tally.vanished,
        }
    }
}
