//! What became of a batch: it is sent again, or the application is told.

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, Outcome, Reason};
use ackproof_core::time::Time;

use super::batch::{Batch, Failure};
use super::{Asked, Producer};
use crate::error_code::ErrorCode;
use crate::model::Kafka;

impl Producer {
    /// A broker answered. Source: `Sender.completeBatch` at 4.1.
    pub(super) fn answered(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch, error: Option<ErrorCode>) {
        match error {
            None => {
                self.confirmed(batch.origin, batch.end());
                self.finish(ctx, &batch, || Outcome::Acked);
            }
            Some(code) => self.attempt_failed(ctx, batch, Failure::of(code)),
        }
    }

    /// Tries again or tells the application.
    ///
    /// A batch that is tried again goes to the head of its line, past those that were sent after it and have not
    /// failed yet; if batches are numbered, those will be refused or wait. One that an idempotent producer does not try
    /// again leaves a gap in the numbers, unless nobody knows whether it does.
    ///
    /// Source: `Sender.{canRetry,completeBatch}`, `RecordAccumulator.reenqueue`, `TransactionManager.{canRetry,
    /// handleFailedBatch}` at 4.1.
    #[cold]
    pub(super) fn attempt_failed(&mut self, ctx: &mut Ctx<'_, Kafka>, mut batch: Batch, failure: Failure) {
        let now = ctx.wall_clock();
        batch.failed(failure);
        if failure.asks_for_leaders {
            self.leaders.want();
        }
        let in_time = now < batch.created + self.config.delivery_timeout;
        let has_retries = batch.retries() < self.config.retries;
        if in_time && has_retries && self.may_pass(&batch, failure) {
            let pause = self.config.backoff.draw(batch.retries() + 1, ctx.random);
            batch.retry(now, pause);
            self.accumulator.put_back(batch);
        } else {
            let leaves_gap = has_retries || failure.is_out_of_order;
            match (&mut self.sequences, &self.transaction) {
                (Some(sequences), None) if leaves_gap => sequences.lose(batch.origin),
                (Some(sequences), Some(_)) if leaves_gap => sequences.take_back(&batch),
                (Some(_) | None, _) => {}
            }
            self.fail(ctx, &batch, failure.word);
        }
    }

    /// Gives up what is too old: what waits, and what is on its way, which the broker may still append.
    ///
    /// Source: `Sender.sendProducerData`, `getExpiredInflightBatches`, `RecordAccumulator.expiredBatches` at 4.1.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        while let Some(msg) = self.accumulator.give_up_waiting(now) {
            let outcome = Outcome::Rejected(Reason::new(Failure::GIVEN_UP));
            match self.transaction {
                Some(_) => self.finished_in_transaction(&outcome),
                None => ctx.tell(AppReply::Told { msg, outcome }),
            }
        }
        let timeout = self.config.delivery_timeout;
        while let Some(batch) = self.accumulator.expired(now) {
            self.give_up(ctx, &batch);
        }
        loop {
            let expired = self.connections.in_flight_mut().find_map(|asked| match asked {
                Asked::Produce { batch, end, .. } => {
                    let expired = batch.take_if(|batch| batch.created + timeout <= now)?;
                    *end = expired.end();
                    Some(expired)
                }
                Asked::Metadata | Asked::Coordinator(_) => None,
            });
            let Some(mut batch) = expired else { break };
            batch.failed(Failure::TIMED_OUT);
            self.give_up(ctx, &batch);
        }
    }

    /// Source: `Sender.failExpiredBatches` at 4.1, which asks only for batches that were put back before.
    #[cold]
    fn give_up(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: &Batch) {
        self.fail(ctx, batch, Failure::GIVEN_UP);
        if let (Some(sequences), Some(end)) = (&mut self.sequences, batch.end())
            && batch.retries() > 0
        {
            sequences.leave_unresolved(batch.origin, end);
        }
    }

    fn fail(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: &Batch, word: &'static str) {
        let in_doubt = batch.may_be_appended();
        self.finish(ctx, batch, || match in_doubt {
            true => Outcome::Unknown(Reason::new(word)),
            false => Outcome::Rejected(Reason::new(word)),
        });
    }

    pub(super) fn finish(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: &Batch, outcome: impl Fn() -> Outcome) {
        self.accumulator.release();
        if let (Some(sequences), Some(_)) = (&mut self.sequences, batch.number()) {
            sequences.done(batch.origin);
        }
        if self.transaction.is_some() {
            return self.finished_in_transaction(&outcome());
        }
        for &msg in batch.messages() {
            ctx.tell(AppReply::Told { msg, outcome: outcome() });
        }
    }
}
