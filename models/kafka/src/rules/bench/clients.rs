//! The test plays the clients, and where it must a broker.

use std::sync::Arc;

use ackproof_core::actor::{Effect, Event};
use ackproof_core::app::MsgId;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::{Epoch, Offset};

use super::{Bench, C1, CTL, P0, P1, number};
use crate::config::Acks;
use crate::error_code::ErrorCode;
use crate::message::{AlterPartition, Commit, Correlation, Edge, Fetch, Fetched, FollowerFetch, ListOffsets, Message};
use crate::message::{OffsetCommit, OffsetFetch, Produce};
use crate::metadata::{BrokerEpoch, NodeSet, PartitionEpoch};
use crate::sequence::Numbered;

impl Bench {
    /// From now on the test plays this node: what it is sent goes to the inbox.
    pub fn intercept(&mut self, node: NodeId) {
        self.intercept = Some(node);
    }
    pub fn correlation(&mut self) -> Correlation {
        self.next_correlation += 1;
        Correlation(self.next_correlation)
    }
    pub fn send(&mut self, from: NodeId, to: NodeId, body: Message) {
        self.take_effect(from, Effect::Send { to, body });
    }
    /// Sends a batch of messages with these numbers as p1.
    pub fn produce_batch(&mut self, to: NodeId, acks: Acks, numbers: std::ops::Range<u32>) -> Correlation {
        self.produce_as(None, to, acks, numbers)
    }
    /// Sends a batch of messages as the idempotent producer that `first` says, with `acks=all`.
    pub fn produce_numbered(&mut self, to: NodeId, first: Numbered, numbers: std::ops::Range<u32>) -> Correlation {
        self.produce_as(Some(first), to, Acks::All, numbers)
    }
    fn produce_as(
        &mut self,
        first: Option<Numbered>,
        to: NodeId,
        acks: Acks,
        numbers: std::ops::Range<u32>,
    ) -> Correlation {
        let correlation = self.correlation();
        let batch = numbers.map(|n| MsgId::new(0, n)).collect();
        let produce = Produce {
            correlation,
            origin: P0,
            acks,
            timeout: Span::secs(30),
            first,
            timestamp: self.wall_clock(P1),
            batch,
        };
        self.send(P1, to, Message::Produce(produce));
        correlation
    }
    /// Sends message number `n` as p1 and returns the request's number.
    pub fn produce(&mut self, to: NodeId, acks: Acks, n: u32) -> Correlation {
        self.produce_batch(to, acks, n..n + 1)
    }
    /// What a produce request was answered with, if it was.
    pub fn produced(&self, of: Correlation) -> Option<Result<Offset, ErrorCode>> {
        self.inbox.iter().find_map(|(_, message)| match message {
            Message::Produced(reply) if reply.correlation == of => Some(reply.result),
            _ => None,
        })
    }
    /// Sends with acks=all to `to` and waits for success.
    pub fn acked(&mut self, to: NodeId, n: u32) -> Offset {
        let correlation = self.produce(to, Acks::All, n);
        self.run_until(Span::secs(2), |bench| bench.produced(correlation).is_some());
        self.produced(correlation).expect("answered").expect("acked")
    }
    pub fn fetch(&mut self, to: NodeId, offset: u64, current_epoch: Option<Epoch>) -> Fetched {
        let correlation = self.correlation();
        let fetch = Fetch {
            correlation,
            origin: P0,
            offset: Offset(offset),
            current_epoch,
            max_wait: Span(100),
            max_records: 500,
            isolation: self.isolation,
            follower: None,
        };
        self.send(C1, to, Message::Fetch(fetch));
        self.answer(|message| match message {
            Message::Fetched(reply) if reply.correlation == correlation => Some(reply.clone()),
            _ => None,
        })
    }
    /// A fetch in the name of a broker that is not really asking.
    pub fn fetch_as(&mut self, follower: NodeId, leader: NodeId, offset: u64, broker_epoch: BrokerEpoch) -> Fetched {
        let current_epoch = Some(self.partition().leader_epoch);
        let correlation = self.correlation();
        let last_fetched_epoch = current_epoch;
        let fetch = Fetch {
            correlation,
            origin: P0,
            offset: Offset(offset),
            current_epoch,
            max_wait: Span::ZERO,
            max_records: 500,
            isolation: self.isolation,
            follower: Some(FollowerFetch { broker_epoch, last_fetched_epoch }),
        };
        self.intercept = Some(follower);
        self.handle(leader, Event::Message { from: follower, body: Message::Fetch(fetch) });
        self.intercept = None;
        let (_, answer) = self.inbox.pop().expect("answered at once");
        match answer {
            Message::Fetched(reply) => reply,
            other => panic!("no answer to a fetch: {other:?}"),
        }
    }
    pub fn alter_partition(
        &mut self,
        leader: NodeId,
        leader_epoch: Epoch,
        partition_epoch: PartitionEpoch,
        isr: NodeSet,
        members: &[Option<BrokerEpoch>],
    ) {
        let broker_epoch = self.image().broker(leader).expect("registered").epoch;
        let (correlation, members) = (self.correlation(), Arc::from(members));
        let request =
            AlterPartition { correlation, origin: P0, broker_epoch, leader_epoch, partition_epoch, isr, members };
        self.send(leader, CTL, Message::AlterPartition(request));
    }
    /// The messages that a consumer reads from the beginning.
    pub fn read(&mut self, from: NodeId) -> Vec<u32> {
        let fetched = self.fetch(from, 0, None).result.expect("the leader is asked");
        fetched.records.iter().filter_map(number).collect()
    }
    pub fn latest(&mut self, of: NodeId) -> Result<Offset, ErrorCode> {
        self.edge(of, Edge::Latest).map(|end| end.expect("a log has an end"))
    }
    pub fn earliest(&mut self, of: NodeId) -> Result<Offset, ErrorCode> {
        self.edge(of, Edge::Earliest).map(|start| start.expect("a log has a start"))
    }
    /// The first record of this timestamp or a later one.
    pub fn first_since(&mut self, of: NodeId, time: Time) -> Result<Option<Offset>, ErrorCode> {
        self.edge(of, Edge::Since(time))
    }
    fn edge(&mut self, of: NodeId, edge: Edge) -> Result<Option<Offset>, ErrorCode> {
        let correlation = self.correlation();
        self.send(
            C1,
            of,
            Message::ListOffsets(ListOffsets {
                correlation,
                origin: P0,
                edge,
                isolation: self.isolation,
                current_epoch: None,
            }),
        );
        self.answer(|message| match message {
            Message::OffsetIs(reply) if reply.correlation == correlation => Some(reply.result),
            _ => None,
        })
    }
    pub fn commit(&mut self, to: NodeId, upto: u64) -> Correlation {
        let correlation = self.correlation();
        let commits = Arc::from([Commit { origin: P0, upto: Offset(upto), leader_epoch: None }]);
        self.send(
            C1,
            to,
            Message::OffsetCommit(OffsetCommit { correlation, membership: None, transaction: None, commits }),
        );
        correlation
    }
    pub fn committed(&self, of: Correlation) -> Option<Result<(), ErrorCode>> {
        self.inbox.iter().find_map(|(_, message)| match message {
            Message::OffsetCommitted(reply) if reply.correlation == of => Some(reply.result),
            _ => None,
        })
    }
    pub fn progress(&mut self, of: NodeId) -> Result<Option<u64>, ErrorCode> {
        let correlation = self.correlation();
        self.send(C1, of, Message::OffsetFetch(OffsetFetch { correlation, requires_stable: false }));
        self.answer(|message| match message {
            Message::OffsetsAre(reply) if reply.correlation == correlation => {
                Some(reply.result.clone().map(|commits| commits.first().map(|commit| commit.upto.0)))
            }
            _ => None,
        })
    }
    pub(super) fn answer<T>(&mut self, pick: impl Fn(&Message) -> Option<T>) -> T {
        let find = |bench: &Bench| bench.inbox.iter().find_map(|(_, message)| pick(message));
        self.run_until(Span::secs(2), |bench| find(bench).is_some());
        find(self).expect("answered")
    }
}
