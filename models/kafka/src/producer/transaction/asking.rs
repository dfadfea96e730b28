//! What the producer asks of its coordinator, and what the answers mean.

use std::collections::BTreeSet;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::time::{Span, Time};

use super::{Question, State, Transaction};
use crate::error_code::ErrorCode;
use crate::message::{AddPartitions, EndTransaction, Enlisting, InitProducerId, Message, Transactional};
use crate::model::Kafka;
use crate::producer::{Asked, Producer};
use crate::sequence::Identity;
use crate::topic::OFFSETS;
use crate::transaction::Ending;

/// The pause before a transaction is begun again while the last one is being ended.
/// Source: `TransactionManager.ADD_PARTITIONS_RETRY_BACKOFF_MS` at 4.1.
const SOON: Span = Span(20);

impl Transaction {
    /// What to ask next; `is_flushed` when no batch is without an outcome.
    ///
    /// Source: `TransactionManager.nextRequest` at 4.1: requests go by priority.
    fn next_question(&self, missing: &BTreeSet<Origin>, is_flushed: bool, has_offsets: bool) -> Option<Question> {
        match self.state {
            State::Initializing => Some(Question::Init),
            State::Open if !missing.is_empty() => Some(Question::Add),
            State::Ending { ending: Ending::Commit, .. } if !missing.is_empty() => Some(Question::Add),
            State::Ending { ending: Ending::Commit, .. } if has_offsets => Some(Question::Offsets),
            State::Ending { ending, .. } if is_flushed => Some(Question::End(ending)),
            State::Ending { .. } | State::Open | State::Ready | State::Failed => None,
        }
    }
}

impl Producer {
    /// When the transaction next has something to do by itself.
    pub(in crate::producer) fn transaction_due(&self, own: &Transaction, now: Time) -> Time {
        let deadline = match own.state {
            State::Ending { since, .. } => since + own.max_block,
            State::Initializing | State::Ready | State::Open | State::Failed => Time::NEVER,
        };
        let question = own.next_question(&self.missing_partitions(), self.has_no_batches(), self.has_offsets());
        let Some(question) = question.filter(|_| own.question.is_none()) else { return deadline };
        let asked = match question {
            Question::Offsets => self.leaders.coordinator(),
            Question::Init | Question::Add | Question::End(_) => self.leaders.transactions(),
        };
        let reachable = match asked {
            Some(coordinator) if self.connections.is_open(coordinator) => now,
            Some(coordinator) => self.connections.retry_at(coordinator),
            None => Time::NEVER,
        };
        deadline.min(own.not_before.max(reachable))
    }

    pub(super) fn ask_coordinator(&mut self, ctx: &mut Ctx<'_, Kafka>, now: Time) {
        let is_flushed = self.has_no_batches();
        let (missing, has_offsets) = (self.missing_partitions(), self.has_offsets());
        let Some(own) = &mut self.transaction else { return };
        if own.question.is_some() || now < own.not_before {
            return;
        }
        let Some(question) = own.next_question(&missing, is_flushed, has_offsets) else { return };
        if let Question::End(ending) = question
            && !own.has_begun
        {
            return self.ended(ctx, ending, None);
        }
        if question == Question::Offsets {
            if self.send_offsets(ctx)
                && let Some(own) = &mut self.transaction
            {
                own.question = Some(question);
            }
            return;
        }
        let Some(coordinator) = self.leaders.transactions() else { return self.leaders.want() };
        if !self.connections.is_open(coordinator) {
            return self.connections.open(ctx, coordinator);
        }
        let (id, identity) = (own.id, own.identity);
        own.question = Some(question);
        if question == Question::Add {
            own.adding = missing.clone();
        }
        let base = if self.within.is_some() { Origin::OUTPUT } else { 0 };
        let named = move |origin: &Origin| if origin.is_internal() { *origin } else { Origin(base + origin.0) };
        self.connections.ask(ctx, coordinator, Asked::Coordinator(question), |correlation| {
            let message = match (question, identity) {
                (Question::Add, Some(identity)) => Transactional::AddPartitions(AddPartitions {
                    correlation,
                    id: Some(id),
                    identity,
                    partitions: missing.iter().map(named).collect(),
                    enlisting: Enlisting::Add,
                }),
                (Question::End(ending), Some(identity)) => {
                    Transactional::EndTransaction(EndTransaction { correlation, id, identity, ending })
                }
                (Question::Init | Question::Add | Question::Offsets | Question::End(_), expected) => {
                    Transactional::InitProducerId(InitProducerId { correlation, id, expected })
                }
            };
            Message::Transactional(Box::new(message))
        });
    }

