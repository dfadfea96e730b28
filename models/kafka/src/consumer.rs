//! The Java consumer: positions, fetches, the poll loop of its application, and when progress is stored.
//!
//! One thread of the application calls `poll()`, works on what it returned and calls `poll()` again; or it hands what
//! was returned to another thread and goes on. Fetches run ahead of it.
//!
//! The auditor is a consumer of the same kind outside every group: it reads every partition from the earliest record,
//! hands everything over at once and stores nothing.
//!
//! Source: `ClassicKafkaConsumer.poll`, `Fetcher`, `FetchCollector`, `SubscriptionState`, `ConsumerCoordinator` at 4.1.
//!
//! Simplified: one fetch request reads one partition, and waits a moment after an error. Gives up: nothing but requests.

mod commit;
mod lookup;
mod membership;
mod partition;
mod poll;
mod reading;
mod rebalance;
mod reconciling;
mod standing;
mod transforming;

use std::collections::VecDeque;
use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event};
use ackproof_core::app::{AppCall, Origin};
use ackproof_core::node::{NodeId, NodeKind};
use ackproof_core::time::Time;
use ackproof_log::Offset;

use crate::client::{Answer, Connections, Leaders, Rang, WAKE, Wake};
use crate::config::{Commit, ConsumerConfig};
use crate::message::{Commit as Stored, Edge, MemberId, Membership, Message};
use crate::model::Kafka;
use crate::plan::Plan;
use crate::producer::Producer;
use crate::transaction::Isolation;

use commit::Committer;
use lookup::Lookup;
use membership::Member;
use partition::{Partition, Position, Slot};
use poll::PollLoop;

/// What the consumer remembers of a request.
#[derive(Debug)]
enum Asked {
    Metadata,
    Fetch {
        slot: Slot,
        offset: Offset,
    },
    Reset {
        slot: Slot,
        edge: Edge,
        at: Time,
    },
    Validate {
        slot: Slot,
        offset: Offset,
    },
    /// What was assigned by then.
    Offsets {
        assignments: u32,
    },
    Commit(Option<Membership>),
    /// What nobody waits for.
    CommitAsync(Membership, Arc<[Stored]>),
    Join(MemberId),
    Sync(Membership),
    Heartbeat(Membership),
    GroupHeartbeat(MemberId),
    Leave,
}

/// A consumer's process.
#[derive(Debug)]
pub struct Consumer {
    config: ConsumerConfig,
    /// `None`: outside every group, progress is neither looked up nor stored.
    commit: Option<Commit>,
    /// `None`: outside every group.
    member: Option<Box<Member>>,
    isolation: Isolation,
    /// Writes results, in transactions.
    producer: Option<Box<Producer>>,
    /// Its own, in order.
    partitions: Vec<Partition>,
    /// How many the topic has.
    topic_partitions: u16,
    /// How many partitions were ever assigned.
    assignments: u32,
    /// Partitions with fetched records, in the order in which they came.
    fetched: VecDeque<Origin>,
    lookup: Lookup,
    committer: Committer,
    poll: PollLoop,
    connections: Connections<Asked>,
    leaders: Leaders,
    wake: Wake,
    /// A clean stop was asked for: what was handed over is finished, and nothing more taken.
    closing: bool,
}

impl Consumer {
    /// The consumer on `node`: a member of the group, or the auditor.
    pub fn new(plan: &Plan, node: NodeId) -> Consumer {
        let config = &plan.config;
        let consumer = &config.consumer;
        let connection = &consumer.connection;
        let members = plan.topology.of_kind(NodeKind::Consumer);
        let is_member = members.contains(&node);
        let commit = is_member.then_some(consumer.commit);
        let audited = plan.layout.audited().map(|index| plan.layout.origin(index)).filter(|_| !is_member);
        let results = if is_member { 0 } else { plan.layout.shape.outputs };
        let writes = is_member && config.results_in_transactions;
        let start = Position::Resetting(Edge::Earliest);
        Consumer {
            config: consumer.clone(),
            commit,
            isolation: match config.transaction_state {
                // The auditor finds what is committed, as far as that can be told.
                Some(_) if !is_member => Isolation::ReadCommitted,
                Some(_) | None => consumer.isolation,
            },
            member: is_member.then(|| Box::new(Member::new(consumer.is_static))),
            partitions: audited.map(|origin| Partition::new(origin, 0, start)).collect(),
            producer: writes.then(|| Box::new(Producer::within(plan, node))),
            topic_partitions: config.topic.partitions,
            assignments: 0,
            fetched: VecDeque::new(),
            lookup: Lookup::Known,
            committer: Committer::default(),
            poll: PollLoop::new(consumer, commit),
            connections: Connections::new(connection.clone(), config.brokers),
            leaders: Leaders::new(connection.clone(), config.topic.partitions, results),
            wake: Wake::default(),
            closing: false,
        }
    }

