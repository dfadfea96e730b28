//! Consume, transform, produce: the application writes one result for each message that it has processed, and the group's
//! progress goes into the same transaction, one for each poll.
//!
//! If the transaction is not committed, as far as the application knows, it goes back to the group's progress, whatever that
//! is.
//!
//! Source: KIP-98, KIP-447; `KafkaProducer.sendOffsetsToTransaction` at 4.1, and the examples that Kafka comes with
//! (`ExactlyOnceMessageProcessor`).
//!
//! Simplified: consumer and producer of a process share their connections: one that is lost is lost to both. Gives up: a
//! request of one that outlives the other's.

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::{AppCall, Delivery};
use ackproof_log::Offset;

use super::Consumer;
use super::lookup::Lookup;
use super::partition::Position;
use super::poll::{Polled, Thread};
use crate::client::WAKE_WITHIN;
use crate::message::{Commit as Stored, Message};
use crate::model::Kafka;
use crate::transaction::Ending;

impl Consumer {
    /// Whether the producer in this process is meant.
    pub(super) fn is_for_producer(&self, event: &Event<Message>) -> bool {
        match event {
            Event::Timer(id) => *id == WAKE_WITHIN,
            Event::Message { body: Message::Produced(_) | Message::Transactional(_), .. } => true,
            Event::Message { body: Message::MetadataIs(told), .. } => told.correlation.is_within(),
            Event::Message { body: Message::OffsetCommitted(told), .. } => told.correlation.is_within(),
            Event::Message { .. } | Event::Start | Event::Synced { .. } | Event::Closed { .. } => false,
            Event::App(_) | Event::Stop | Event::MoveLeader { .. } => false,
        }
    }

    /// Lets the producer do something, and hears how its transaction has ended.
    #[cold]
    pub(super) fn drive(&mut self, ctx: &mut Ctx<'_, Kafka>, event: Event<Message>) {
        let Some(mut producer) = self.producer.take() else { return };
        producer.on(ctx, event);
        let ending = producer.take_ending();
        let closed = producer.take_closed();
        self.producer = Some(producer);
        for peer in closed {
            self.disconnected(ctx, peer);
        }
        match ending {
            Some(ending) if self.poll.thread == Thread::Committing => self.transaction_ended(ctx, ending),
            Some(Ending::Abort) => self.poll.is_doomed = true,
            Some(Ending::Commit) | None => {}
        }
    }

    /// The application has finished a message: its result is written and, behind the last one of a poll, the transaction
    /// ended. One that is given back takes the transaction with it. What goes into it is how far the messages of the poll
    /// are finished, whoever has their partitions by now.
    ///
    /// Source: `AsyncKafkaConsumer.updateGroupMetadata`, `ConsumerCoordinator.groupMetadata` at 4.1: who is in no group any
    /// more keeps the membership that it had.
    pub(super) fn finished_in_transaction(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        polled: Polled,
        success: bool,
        given_back: bool,
    ) {
        let Delivery { msg, origin, offset } = polled.delivery;
        if success {
            self.drive(ctx, Event::App(AppCall::Send { msg, attempt: 0 }));
        }
        if !given_back {
            self.poll.finished.retain(|stored| stored.origin != origin);
            let (upto, leader_epoch) = (Offset(offset).plus(1), Some(polled.epoch));
            self.poll.finished.push(Stored { origin, upto, leader_epoch });
        }
        if !given_back && !self.poll.polled.is_empty() {
            return;
        }
        // One that was thrown out meanwhile does not know better than that it is who it was, and is refused.
        let offsets = (self.membership().or(self.poll.claim), self.poll.finished.as_slice().into());
        let Some(producer) = &mut self.producer else { return };
        self.poll.thread = Thread::Committing;
        let commit = !given_back && !self.poll.is_doomed;
        match commit {
            true => producer.commit_with(offsets),
            false => producer.give_back(),
        }
        self.drive(ctx, Event::App(AppCall::EndTransaction { commit }));
    }

    fn transaction_ended(&mut self, ctx: &mut Ctx<'_, Kafka>, ending: Ending) {
        self.poll.thread = Thread::Running;
        self.poll.is_doomed = false;
        match ending {
            Ending::Commit => {
                let stored = self.progress();
                self.learn_committed(&stored);
            }
            Ending::Abort => {
                ctx.note(|| "goes back to its group's progress: the transaction was not committed".to_owned());
                self.poll.polled.clear();
                self.poll.handed.clear();
                self.fetched.clear();
                for partition in &mut self.partitions {
                    partition.drop_records();
                    partition.position = Position::Unknown;
                    (partition.processed, partition.handed) = (None, None);
                }
                // Answers to what was asked before are of no use.
                self.assignments += 1;
                self.lookup = Lookup::ToAsk { from: ctx.wall_clock(), failures: 0 };
            }
        }
    }
}