    /// Partitions with batches that were not added to the transaction.
    pub(super) fn missing_partitions(&self) -> BTreeSet<Origin> {
        let Some(own) = &self.transaction else { return BTreeSet::new() };
        let has_batches = |&index: &u16| !own.epoch_each && self.accumulator.has_head(index);
        let written = (0..self.accumulator.partitions()).filter(has_batches).map(Origin);
        let stored = self.has_offsets().then_some(OFFSETS);
        written.chain(stored).filter(|origin| !own.added.contains(origin)).collect()
    }

    /// Progress is to be stored in the transaction.
    pub(super) fn has_offsets(&self) -> bool {
        self.within.as_ref().is_some_and(|within| within.offsets.is_some())
    }

    pub(in crate::producer) fn ask_again_later(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.wall_clock();
        let Some(own) = &mut self.transaction else { return };
        own.failures += 1;
        own.not_before = now + self.config.backoff.draw(own.failures, ctx.random);
    }

    /// The question is not going to be answered.
    #[cold]
    pub(in crate::producer) fn question_lost(&mut self, ctx: &mut Ctx<'_, Kafka>, question: Question) {
        let now = ctx.wall_clock();
        let Some(own) = &mut self.transaction else { return };
        if own.question.take_if(|asked| *asked == question).is_none() {
            return;
        }
        own.in_doubt |= question == Question::End(Ending::Commit);
        own.failures += 1;
        own.not_before = now + self.config.backoff.draw(own.failures, ctx.random);
    }

    /// The coordinator has answered.
    #[cold]
    pub(in crate::producer) fn coordinator_answered(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        question: Question,
        result: Result<Option<Identity>, ErrorCode>,
    ) {
        let Some(own) = &mut self.transaction else { return };
        if own.question.take_if(|asked| *asked == question).is_none() {
            return;
        }
        match (question, result) {
            (Question::Init, Ok(identity)) => {
                own.failures = 0;
                self.initialized(ctx, identity);
            }
            (Question::Offsets, result) => self.offsets_stored(ctx, result.map(|_| ())),
            (Question::Add, Ok(_)) => {
                own.failures = 0;
                own.added.append(&mut own.adding);
                own.has_begun = true;
            }
            (Question::End(ending), Ok(identity)) => {
                own.failures = 0;
                self.ended(ctx, ending, identity);
            }
            (_, Err(error)) => self.question_failed(ctx, question, error),
        }
    }

    /// Source: the handlers of `TransactionManager` at 4.1.
    fn question_failed(&mut self, ctx: &mut Ctx<'_, Kafka>, question: Question, error: ErrorCode) {
        use ErrorCode as E;
        let now = ctx.wall_clock();
        let Some(own) = &mut self.transaction else { return };
        match error {
            E::ConcurrentTransactions | E::NotCoordinator | E::CoordinatorNotAvailable => {
                own.failures += 1;
                let mut pause = self.config.backoff.draw(own.failures, ctx.random);
                if error == E::ConcurrentTransactions {
                    if question == Question::Add && own.added.is_empty() {
                        pause = pause.min(SOON);
                    }
                } else {
                    // The decision may be in the log of a coordinator that could not have it replicated in time.
                    own.in_doubt |= question == Question::End(Ending::Commit);
                    self.leaders.want();
                }
                own.not_before = now + pause;
            }
            E::TransactionAbortable => own.fail(),
            other => self.shut_out(ctx, other),
        }
    }
}
