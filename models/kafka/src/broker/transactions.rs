//! Transactions on the side of brokers: the leader of `__transaction_state` coordinates them, and leaders of partitions
//! ask it before they append the first batch of one.
//!
//! The coordinator decides and says what is to be done ([`Act`]); this file does it. What a broker has to say to itself goes
//! round within the same event ([`Loopback`]).
//!
//! Simplified: a new coordinator has read its log at once. Gives up: COORDINATOR_LOAD_IN_PROGRESS.
//! Simplified: producer epochs do not wrap around. Gives up: nothing below 2^15 epochs.

mod coordinator;
mod ending;
mod markers;
mod verifying;

use std::collections::{BTreeMap, VecDeque};

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use super::{Alarm, Broker, Env, SILENCE, Timer};
use crate::error_code::ErrorCode;
use crate::message::{Correlation, MarkerWritten, Message, Payload, Transactional};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::topic::{Layout, TRANSACTIONS};
use coordinator::Coordinator;
use verifying::Verifying;

/// After an error that will pass a marker is sent again after this long.
///
/// Simplified: a real coordinator tries again at once with the leaders that it knows then. Gives up: up to 100 ms.
/// Source: `TransactionMarkerRequestCompletionHandler.onComplete`, core, 4.1.
const RETRY: Span = Span(100);

/// A write of the coordinator to its log.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default)]
pub(super) struct LogWrite(u32);

/// What a broker tells itself.
#[derive(Debug)]
pub(super) enum Inside {
    /// A write to the transaction log is replicated, or came to nothing.
    Logged(LogWrite, Result<(), ErrorCode>),
    /// What would go over the network to another broker.
    Message(Transactional),
}

/// What a broker has told itself in this event.
#[derive(Debug, Default)]
pub(super) struct Loopback {
    queue: VecDeque<Inside>,
}

impl Loopback {
    pub(super) fn push_back(&mut self, inside: Inside) {
        self.queue.push_back(inside);
    }
    /// Sends to another node, or to this one.
    fn post(&mut self, ctx: &mut Ctx<'_, Kafka>, to: NodeId, message: Transactional) {
        match to == ctx.node {
            true => self.queue.push_back(Inside::Message(message)),
            false => ctx.send(to, Message::Transactional(Box::new(message))),
        }
    }
    pub(super) fn answer_marker(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        to: NodeId,
        correlation: Correlation,
        result: Result<(), ErrorCode>,
    ) {
        self.post(ctx, to, Transactional::MarkerWritten(MarkerWritten { correlation, result }));
    }
}

/// What the coordinator wants done.
#[derive(Debug)]
enum Act {
    Send(NodeId, Transactional),
    Write(LogWrite, Vec<Payload>),
}

/// A broker's part in transactions; exists only where there are any.
#[derive(Debug)]
pub(super) struct Transactions {
    coordinator: Coordinator,
    /// Batches that wait for their coordinator's word.
    verifying: BTreeMap<Correlation, Verifying>,
    alarm: Alarm,
}

impl Transactions {
    pub(super) fn new(env: &crate::plan::Plan) -> Transactions {
        Transactions { coordinator: Coordinator::new(&env.config), verifying: BTreeMap::new(), alarm: Alarm::default() }
    }
}

impl Broker {
    /// Whether every transaction that this broker coordinates has ended.
    pub fn has_no_transaction(&self) -> bool {
        self.transactions.as_ref().is_none_or(|own| own.coordinator.is_idle() && own.verifying.is_empty())
    }

    pub(super) fn start_transactions(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if let Some(own) = &mut self.transactions {
            own.coordinator.begin(ctx.wall_clock());
            ctx.set_timer(Timer::AbortOld.id(), self.plan.config.broker.transactions.cleanup_interval);
        }
    }

    /// Handles what this broker has told itself, and takes up or lays down the office of the coordinator.
    pub(super) fn end_event(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        self.take_office(ctx)?;
        while let Some(inside) = self.loopback.queue.pop_front() {
            match inside {
                Inside::Message(message) => self.on_transactional(ctx, ctx.node, message)?,
                Inside::Logged(write, result) => {
                    self.decide(ctx, |coordinator, now| coordinator.logged(write, result, now))?;
                    self.send_markers(ctx);
                }
            }
        }
        Ok(())
    }

    /// Lets the coordinator decide, and does what it wants done.
    fn decide(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        decide: impl FnOnce(&mut Coordinator, Time),
    ) -> Result<(), DiskError> {
        let Some(own) = &mut self.transactions else { return Ok(()) };
        decide(&mut own.coordinator, ctx.wall_clock());
        for act in own.coordinator.take_acts() {
            match act {
                Act::Send(to, message) => self.loopback.post(ctx, to, message),
                Act::Write(write, payloads) => {
                    let index = self.plan.layout.transactions();
                    match index.and_then(|index| self.split(index)) {
                        Some((replica, mut env)) => replica.log_transaction(ctx, &mut env, write, payloads)?,
                        None => self.loopback.push_back(Inside::Logged(write, Err(ErrorCode::NotLeaderOrFollower))),
                    }
                }
            }
        }
        Ok(())
    }

