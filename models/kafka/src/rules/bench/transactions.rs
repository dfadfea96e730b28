//! The test plays a transactional producer, request by request, or reads what is committed.

use std::sync::Arc;

use ackproof_core::actor::Event;
use ackproof_core::app::{AppCall, AppReply, MsgId, Origin, Outcome};
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;
use ackproof_log::Offset;

use super::{B1, B2, B3, Bench, P0, P1};
use crate::error_code::ErrorCode;
use crate::message::{
    AddPartitions, Commit, Correlation, EndTransaction, Enlisting, Fetch, InitProducerId, Message, OffsetCommit,
    OffsetFetch, Payload, Record, Transactional, WriteMarker,
};
use crate::model::KafkaActor;
use crate::sequence::{Identity, Numbered, Sequence};
use crate::topic::{Layout, TRANSACTIONS};
use crate::transaction::{Committed, Ending, Isolation, Marker, TransactionalId};

pub const ID: &str = "producer.transactional.id=orders";

/// What a coordinator answered.
pub type Answer = Result<Option<Identity>, ErrorCode>;

impl Bench {
    pub fn coordinator(&self) -> NodeId {
        self.image().leader(TRANSACTIONS).expect("somebody leads __transaction_state").0
    }
    fn ask(&mut self, to: NodeId, build: impl FnOnce(Correlation) -> Transactional) -> Answer {
        let correlation = self.correlation();
        self.send(P1, to, Message::Transactional(Box::new(build(correlation))));
        self.answer(|message| match message {
            Message::Transactional(reply) => match &**reply {
                Transactional::ProducerIdIs(told) => (told.correlation == correlation).then(|| told.result.map(Some)),
                Transactional::PartitionsAdded(told) => {
                    (told.correlation == correlation).then(|| told.result.map(|()| None))
                }
                Transactional::TransactionEnded(told) => (told.correlation == correlation).then_some(told.result),
                Transactional::MarkerWritten(told) => {
                    (told.correlation == correlation).then(|| told.result.map(|()| None))
                }
                _ => None,
            },
            _ => None,
        })
    }
    pub fn ask_for_id(&mut self, expected: Option<Identity>) -> Answer {
        let id = TransactionalId(P1);
        let to = self.coordinator();
        self.ask(to, |correlation| Transactional::InitProducerId(InitProducerId { correlation, id, expected }))
    }
    /// `initTransactions()`.
    pub fn init_transactions(&mut self) -> Identity {
        for _ in 0..100 {
            match self.ask_for_id(None) {
                Ok(identity) => return identity.expect("an id"),
                Err(ErrorCode::ConcurrentTransactions) => self.run(Span(50)),
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the last transaction does not end")
    }
    pub fn add_partition(&mut self, identity: Identity) -> Answer {
        let to = self.coordinator();
        self.ask(to, |correlation| {
            let (id, partitions) = (Some(TransactionalId(P1)), Arc::from([P0]));
            Transactional::AddPartitions(AddPartitions {
                correlation,
                id,
                identity,
                partitions,
                enlisting: Enlisting::Add,
            })
        })
    }
    pub fn ask_to_end(&mut self, identity: Identity, ending: Ending) -> Answer {
        let (to, id) = (self.coordinator(), TransactionalId(P1));
        self.ask(to, |correlation| Transactional::EndTransaction(EndTransaction { correlation, id, identity, ending }))
    }
    /// Ends a transaction and waits until every marker is there.
    pub fn end_of(&mut self, identity: Identity, ending: Ending) -> Identity {
        let next = self.ask_to_end(identity, ending).expect("ended");
        self.run(Span::secs(1));
        next.unwrap_or(identity)
    }
    pub fn write_marker(&mut self, to: NodeId, marker: Marker) -> Answer {
        self.ask(to, |correlation| Transactional::WriteMarker(WriteMarker { correlation, origin: P0, marker }))
    }
    /// Sends message `n` in a transaction, as number `sequence`, and what it was answered with.
    pub fn write_in(&mut self, identity: Identity, sequence: u32, n: u32) -> Result<u64, ErrorCode> {
        let Identity { producer, epoch } = identity;
        let leader = self.partition().leader.expect("somebody leads");
        let first = Numbered { producer, epoch, sequence: Sequence(sequence) };
        let sent = self.produce_numbered(leader, first, n..n + 1);
        self.run_until(Span::secs(40), |bench| bench.produced(sent).is_some());
        self.produced(sent).expect("answered").map(|offset| offset.0)
    }

    /// What a reader of what is committed is told, and the messages that it hands over.
    pub fn read_committed(&mut self, from: NodeId) -> (u64, Vec<u32>) {
        self.isolation = Isolation::ReadCommitted;
        let fetched = self.fetch(from, 0, None).result.expect("the leader is asked");
        self.isolation = Isolation::ReadUncommitted;
        let committed: &Committed = fetched.committed.as_ref().expect("it is told what is committed");
        let is_there = |(offset, payload): (u64, Payload)| match payload {
            Payload::Message(msg, number) => {
                let aborted = number.is_some_and(|n| committed.is_aborted(n.producer, ackproof_log::Offset(offset)));
                (!aborted).then(|| msg.sequence())
            }
            _ => None,
        };
        let messages = (0..).zip(fetched.records.iter().map(|record| record.payload)).filter_map(is_there).collect();
        (committed.last_stable_offset.0, messages)
    }

    // p1 as a producer with an application.

    pub fn send_messages(&mut self, numbers: std::ops::Range<u32>) {
        for n in numbers {
            self.handle(P1, Event::App(AppCall::Send { msg: MsgId::new(0, n), attempt: 0 }));
            self.run(Span(5));
        }
    }
    pub fn end_transaction(&mut self, commit: bool) {
        self.handle(P1, Event::App(AppCall::EndTransaction { commit }));
    }
    /// Numbers and outcomes that its application was told since this was last asked.
    pub fn outcomes(&mut self) -> Vec<(u32, Outcome)> {
        let told = |reply| match reply {
            AppReply::Told { msg, outcome } => (msg.sequence(), outcome),
            AppReply::Deliver(_) => unreachable!("a producer delivers nothing"),
        };
        std::mem::take(&mut self.told).into_iter().map(told).collect()
    }
    /// Starts p1 and waits until `initTransactions()` is done.
    pub fn start_producer(&mut self) {
        self.start(P1);
        self.run_until(Span::secs(30), |bench| bench.producer().is_ready());
    }
    /// Whether no broker has an open transaction to coordinate.
    pub fn has_no_transaction(&self) -> bool {
        [B1, B2, B3].into_iter().filter(|&node| self.is_up(node)).all(|node| self.broker(node).has_no_transaction())
    }

    // The results and the progress of a consumer that writes in transactions.

    fn consumer(&self) -> &crate::consumer::Consumer {
        match &self.actors[super::C1.index()] {
            Some(KafkaActor::Consumer(consumer)) => consumer,
            _ => panic!("c1 is down"),
        }
    }
    /// The messages whose results a reader of what is committed finds.
    pub fn committed_results(&mut self) -> Vec<u32> {
        let origin = Origin(Origin::OUTPUT);
        let leader = self.image().leader(origin).expect("somebody leads").0;
        let correlation = self.correlation();
        let fetch = Fetch {
            correlation,
            origin,
            offset: Offset(0),
            current_epoch: None,
            max_wait: Span(100),
            max_records: 500,
            isolation: Isolation::ReadCommitted,
            follower: None,
        };
        self.send(P1, leader, Message::Fetch(fetch));
        let fetched = self.answer(|message| match message {
            Message::Fetched(reply) if reply.correlation == correlation => Some(reply.clone()),
            _ => None,
        });
        let fetched = fetched.result.expect("the leader is asked");
        let committed = fetched.committed.expect("it is told what is committed");
        let is_there = |(offset, record): (u64, &Record)| match record.payload {
            Payload::Message(msg, Some(number)) => {
                (!committed.is_aborted(number.producer, Offset(offset))).then(|| msg.sequence())
            }
            _ => None,
        };
        (0..).zip(fetched.records.iter()).filter_map(is_there).collect()
    }
    /// The group's progress, as the log says.
    pub fn group_progress(&self) -> Option<u64> {
        let file = Layout::file(self.kafka.layout().offsets());
        let records = self.disks[B1.index()].tail(file, 0);
        crate::broker::progress_in(records).first().map(|commit| commit.upto.0)
    }
    /// p1 stores progress of the group in a transaction that it leaves open.
    pub fn store_pending(&mut self, upto: u64) {
        let identity = self.init_transactions();
        let membership = self.consumer().membership();
        let (to, correlation) = (self.image().coordinator().expect("somebody coordinates"), self.correlation());
        let commits = Arc::from([Commit { origin: P0, upto: Offset(upto), leader_epoch: None }]);
        let commit = OffsetCommit { correlation, membership, transaction: Some(identity), commits };
        self.send(P1, to, Message::OffsetCommit(commit));
        let stored = self.answer(|message| match message {
            Message::OffsetCommitted(reply) if reply.correlation == correlation => Some(reply.result),
            _ => None,
        });
        assert_eq!(stored, Ok(()));
    }
    pub fn stable_progress(&mut self, requires_stable: bool) -> Result<Option<u64>, ErrorCode> {
        let (to, correlation) = (self.image().coordinator().expect("somebody coordinates"), self.correlation());
        self.send(P1, to, Message::OffsetFetch(OffsetFetch { correlation, requires_stable }));
        self.answer(|message| match message {
            Message::OffsetsAre(reply) if reply.correlation == correlation => {
                Some(reply.result.clone().map(|commits| commits.first().map(|commit| commit.upto.0)))
            }
            _ => None,
        })
    }
}
