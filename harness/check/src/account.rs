//! What the history says about one message, gathered while it is read; nothing is concluded here.

use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

/// A process from one start to its end: which node, and how many of its processes had ended before.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Life {
    pub node: NodeId,
    pub deaths: u32,
}

/// One message's entries, summed up.
#[derive(Copy, Clone, Debug, Default)]
pub struct Account {
    /// When the application first handed it over; meaningful only when `attempts` is not zero.
    pub sent_at: Time,
    pub attempts: u16,
    /// Attempts without an answer so far, all of the life `sender`.
    pub open: u16,
    pub sender: Option<Life>,
    /// Which application was last handed it and has not finished with it successfully.
    pub holder: Option<Life>,
    /// Where it was last seen by a consumer or on a disk.
    pub origin: Option<Origin>,
    /// How often it was consumed: an application finished with it successfully or, where consumers write results in
    /// transactions, a committed result of it was found.
    pub consumed: u16,
    /// How often the late consumer found a committed result of it.
    pub effects: u16,

    pub acked: bool,
    pub rejected: bool,
    pub unknown: bool,
    pub untold: bool,
    /// The transaction of an attempt was taken back.
    pub aborted: bool,
    /// An attempt was still without an answer when its process ended.
    pub orphaned: bool,

    pub audited: bool,
    pub stranded: bool,
    /// A committed result of it is on a disk, and nobody serves it.
    pub result_stranded: bool,
    pub disposed: bool,
    /// Disposed of by being put where only a person looks.
    pub dead_lettered: bool,
    /// The late consumer found a copy that the group's progress has not passed.
    pub ahead: bool,
    /// First consumed after a later message of its producer from the same origin.
    pub reordered: bool,
    /// The same of its result, among the results of one origin.
    pub result_reordered: bool,
}

impl Account {
    /// Counts what was found of its results, and no longer what applications finished with.
    pub fn count_results(&mut self) {
        self.consumed = self.effects;
        self.reordered = self.result_reordered;
    }
}