    /// The leader of `__transaction_state` is the coordinator. A new one reads its log, to the end, and sends the markers
    /// of what was decided and perhaps not done.
    ///
    /// Source: `TransactionCoordinator.{onElection,onResignation}`, `TransactionStateManager.loadTransactionMetadata`.
    fn take_office(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let Some(index) = self.plan.layout.transactions() else { return Ok(()) };
        let leads_in = self.replica(index).filter(|replica| replica.leads()).map(|replica| replica.leader_epoch());
        let Some(own) = &mut self.transactions else { return Ok(()) };
        if own.coordinator.epoch() == leads_in {
            return Ok(());
        }
        let records = match leads_in {
            Some(_) => ctx.disk.tail(Layout::file(index), 0).to_vec(),
            None => Vec::new(),
        };
        let id = (ctx.node, ctx.incarnation);
        self.decide(ctx, |coordinator, now| coordinator.load(leads_in, id, &records, now))?;
        self.send_markers(ctx);
        Ok(())
    }

    #[cold]
    pub(super) fn on_transactional(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        from: NodeId,
        message: Transactional,
    ) -> Result<(), DiskError> {
        match message {
            Transactional::InitProducerId(request) => {
                self.decide(ctx, |coordinator, now| coordinator.init_producer_id(from, &request, now))
            }
            Transactional::AddPartitions(request) => {
                self.decide(ctx, |coordinator, now| coordinator.add_partitions(from, &request, now))
            }
            Transactional::EndTransaction(request) => {
                self.decide(ctx, |coordinator, _| coordinator.end_transaction(from, &request))
            }
            Transactional::WriteMarker(request) => {
                match self.plan.layout.index(request.origin).and_then(|index| self.split(index)) {
                    Some((replica, mut env)) => replica.write_marker(ctx, &mut env, from, request),
                    None => {
                        let error = self.unknown();
                        self.loopback.answer_marker(ctx, from, request.correlation, Err(error));
                        Ok(())
                    }
                }
            }
            Transactional::MarkerWritten(reply) => {
                self.decide(ctx, |coordinator, _| coordinator.marker_written(reply.correlation, reply.result))?;
                self.watch(ctx);
                Ok(())
            }
            Transactional::PartitionsAdded(reply) => self.verified(ctx, reply.correlation, reply.result),
            Transactional::ProducerIdIs(_) | Transactional::TransactionEnded(_) => Ok(()),
        }
    }

    /// Ends what has taken too long.
    pub(super) fn abort_old_transactions(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        ctx.set_timer(Timer::AbortOld.id(), self.plan.config.broker.transactions.cleanup_interval);
        self.decide(ctx, |coordinator, now| coordinator.abort_timed_out(now))
    }

    /// Sends the markers that are to be sent to leaders that are known.
    fn send_markers(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let Some(own) = &mut self.transactions else { return };
        let (view, correlation) = (&self.view, &mut self.correlation);
        let asked =
            own.coordinator.markers.send(|origin| view.leader(origin).map(|(node, _)| node), correlation, ctx.now());
        for (to, request) in asked {
            self.loopback.post(ctx, to, Transactional::WriteMarker(request));
        }
        self.watch(ctx);
    }

    /// Something of transactions is overdue or to be tried again.
    pub(super) fn transactions_timer(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let Some(own) = &mut self.transactions else { return Ok(()) };
        own.alarm.fired();
        let now = ctx.now();
        let waits_since = own.verifying.values().map(|waiting| (waiting.coordinator, waiting.asked));
        let silent: Vec<NodeId> = waits_since
            .chain(own.coordinator.markers.asked())
            .filter(|(_, asked)| now.since(*asked) >= SILENCE)
            .map(|(peer, _)| peer)
            .collect();
        for peer in silent.into_iter().filter(|&peer| peer != ctx.node).collect::<std::collections::BTreeSet<_>>() {
            self.hang_up(ctx, peer)?;
        }
        self.decide(ctx, |coordinator, _| coordinator.complete_again())?;
        self.send_markers(ctx);
        Ok(())
    }

    /// Sets the timer for what comes next.
    fn watch(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let Some(own) = &mut self.transactions else { return };
        let oldest =
            own.verifying.values().map(|waiting| waiting.asked).chain(own.coordinator.markers.asked().map(|a| a.1));
        let patience = oldest.min().map(|asked| asked + SILENCE);
        let retry = own.coordinator.has_to_retry().then(|| ctx.now() + RETRY);
        if let Some(due) = [patience, retry].into_iter().flatten().min() {
            own.alarm.at_latest(ctx, Timer::Transactions, due.max(ctx.now() + Span(1)));
        }
    }

    /// The connection with another broker is gone: what was asked over it is not answered.
    pub(super) fn transactions_closed(&mut self, ctx: &mut Ctx<'_, Kafka>, peer: NodeId) {
        let Some(own) = &mut self.transactions else { return };
        own.coordinator.markers.lose(peer);
        self.give_up_verifying(ctx, peer);
        self.watch(ctx);
    }

    /// Who coordinates, as far as this broker knows.
    fn coordinator_node(&self) -> Option<NodeId> {
        self.view.leader(TRANSACTIONS).map(|(node, _)| node)
    }
}

impl Env<'_> {
    /// What a leader asks of a batch that begins a transaction.
    pub(super) fn demands(&self) -> super::producers::Demands {
        let transactions = &self.plan.config.broker.transactions;
        super::producers::Demands {
            verification: (transactions.verifies || transactions.epoch_each) && Rule::Hanging.holds(),
            first_sequence: transactions.epoch_each,
        }
    }
    /// A marker has a newer epoch than the batches that it ends.
    pub(super) fn has_strict_markers(&self) -> bool {
        self.plan.config.rules.strict_markers && self.plan.config.broker.transactions.epoch_each
    }
}
