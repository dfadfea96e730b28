//! What is due at a node, and in which order.
//!
//! The order of a node's events is (due time, kind, sender, sender's sequence number). Nothing else decides it: not
//! which node was served first, not the order of insertion, not an address in memory.

use ackproof_core::actor::TimerId;
use ackproof_core::disk::SyncTarget;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

/// Kinds of event in the order in which they happen within a millisecond.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    Start = 0,
    Timer = 1,
    App = 2,
    Disk = 3,
    Net = 4,
}

/// `at` (40 bits) `node` (8) `due` (40) `kind` (3) `sender` (8) `seq` (29).
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub(crate) struct Key(u128);

const TIME_BITS: u32 = 40;
const TIME_MAX: u64 = (1 << TIME_BITS) - 1;
const SEQ_MAX: u32 = (1 << 29) - 1;

impl Key {
    /// `rank` is the node's place in the order in which nodes are served within a millisecond.
    pub(crate) fn new(at: Time, rank: u8, due: Time, kind: Kind, sender: NodeId, seq: u32) -> Key {
        assert!(at.0 <= TIME_MAX && seq <= SEQ_MAX, "a run is longer than its event keys can count");
        Key(u128::from(at.0) << 88
            | u128::from(rank) << 80
            | u128::from(due.0) << 40
            | u128::from(kind as u8) << 37
            | u128::from(sender.0) << 29
            | u128::from(seq))
    }
    pub(crate) fn at(self) -> Time {
        Time((self.0 >> 88) as u64)
    }
    pub(crate) fn due(self) -> Time {
        Time((self.0 >> 40) as u64 & TIME_MAX)
    }
    pub(crate) fn kind(self) -> Kind {
        [Kind::Start, Kind::Timer, Kind::App, Kind::Disk, Kind::Net][(self.0 >> 37) as usize & 0b111]
    }
    /// Due time, and kind, sender and sequence number, in two words: what identifies the event among all of its node.
    pub(crate) fn words(self) -> [u64; 2] {
        let kind = (self.0 >> 37) as u64 & 0b111;
        [self.due().0, kind << 56 | u64::from(self.sender().0) << 48 | u64::from(self.seq())]
    }
    pub(crate) fn sender(self) -> NodeId {
        NodeId((self.0 >> 29) as u8)
    }
    pub(crate) fn seq(self) -> u32 {
        self.0 as u32 & SEQ_MAX
    }
}

/// What a queued event is about. Message bodies stay with the link that carries them.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum What {
    Start,
    Timer(TimerId),
    App(AppEvent),
    Synced {
        target: SyncTarget,
        failed: bool,
    },
    Net,
    /// Nothing listens at the peer (its machine answers, its process is down).
    Refused {
        peer: NodeId,
    },
    /// The kernel tries again to open a connection.
    Knock {
        peer: NodeId,
    },
    Stop,
    MoveLeader {
        of: u16,
        to: Option<NodeId>,
    },
}

/// The application's own alarms.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum AppEvent {
    /// Time to send the next message.
    Tick,
    /// Time to send message number `sequence` again.
    Resend { sequence: u32, attempt: u32 },
    /// The delivery at the head of the application's queue is processed.
    Done,
}

/// One queued event.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Item {
    pub(crate) key: Key,
    pub(crate) node: NodeId,
    /// Void when the node's process has been restarted since; messages are judged by their link instead.
    pub(crate) incarnation: u32,
    pub(crate) what: What,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Item {}
impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Item {
    /// Reversed: `BinaryHeap` gives the greatest first and a queue wants the earliest.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.key.cmp(&self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_a_node_are_ordered_by_due_kind_sender_and_sequence() {
        let key = |due, kind, sender, seq| Key::new(Time(9), 0, Time(due), kind, NodeId(sender), seq);
        let ascending = [
            key(1, Kind::Net, 9, 9),
            key(2, Kind::Start, 9, 9),
            key(2, Kind::Timer, 9, 9),
            key(2, Kind::App, 9, 9),
            key(2, Kind::Disk, 9, 9),
            key(2, Kind::Net, 1, 9),
            key(2, Kind::Net, 2, 1),
            key(2, Kind::Net, 2, 2),
        ];
        assert!(ascending.is_sorted());
    }

    #[test]
    fn a_key_gives_back_what_it_was_made_of() {
        let key = Key::new(Time(TIME_MAX), 255, Time(123_456_789), Kind::Net, NodeId(63), SEQ_MAX);
        assert_eq!(
            (key.at(), key.due(), key.sender(), key.seq()),
            (Time(TIME_MAX), Time(123_456_789), NodeId(63), SEQ_MAX)
        );
        assert_eq!(key.kind(), Kind::Net);
    }
}
