//! What became of a batch: its messages wait again, or the application is told.

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, Outcome, Reason};

use super::Producer;
use crate::error_code::ErrorCode;
use crate::librdkafka::failure::{Mishap, Next, PURGED};
use crate::librdkafka::idempotence::Gap;
use crate::librdkafka::line::{Batch, Queued};
use crate::model::Kafka;

impl Producer {
    pub(super) fn answered(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch, error: Option<ErrorCode>) {
        match error {
            None => self.confirmed(ctx, batch),
            Some(code) => self.failed(ctx, batch, Mishap::of(code)),
        }
    }

    /// A broker has a batch, and with it, if batches are numbered, everything before it: what waits to be sent again
    /// although it had arrived is done too.
    ///
    /// Source: `rd_kafka_handle_idempotent_Produce_success`, `rd_kafka_dr_implicit_ack` at 2.15.0.
    fn confirmed(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch) {
        let messages = batch.len();
        self.line(batch.origin).under_way -= messages;
        if let (Some(numbers), Some(number)) = (&mut self.numbers, batch.number) {
            numbers.confirmed(batch.origin.0, number, messages);
            let before = self.line(batch.origin).up_to(batch.last().place);
            self.finish(ctx, before, |_| Outcome::Acked);
        }
        self.finish(ctx, batch.messages, |_| Outcome::Acked);
    }

    /// A request came to nothing: its messages wait again, or the application is told.
    ///
    /// Source: `rd_kafka_handle_Produce_error` at 2.15.0.
    pub(super) fn failed(&mut self, ctx: &mut Ctx<'_, Kafka>, mut batch: Batch, mishap: Mishap) {
        let origin = batch.origin;
        self.line(origin).under_way -= batch.len();
        if mishap.asks_for_leaders {
            self.leaders.want();
        }
        if batch.number.is_some() {
            let last = batch.last().place;
            batch.messages[0].batch_ends = Some(last);
        }
        for message in &mut batch.messages {
            message.may_be_appended |= !mishap.is_certain;
        }
        match mishap.next {
            Next::Retry => self.retry(ctx, batch, mishap.word, 1),
            Next::RetryForFree => self.retry(ctx, batch, mishap.word, 0),
            Next::GiveUp => {
                match &mut self.numbers {
                    Some(_) if self.own.is_gapless => self.die(ctx, "_GAPLESS_GUARANTEE"),
                    Some(numbers) => numbers.bump(),
                    None => {}
                }
                self.fail(ctx, batch.messages, mishap.word);
            }
            Next::OutOfOrder => self.out_of_order(ctx, batch, mishap.word),
        }
    }

    /// Puts messages back into their line, except those that have no retries left.
    ///
    /// Source: `rd_kafka_retry_msgq`, `rd_kafka_idemp_drain_toppar` at 2.15.0.
    fn retry(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch, word: &'static str, counts: u32) {
        let now = self.connections.now(ctx);
        if let Some(numbers) = &mut self.numbers {
            numbers.drain(batch.origin.0);
        }
        let most = self.config.retries;
        let (again, done): (Vec<Queued>, Vec<Queued>) =
            batch.messages.into_iter().partition(|message| message.retries.saturating_add(counts) <= most);
        let tried = again.first().map_or(0, |first| first.retries + counts);
        let not_before = now + self.config.backoff.draw(tried.max(1), ctx.random);
        let paused =
            again.into_iter().map(|message| Queued { retries: message.retries + counts, not_before, ..message });
        self.lines[usize::from(batch.origin.0)].put_back(paused);
        self.fail(ctx, done, word);
    }

    /// A broker misses something before this batch. If it is an earlier batch that failed, both are sent again, in a new
    /// epoch; otherwise the broker has lost something, and nothing that the client could do keeps its promise.
    ///
    /// Source: `rd_kafka_handle_idempotent_Produce_error` at 2.15.0.
    fn out_of_order(&mut self, ctx: &mut Ctx<'_, Kafka>, batch: Batch, word: &'static str) {
        let gap = match (&self.numbers, batch.number) {
            (Some(numbers), Some(number)) => numbers.gap_before(batch.origin.0, number),
            (None, _) | (_, None) => Gap::Broker,
        };
        match gap {
            Gap::Earlier => {
                if let Some(numbers) = &mut self.numbers {
                    numbers.bump();
                }
                self.retry(ctx, batch, word, 0);
            }
            Gap::Broker => {
                self.die(ctx, word);
                self.fail(ctx, batch.messages, word);
            }
        }
    }

    /// A fatal error: what waits is given up, what is under way still has an outcome, and nothing more is taken.
    ///
    /// Source: `rd_kafka_set_fatal_error0`, `rd_kafka_purge` at 2.15.0.
    fn die(&mut self, ctx: &mut Ctx<'_, Kafka>, word: &'static str) {
        if std::mem::replace(&mut self.is_dead, true) {
            return;
        }
        ctx.note(|| format!("stops for good: {word}"));
        for broker in 0..self.made.len() {
            for batch in std::mem::take(&mut self.made[broker]) {
                self.line(batch.origin).under_way -= batch.len();
                self.fail(ctx, batch.messages, PURGED);
            }
        }
        for index in 0..self.lines.len() {
            let waiting = self.lines[index].clear();
            self.fail(ctx, waiting, PURGED);
        }
    }

    pub(super) fn fail(&mut self, ctx: &mut Ctx<'_, Kafka>, messages: Vec<Queued>, word: &'static str) {
        self.finish(ctx, messages, |message| match message.may_be_appended {
            true => Outcome::Unknown(Reason::new(word)),
            false => Outcome::Rejected(Reason::new(word)),
        });
    }

    pub(super) fn finish(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        messages: Vec<Queued>,
        outcome: impl Fn(&Queued) -> Outcome,
    ) {
        self.held -= messages.len() as u64;
        for message in messages {
            ctx.tell(AppReply::Told { msg: message.msg, outcome: outcome(&message) });
        }
    }
}