    fn place(&self, slot: Slot) -> Option<usize> {
        self.partitions.iter().position(|partition| partition.slot() == slot)
    }
    fn own(&self, origin: Origin) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.origin == origin)
    }
}

impl Actor<Kafka> for Consumer {
    fn on(&mut self, ctx: &mut Ctx<'_, Kafka>, event: Event<Message>) {
        if self.producer.is_some() && self.is_for_producer(&event) {
            self.drive(ctx, event);
            return self.run(ctx);
        }
        match event {
            Event::Start => {
                self.drive(ctx, Event::Start);
                self.connections.begin(ctx.incarnation);
                if let Some(member) = &mut self.member {
                    member.renew(ctx);
                }
                self.poll.begin(ctx.wall_clock());
            }
            Event::Timer(id) => {
                debug_assert_eq!(id, WAKE);
                match self.wake.rang(ctx) {
                    Rang::OnTime => self.time_out(ctx),
                    Rang::Late => self.wake.soon(ctx),
                }
            }
            Event::Message { from, body } => self.on_message(ctx, from, body),
            Event::Closed { peer } => {
                self.drive(ctx, Event::Closed { peer });
                self.disconnected(ctx, peer);
            }
            Event::App(AppCall::Finished { delivery, success }) => {
                if !self.finished(ctx, delivery, success) {
                    return;
                }
            }
            Event::Stop => self.closing = true,
            Event::App(AppCall::Send { .. } | AppCall::EndTransaction { .. }) => {}
            Event::Synced { .. } | Event::MoveLeader { .. } => {}
        }
        self.run(ctx);
    }
}

impl Consumer {
    fn on_message(&mut self, ctx: &mut Ctx<'_, Kafka>, from: NodeId, body: Message) {
        let correlation = match &body {
            Message::MetadataIs(told) => told.correlation,
            Message::Fetched(told) => told.correlation,
            Message::OffsetIs(told) => told.correlation,
            Message::EpochEndIs(told) => told.correlation,
            Message::OffsetsAre(told) => told.correlation,
            Message::OffsetCommitted(told) => told.correlation,
            Message::GroupJoined(told) => told.correlation,
            Message::GroupSynced(told) => told.correlation,
            Message::MemberHeartbeatIs(told) => told.correlation,
            Message::GroupLeft(told) => told.correlation,
            Message::GroupHeartbeatIs(told) => told.correlation,
            other => return debug_assert!(false, "a consumer was sent {other:?}"),
        };
        let asked = match self.connections.answered(from, correlation) {
            Answer::Opened => None,
            Answer::Reply(asked) => Some(asked),
            Answer::Stale => return,
        };
        match (asked, body) {
            (asked @ (None | Some(Asked::Metadata)), Message::MetadataIs(told)) => {
                if asked.is_some() {
                    self.leaders.settled(true);
                }
                self.leaders.learn(&told.image, ctx.wall_clock());
            }
            (Some(Asked::Fetch { slot, offset }), Message::Fetched(told)) => {
                if let Some(place) = self.place(slot) {
                    self.fetched(ctx, from, place, offset, told.result);
                }
            }
            (Some(Asked::Reset { slot, edge, at }), Message::OffsetIs(told)) => {
                if let Some(place) = self.place(slot) {
                    self.reset_to(ctx, place, (edge, at), told.result);
                }
            }
            (Some(Asked::Validate { slot, offset }), Message::EpochEndIs(told)) => {
                if let Some(place) = self.place(slot) {
                    self.validated(ctx, place, offset, told.result);
                }
            }
            (Some(Asked::Offsets { assignments }), Message::OffsetsAre(told)) => {
                self.offsets_are(ctx, assignments, told.result);
            }
            (Some(Asked::Commit(claim)), Message::OffsetCommitted(told)) => {
                self.committed_is(ctx, claim, told.result);
            }
            (Some(Asked::CommitAsync(claim, commits)), Message::OffsetCommitted(told)) => {
                self.async_commit_is(ctx, claim, &commits, Some(told.result));
            }
            (Some(Asked::Join(id)), Message::GroupJoined(told)) => self.joined(ctx, from, id, told.result),
            (Some(Asked::Sync(claim)), Message::GroupSynced(told)) => self.synced(ctx, claim, told.result),
            (Some(Asked::Heartbeat(claim)), Message::MemberHeartbeatIs(told)) => {
                self.heartbeat_is(ctx, claim, told.result);
            }
            (Some(Asked::GroupHeartbeat(id)), Message::GroupHeartbeatIs(told)) => self.reconciled(ctx, id, told.result),
            (Some(Asked::Leave), Message::GroupLeft(_)) => {}
            (asked, body) => debug_assert!(false, "{body:?} answers {asked:?}"),
        }
    }

