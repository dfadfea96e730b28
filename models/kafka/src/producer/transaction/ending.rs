//! How a transaction ends, what is told of its messages, and what is left when the producer is given up.

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, Outcome, Reason};
use ackproof_core::time::Time;

use super::{Failing, State, Transaction};
use crate::error_code::ErrorCode;
use crate::model::Kafka;
use crate::producer::batch::Failure;
use crate::producer::{Asked, Producer};
use crate::sequence::Identity;
use crate::transaction::Ending;

impl Transaction {
    #[cold]
    pub(super) fn close(&mut self) {
        self.wish = None;
        self.added.clear();
        self.adding.clear();
        self.has_begun = false;
        self.in_doubt = false;
        self.failures = 0;
    }
}

impl Producer {
    #[cold]
    pub(in crate::producer) fn end_transaction(&mut self, commit: bool) {
        if let Some(own) = &mut self.transaction {
            own.wish = Some(if commit { Ending::Commit } else { Ending::Abort });
        }
    }

    /// Source: `TransactionManager.handleCachedTransactionRequestResult`, `TransactionalRequestResult.await` at 4.1.
    pub(super) fn give_up_ending(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let Some(own) = &self.transaction else { return };
        let State::Ending { ending, since } = own.state else { return };
        if since + own.max_block > now {
            return;
        }
        self.transaction_failed(Failing::EndTookTooLong, now);
        match ending {
            Ending::Commit => self.start_over(ctx, || Outcome::Unknown(Reason::new(Failure::GIVEN_UP))),
            Ending::Abort => self.start_over(ctx, || Outcome::Aborted),
        }
    }

    /// The transaction has ended as it was asked to.
    ///
    /// Source: `TransactionManager.{EndTxnHandler.handleResponse,resetTransactionState}` at 4.1.
    pub(super) fn ended(&mut self, ctx: &mut Ctx<'_, Kafka>, ending: Ending, identity: Option<Identity>) {
        self.become_known_as(identity);
        let Some(own) = &mut self.transaction else { return };
        match ending {
            Ending::Commit => own.failed.committed(),
            Ending::Abort => own.failed.failed(Failing::Aborted, own.timeout, ctx.wall_clock()),
        }
        own.close();
        if std::mem::take(&mut own.needs_epoch) {
            own.state = State::Initializing;
            own.ended = Some(ending);
        } else {
            own.state = State::Ready;
            self.tell_all(ctx, ending);
        }
    }

    pub(super) fn tell_all(&mut self, ctx: &mut Ctx<'_, Kafka>, ending: Ending) {
        let outcome = match ending {
            Ending::Commit => Outcome::Acked,
            Ending::Abort => Outcome::Aborted,
        };
        self.tell_of_transaction(ctx, || outcome.clone());
    }

    pub(super) fn tell_of_transaction(&mut self, ctx: &mut Ctx<'_, Kafka>, outcome: impl Fn() -> Outcome) {
        let is_within = self.heard(&outcome());
        let Some(own) = &mut self.transaction else { return };
        for msg in std::mem::take(&mut own.messages) {
            if !is_within {
                ctx.tell(AppReply::Told { msg, outcome: outcome() });
            }
        }
    }

    pub(in crate::producer) fn shut_out(&mut self, ctx: &mut Ctx<'_, Kafka>, error: ErrorCode) {
        let in_doubt = self.transaction.as_ref().is_some_and(|own| own.in_doubt);
        ctx.note(|| format!("is shut out: {error}; the application makes a new producer"));
        self.transaction_failed(Failing::Refused(error), ctx.wall_clock());
        self.start_over(ctx, || match in_doubt {
            true => Outcome::Unknown(Reason::new(error.word())),
            false => Outcome::Aborted,
        });
    }

    fn transaction_failed(&mut self, why: Failing, now: Time) {
        if let Some(own) = &mut self.transaction {
            own.failed.failed(why, own.timeout, now);
        }
    }

    /// The application gives this producer up and makes another one with the same transactional id.
    pub(in crate::producer) fn start_over(&mut self, ctx: &mut Ctx<'_, Kafka>, outcome: impl Fn() -> Outcome) {
        self.tell_of_transaction(ctx, outcome);
        let Some(own) = &mut self.transaction else { return };
        own.close();
        own.identity = None;
        own.question = None;
        own.needs_epoch = false;
        own.ended = None;
        own.state = State::Initializing;
        own.not_before = Time::ZERO;
        self.sequences = None;
        self.accumulator.clear();
        self.forget_batches();
    }

    /// Answers to batches that are still on their way are of no interest any more.
    pub(super) fn forget_batches(&mut self) {
        for asked in self.connections.in_flight_mut() {
            if let Asked::Produce { batch, end, .. } = asked {
                (*batch, *end) = (None, None);
            }
        }
    }
}
