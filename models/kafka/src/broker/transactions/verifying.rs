//! A leader asks the coordinator before it appends the first batch of a transaction: whether the partition was added to it
//! or, with an epoch for each transaction, to add it.
//!
//! Source: KIP-890; `AddPartitionsToTxnManager`, server, 4.1; `ReplicaManager.{handleProduceAppend,
//! maybeSendPartitionsToTransactionCoordinator}`, core, 4.1.
//!
//! Simplified: a leader does not repeat its question by itself while the last transaction has not ended everywhere, as one
//! of 4.0 does for a while; the producer repeats. Gives up: some `retry.backoff.ms`.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::DiskError;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

use crate::broker::producers::Guard;
use crate::broker::{Broker, refuse_produce};
use crate::error_code::ErrorCode;
use crate::message::{AddPartitions, Correlation, Enlisting, Produce, Transactional};
use crate::model::Kafka;

/// A batch that waits for the coordinator's word.
#[derive(Debug)]
pub(super) struct Verifying {
    from: NodeId,
    request: Produce,
    guard: Guard,
    pub(super) coordinator: NodeId,
    pub(super) asked: Time,
}

impl Broker {
    /// Appends a batch, after asking the coordinator where that is needed.
    pub(in crate::broker) fn on_produce(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        from: NodeId,
        request: Produce,
    ) -> Result<(), DiskError> {
        let (acks, correlation) = (request.acks, request.correlation);
        let coordinator = self.transactions.as_ref().and_then(|_| self.coordinator_node());
        let is_used = self.transactions.is_some();
        let Some((replica, mut env)) = self.plan.layout.index(request.origin).and_then(|index| self.split(index))
        else {
            refuse_produce(ctx, from, acks, correlation, self.unknown());
            return Ok(());
        };
        let Some(guard) = (is_used && env.demands().verification).then(|| replica.guard_of(&request)).flatten() else {
            return replica.produce(ctx, &mut env, from, request, None);
        };
        let (Some(coordinator), Some(first)) = (coordinator, request.first) else {
            refuse_produce(ctx, from, acks, correlation, ErrorCode::NotEnoughReplicas);
            return Ok(());
        };
        let asked = AddPartitions {
            correlation: self.correlation.advance(),
            id: None,
            identity: first.identity(),
            partitions: [request.origin].into(),
            enlisting: match self.plan.config.broker.transactions.epoch_each {
                true => Enlisting::Add,
                false => Enlisting::Verify,
            },
        };
        if let Some(own) = &mut self.transactions {
            let waiting = Verifying { from, request, guard, coordinator, asked: ctx.now() };
            own.verifying.insert(asked.correlation, waiting);
        }
        self.loopback.post(ctx, coordinator, Transactional::AddPartitions(asked));
        self.watch(ctx);
        Ok(())
    }

    /// The coordinator has spoken.
    pub(super) fn verified(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        correlation: Correlation,
        result: Result<(), ErrorCode>,
    ) -> Result<(), DiskError> {
        let Some(own) = &mut self.transactions else { return Ok(()) };
        let Some(Verifying { from, request, guard, .. }) = own.verifying.remove(&correlation) else { return Ok(()) };
        let error = match result {
            Ok(()) => match self.plan.layout.index(request.origin).and_then(|index| self.split(index)) {
                Some((replica, mut env)) => return replica.produce(ctx, &mut env, from, request, Some(guard)),
                None => self.unknown(),
            },
            Err(error) => self.produce_error(error),
        };
        refuse_produce(ctx, from, request.acks, request.correlation, error);
        Ok(())
    }

    /// The coordinator is not going to answer.
    pub(super) fn give_up_verifying(&mut self, ctx: &mut Ctx<'_, Kafka>, peer: NodeId) {
        let Some(own) = &mut self.transactions else { return };
        own.verifying.retain(|_, Verifying { from, request, coordinator, .. }| {
            if *coordinator == peer {
                refuse_produce(ctx, *from, request.acks, request.correlation, ErrorCode::NotEnoughReplicas);
            }
            *coordinator != peer
        });
    }

    /// What a producer is told instead of what the coordinator said: NOT_ENOUGH_REPLICAS is what every client repeats,
    /// and the fencing of a transaction looks like that of an epoch.
    ///
    /// Source: `ReplicaManager.handleProduceAppend`, core, 4.1; `AddPartitionsToTxnManager`, server, 4.1.
    fn produce_error(&self, error: ErrorCode) -> ErrorCode {
        match error {
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => ErrorCode::NotEnoughReplicas,
            ErrorCode::ConcurrentTransactions if !self.plan.config.broker.transactions.epoch_each => {
                ErrorCode::NotEnoughReplicas
            }
            ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
            other => other,
        }
    }
}

impl crate::broker::Replica {
    /// What ties the coordinator's word to this batch; `None` for one that needs no word, or that nobody here takes.
    fn guard_of(&mut self, request: &Produce) -> Option<Guard> {
        let producers = self.producers_mut()?;
        let first = request.first.filter(|first| producers.begins_transaction(*first))?;
        Some(producers.begin_verification(first))
    }
}