    /// One turn: what has come is handed over, what is missing is asked for.
    fn run(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.wall_clock();
        self.commit_in_background(now);
        self.take_part_in_background(ctx, now);
        self.poll(ctx, now);
        self.look_up_offsets(ctx, now);
        for place in 0..self.partitions.len() {
            self.read(ctx, place, now);
        }
        self.send_async_commits(ctx, now);
        self.send_commit(ctx, now);
        match self.config.is_reconciling {
            true if !self.closing => self.beat_and_join(ctx, now),
            true => {}
            false => self.beat(ctx, now),
        }
        self.leaders.refresh(ctx, &mut self.connections, || Asked::Metadata);
        if self.closing && self.poll.is_done() && self.is_closed() && self.has_left(ctx) {
            return ctx.exit("closed");
        }
        let due = self.due(now);
        self.wake.by(ctx, now, due, self.config.request_timeout);
    }

    #[cold]
    fn time_out(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let now = ctx.wall_clock();
        while let Some(peer) = self.connections.overdue(now) {
            ctx.close(peer);
            self.drive(ctx, Event::Closed { peer });
            self.disconnected(ctx, peer);
        }
    }

    /// The connection is gone, and with it what was asked over it.
    #[cold]
    fn disconnected(&mut self, ctx: &mut Ctx<'_, Kafka>, peer: NodeId) {
        let now = ctx.wall_clock();
        let Some(lost) = self.connections.lose(peer, now, ctx.random) else { return };
        self.leaders.want();
        for request in lost {
            match request.what {
                Asked::Metadata => self.leaders.settled(false),
                Asked::Fetch { slot, .. } => {
                    if let Some(place) = self.place(slot) {
                        self.partitions[place].stop_fetching(peer);
                    }
                }
                Asked::Reset { slot, .. } | Asked::Validate { slot, .. } => {
                    if let Some(place) = self.place(slot) {
                        self.partitions[place].asked = false;
                    }
                }
                Asked::Offsets { .. } => self.lookup.failed(now),
                Asked::Commit(_) => self.commit_failed(ctx, now),
                Asked::CommitAsync(claim, commits) => self.async_commit_is(ctx, claim, &commits, None),
                Asked::Join(id) => self.lost_join(ctx, now, id),
                Asked::Sync(claim) => self.lost_join(ctx, now, claim.member),
                Asked::Heartbeat(_) => self.heartbeat_failed(ctx, now),
                Asked::GroupHeartbeat(id) => self.lost_group_heartbeat(ctx, now, id),
                Asked::Leave => {}
            }
        }
    }

    /// When the consumer next has something to do by itself.
    fn due(&self, now: Time) -> Time {
        let mut due = self.connections.due().min(self.leaders.due(&self.connections, now));
        if self.is_settled() {
            due = due.min(self.poll.auto_commit_due());
        }
        if let Some(coordinator) = self.leaders.coordinator() {
            let member = match &self.member {
                Some(_) if self.closing => Time::NEVER,
                Some(member) if self.config.is_reconciling => member.group_due(self.poll.thread),
                Some(member) => member.due(self.poll.thread, self.config.joins_in_background),
                None => Time::NEVER,
            };
            let wanted = self.lookup.due().min(self.committer.due()).min(member);
            let reachable =
                if self.connections.is_open(coordinator) { now } else { self.connections.retry_at(coordinator) };
            due = due.min(wanted.max(reachable));
        }
        due = due.min(self.committer.deadline());
        for partition in &self.partitions {
            let Some((leader, _)) = self.leaders.of(partition.origin) else { continue };
            if !partition.wants_request(leader, Time::NEVER) {
                continue;
            }
            let reachable = if self.connections.is_open(leader) { now } else { self.connections.retry_at(leader) };
            due = due.min(partition.not_before.max(reachable));
        }
        due
    }
}

#[cfg(test)]
mod tests;
