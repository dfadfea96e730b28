//! How librdkafka numbers batches (`enable.idempotence`), and what it does when the numbers have a gap.
//!
//! The number of a message follows from its place in the line and the place at which the epoch began. After any failure
//! a partition sends nothing until everything under way is done; a gap that the client made itself begins an epoch, once
//! nothing is under way in any partition; a gap that a broker made is fatal.
//!
//! Source: `rd_kafka_handle_idempotent_Produce_error`, `rd_kafka_handle_idempotent_Produce_success`,
//! `rd_kafka_idemp_drain_epoch_bump`, `rd_kafka_toppar_pid_change` at 2.15.0.

use super::line::Place;
use crate::sequence::{Numbered, ProducerEpoch, ProducerId, Sequence};

/// Messages under way to a partition, beyond which nothing more is sent to it: librdkafka compares the number of
/// messages, not of batches, with what brokers remember.
///
/// Source: `rd_kafka_toppar_producer_serve` (`RD_KAFKA_IDEMP_MAX_INFLIGHT` less `rktp_msgs_inflight`) at 2.15.0.
pub const MESSAGES_UNDER_WAY: u32 = 5;

/// What a gap in a partition is due to.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Gap {
    /// An earlier batch failed and will be sent again before this one.
    Earlier,
    /// The broker lacks what it had confirmed, or has what it should not have.
    Broker,
}

#[derive(Copy, Clone, Debug, Default)]
struct Numbering {
    epoch: ProducerEpoch,
    /// Place of the message with number 0.
    base: Place,
    /// The first message that no broker has confirmed in this epoch.
    next_acked: Sequence,
    /// Nothing is sent until nothing is under way.
    is_draining: bool,
}

#[derive(Debug)]
pub struct Numbers {
    producer: ProducerId,
    epoch: ProducerEpoch,
    /// By partition; `None` before its first batch.
    partitions: Vec<Option<Numbering>>,
    /// An epoch begins as soon as nothing is under way anywhere.
    is_bumping: bool,
}

impl Numbers {
    pub fn new(producer: ProducerId, partitions: u16) -> Numbers {
        let partitions = vec![None; usize::from(partitions)];
        Numbers { producer, epoch: ProducerEpoch::default(), partitions, is_bumping: false }
    }

    /// There is a gap: what is sent next begins an epoch.
    pub fn bump(&mut self) {
        self.is_bumping = true;
    }

    /// Begins an epoch if one is due. The epoch that began.
    pub fn settle(&mut self, under_way: u32) -> Option<ProducerEpoch> {
        if !self.is_bumping || under_way > 0 {
            return None;
        }
        self.is_bumping = false;
        self.epoch = self.epoch.next();
        Some(self.epoch)
    }

    /// Nothing is sent to this partition until nothing is under way to it.
    pub fn drain(&mut self, partition: u16) {
        if let Some(numbering) = &mut self.partitions[usize::from(partition)] {
            numbering.is_draining = true;
        }
    }

    /// Whether a partition must wait until what is under way to it is done.
    pub fn is_held(&self, partition: u16) -> bool {
        self.is_bumping || self.partitions[usize::from(partition)].is_some_and(|numbering| numbering.is_draining)
    }

    /// Nothing is under way to this partition.
    pub fn drained(&mut self, partition: u16) {
        if let Some(numbering) = &mut self.partitions[usize::from(partition)] {
            numbering.is_draining = false;
        }
    }

    /// The number of a batch that begins with the message at `first`.
    pub fn number(&mut self, partition: u16, first: Place) -> Numbered {
        let (producer, epoch) = (self.producer, self.epoch);
        let numbering = self.partitions[usize::from(partition)].get_or_insert_with(Numbering::default);
        if numbering.base == Place::default() || numbering.epoch != epoch {
            *numbering = Numbering { epoch, base: first, ..Numbering::default() };
        }
        Numbered { producer, epoch, sequence: Sequence(first.0 - numbering.base.0) }
    }

    /// A broker has confirmed a batch of so many messages.
    pub fn confirmed(&mut self, partition: u16, number: Numbered, messages: u32) {
        if let Some(numbering) = &mut self.partitions[usize::from(partition)]
            && numbering.epoch == number.epoch
        {
            numbering.next_acked = number.sequence.plus(messages);
        }
    }

    /// Why a broker misses something before this batch.
    pub fn gap_before(&self, partition: u16, number: Numbered) -> Gap {
        let expected = self.partitions[usize::from(partition)].map(|numbering| numbering.next_acked);
        match expected {
            Some(expected) if number.sequence > expected => Gap::Earlier,
            Some(_) | None => Gap::Broker,
        }
    }
}
