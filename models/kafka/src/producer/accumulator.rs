//! What the application handed over and was not sent yet: batches per partition, and messages that `send()` would
//! block on because there is no metadata or no memory. All of it is memory of the process and dies with it.
//!
//! Source: `RecordAccumulator`, `BufferPool`, `KafkaProducer.doSend` at 4.1.
//!
//! Simplified: a message counts as 100 bytes. Gives up: how many of a real size fit a batch; set `batch.size` so that
//! `batch.size / 100` is that number.

use std::collections::VecDeque;

use ackproof_core::app::{MsgId, Origin};
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use super::batch::Batch;
use crate::config::{MESSAGE_BYTES, ProducerConfig};
use crate::sequence::Numbered;

#[derive(Debug)]
pub struct Accumulator {
    /// By partition; the head is sent first.
    queues: Vec<VecDeque<Batch>>,
    /// Batches in all queues.
    queued: usize,
    /// Batches that take memory: queued or on their way.
    allocated: u64,
    /// Batches that memory suffices for.
    capacity: u64,
    messages_per_batch: usize,
    linger: Span,
    delivery_timeout: Span,
    max_block: Span,
    /// What `send()` blocks on, in order.
    waiting: VecDeque<MsgId>,
    /// Since when the first one waits.
    waiting_since: Time,
}

impl Accumulator {
    pub fn new(config: &ProducerConfig, partitions: u16) -> Accumulator {
        let batch_bytes = u64::from(config.batch_size_bytes).max(MESSAGE_BYTES);
        Accumulator {
            queues: (0..partitions).map(|_| VecDeque::new()).collect(),
            queued: 0,
            allocated: 0,
            capacity: (config.buffer_memory_bytes / batch_bytes).max(1),
            messages_per_batch: (batch_bytes / MESSAGE_BYTES) as usize,
            linger: config.linger,
            delivery_timeout: config.delivery_timeout,
            max_block: config.max_block,
            waiting: VecDeque::new(),
            waiting_since: Time::ZERO,
        }
    }

    pub fn partitions(&self) -> u16 {
        self.queues.len() as u16
    }
    pub fn has_batches(&self) -> bool {
        self.queued > 0
    }
    pub fn has_head(&self, index: u16) -> bool {
        !self.queues[usize::from(index)].is_empty()
    }
    pub fn is_empty(&self) -> bool {
        self.queued == 0 && self.waiting.is_empty()
    }

    /// Takes a message from the application.
    pub fn wait(&mut self, msg: MsgId, now: Time) {
        if self.waiting.is_empty() {
            self.waiting_since = now;
        }
        self.waiting.push_back(msg);
    }

    /// Puts into batches what waits, as far as memory allows.
    pub fn admit(&mut self, now: Time) {
        while let Some(&msg) = self.waiting.front() {
            if !self.append(msg, now) {
                return;
            }
            self.waiting.pop_front();
            self.waiting_since = now;
        }
    }

    fn append(&mut self, msg: MsgId, now: Time) -> bool {
        let index = msg.sequence() as usize % self.queues.len();
        let queue = &mut self.queues[index];
        if queue.back_mut().is_some_and(|batch| batch.add(msg, now, self.messages_per_batch)) {
            return true;
        }
        if self.allocated >= self.capacity {
            return false;
        }
        queue.push_back(Batch::new(Origin(index as u16), now, msg));
        self.queued += 1;
        self.allocated += 1;
        true
    }

    /// The first message that `send()` has blocked on for too long.
    pub fn give_up_waiting(&mut self, now: Time) -> Option<MsgId> {
        if self.waiting_due() > now {
            return None;
        }
        self.waiting_since = now;
        self.waiting.pop_front()
    }

    pub fn waiting_due(&self) -> Time {
        if self.waiting.is_empty() { Time::NEVER } else { self.waiting_since + self.max_block }
    }

    /// What was never sent is not going to be.
    ///
    /// Source: `RecordAccumulator.abortUndrainedBatches` at 4.1.
    pub fn drop_unsent(&mut self) {
        self.waiting.clear();
        for queue in &mut self.queues {
            let before = queue.len();
            queue.retain(|batch| batch.number().is_some());
            self.queued -= before - queue.len();
            self.allocated -= (before - queue.len()) as u64;
        }
    }

    /// Forgets everything; what is on its way too.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.queues.iter_mut().for_each(VecDeque::clear);
        (self.queued, self.allocated) = (0, 0);
    }

    /// A batch is done, and its memory free.
    pub fn release(&mut self) {
        self.allocated -= 1;
    }

    /// Whether the head of this line is to be sent: it is full, or has waited for company long enough, or memory is
    /// short, or the producer closes; and it does not pause before a retry.
    pub fn must_go(&self, index: u16, now: Time, current: Option<Epoch>, closing: bool) -> bool {
        let queue = &self.queues[usize::from(index)];
        let Some(head) = queue.front() else { return false };
        !head.is_backing_off(now, current)
            && (queue.len() > 1
                || head.is_full(self.messages_per_batch)
                || head.created + self.linger <= now
                || !self.waiting.is_empty()
                || closing)
    }

    /// The head of this line, unless it pauses before a retry.
    pub fn take(&mut self, index: u16, now: Time, current: Option<Epoch>) -> Option<Batch> {
        let queue = &mut self.queues[usize::from(index)];
        if queue.front()?.is_backing_off(now, current) {
            return None;
        }
        self.queued -= 1;
        queue.pop_front()
    }

    /// A batch that is to be sent again: first in its line or, if batches are numbered, behind those with lower numbers.
    ///
    /// Source: `RecordAccumulator.{reenqueue,insertInSequenceOrder}` at 4.1.
    pub fn put_back(&mut self, batch: Batch) {
        let queue = &mut self.queues[usize::from(batch.origin.0)];
        let own = batch.number().map(|number| number.sequence);
        let is_lower = |waiting: &&Batch| waiting.number().map(|number| number.sequence).is_some_and(|n| Some(n) < own);
        let place = queue.iter().take_while(is_lower).count();
        queue.insert(place, batch);
        self.queued += 1;
    }

    /// The number of the head of this line, if it was sent before.
    pub fn head_number(&self, index: u16) -> Option<Numbered> {
        self.queues[usize::from(index)].front()?.number()
    }

    /// The batches of this line that were sent before.
    pub fn numbered_mut(&mut self, origin: Origin) -> impl Iterator<Item = &mut Batch> {
        self.queues[usize::from(origin.0)].iter_mut().take_while(|batch| batch.number().is_some())
    }

    /// The head of a line that is too old.
    pub fn expired(&mut self, now: Time) -> Option<Batch> {
        if self.queued == 0 {
            return None;
        }
        let index = (0..self.partitions()).find(|&index| self.expiry(index) <= now)?;
        self.queued -= 1;
        self.queues[usize::from(index)].pop_front()
    }

    /// When the head of this line will be too old.
    pub fn expiry(&self, index: u16) -> Time {
        self.queues[usize::from(index)].front().map_or(Time::NEVER, |head| head.created + self.delivery_timeout)
    }

    /// When the head of this line is to be sent by itself.
    pub fn ready_at(&self, index: u16) -> Time {
        let queue = &self.queues[usize::from(index)];
        let Some(head) = queue.front() else { return Time::NEVER };
        match head.retries() {
            0 if queue.len() > 1 => head.created,
            0 => head.created + self.linger,
            _ => head.backed_off_at(),
        }
    }
}
