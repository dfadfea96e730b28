//! Queues, by topic and number, on every broker of every group.

use ackproof_core::app::Origin;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// A broker group: machines that hold the same commit log. Named `a`, `b`, ...
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Group(pub u8);

impl Group {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
    pub fn name(self) -> char {
        char::from(b'a' + self.0)
    }
}

/// A topic that a broker keeps. All but the first are RocketMQ's own.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
pub enum Topic {
    /// That of the workload.
    Work,
    /// `%RETRY%group`: what the group gave back, after its delay.
    Retry,
    /// `%DLQ%group`
    DeadLetter,
    /// `SCHEDULE_TOPIC_XXXX`, one queue for each delay level.
    Schedule,
    /// `RMQ_SYS_TRANS_HALF_TOPIC`
    Half,
    /// `RMQ_SYS_TRANS_OP_HALF_TOPIC`
    Op,
    /// `TRANS_CHECK_MAX_TIME_TOPIC`
    Discarded,
    /// `rmq_sys_REVIVE_LOG_...`: what was handed out under POP, and what of it was acknowledged.
    Revive,
    /// `%RETRY%group_topic`: what was handed out under POP and not acknowledged in time.
    PopRetry,
}

impl Topic {
    const ALL: [Topic; 9] = [
        Topic::Work,
        Topic::Retry,
        Topic::DeadLetter,
        Topic::Schedule,
        Topic::Half,
        Topic::Op,
        Topic::Discarded,
        Topic::Revive,
        Topic::PopRetry,
    ];
}

/// A queue of a broker, whatever its topic.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u16);

impl Slot {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A queue in the cluster.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
pub struct Queue {
    pub group: Group,
    pub slot: Slot,
}

/// Where the queues of each topic are among the slots of a broker; the same for every broker.
#[derive(Clone, PartialEq, Debug)]
pub struct Queues {
    /// The first slot of each topic, and one past the last of all.
    first: [u16; Topic::ALL.len() + 1],
}

impl Queues {
    pub fn new(config: &Config) -> Queues {
        let mut first = [0; Topic::ALL.len() + 1];
        for (index, topic) in Topic::ALL.into_iter().enumerate() {
            let width = match topic {
                Topic::Work => config.topic.queues,
                Topic::Retry => config.master.service.retry_queues as u16,
                Topic::Schedule => config.master.service.delay_levels.len() as u16,
                Topic::DeadLetter | Topic::Half | Topic::Op | Topic::Discarded => 1,
                Topic::Revive | Topic::PopRetry => 1,
            };
            first[index + 1] = first[index] + width;
        }
        Queues { first }
    }

    /// Slots of a broker.
    pub fn count(&self) -> u16 {
        self.first[Topic::ALL.len()]
    }
    pub fn all(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..self.count()).map(Slot)
    }
    pub fn of(&self, topic: Topic) -> impl DoubleEndedIterator<Item = Slot> + use<> {
        let index = topic as usize;
        (self.first[index]..self.first[index + 1]).map(Slot)
    }
    /// Queue `number` of a topic, counted from 0.
    pub fn slot(&self, topic: Topic, number: u16) -> Slot {
        let slot = self.first[topic as usize] + number;
        debug_assert!(slot < self.first[topic as usize + 1], "{topic:?} has no queue {number}");
        Slot(slot)
    }
    pub fn topic(&self, slot: Slot) -> Topic {
        let after = self.first.partition_point(|&first| first <= slot.0);
        // Topics without a queue begin where the next one does.
        Topic::ALL[after - 1]
    }
    /// The number of a queue in its topic.
    pub fn number(&self, slot: Slot) -> u16 {
        slot.0 - self.first[self.topic(slot) as usize]
    }

    /// As the harness counts queues: those of the workload's topic group after group, then RocketMQ's own.
    pub fn origin(&self, queue: Queue) -> Origin {
        let work = self.first[1];
        if queue.slot.0 < work {
            Origin(u16::from(queue.group.0) * work + queue.slot.0)
        } else {
            Origin(Origin::INTERNAL + u16::from(queue.group.0) * self.count() + queue.slot.0)
        }
    }
    /// The queue of the workload's topic that the harness counts so.
    pub fn queue(&self, origin: Origin) -> Queue {
        let work = self.first[1];
        Queue { group: Group((origin.0 / work) as u8), slot: Slot(origin.0 % work) }
    }
}
