//! Who leads which partition, as a client knows it: learnt from any broker, asked for again when something fails.
//!
//! What a broker answers may be out of date. A client keeps what it knows of a partition unless the answer is of the
//! same leader epoch or a later one. Source: KIP-320; `Metadata.updateLatestMetadata` at 4.1.

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use crate::client::connections::{Connections, LeastLoaded};
use crate::config::ConnectionConfig;
use crate::message::{Message, MetadataRequest};
use crate::metadata::Image;
use crate::model::Kafka;
use crate::topic::{OFFSETS, TRANSACTIONS};

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
struct Leadership {
    leader: Option<NodeId>,
    epoch: Epoch,
}

#[derive(Debug)]
pub struct Leaders {
    config: ConnectionConfig,
    /// By partition of the workload; `None` until a broker has told.
    partitions: Vec<Option<Leadership>>,
    /// By partition of results.
    results: Vec<Option<Leadership>>,
    coordinator: Option<Leadership>,
    /// Of `__transaction_state`.
    transactions: Option<Leadership>,
    /// The client wants to know more than it knows.
    wanted: bool,
    /// The question is on its way.
    asked: bool,
    last_asked: Time,
    /// Not to be asked again before this has passed.
    pause: Span,
    last_learnt: Time,
    /// Questions in a row that told nothing new.
    failures: u32,
}

impl Leaders {
    /// Of so many partitions of the workload, and of results.
    pub fn new(config: ConnectionConfig, partitions: u16, results: u16) -> Leaders {
        Leaders {
            config,
            partitions: vec![None; usize::from(partitions)],
            results: vec![None; usize::from(results)],
            coordinator: None,
            transactions: None,
            wanted: true,
            asked: false,
            last_asked: Time::ZERO,
            pause: Span::ZERO,
            last_learnt: Time::ZERO,
            failures: 0,
        }
    }

    /// Who leads `origin`, and in which epoch.
    pub fn of(&self, origin: Origin) -> Option<(NodeId, Epoch)> {
        let known = match origin {
            OFFSETS => self.coordinator,
            TRANSACTIONS => self.transactions,
            _ if origin.is_output() => *self.results.get(usize::from(origin.0 - Origin::OUTPUT))?,
            Origin(index) => *self.partitions.get(usize::from(index))?,
        }?;
        Some((known.leader?, known.epoch))
    }

    /// Who serves the consumer group.
    pub fn coordinator(&self) -> Option<NodeId> {
        self.coordinator?.leader
    }

    /// Who coordinates transactions.
    pub fn transactions(&self) -> Option<NodeId> {
        self.transactions?.leader
    }

    /// Whether any broker has told what partitions there are.
    pub fn are_known(&self) -> bool {
        self.partitions.iter().chain(&self.results).all(Option::is_some)
    }

    /// Whether every partition of the workload has a leader.
    pub fn are_complete(&self) -> bool {
        self.partitions.iter().chain(&self.results).all(|known| known.is_some_and(|known| known.leader.is_some()))
    }

    /// What is known did not work: ask again, soon.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Takes in what a broker answered. Still something without a leader: the client goes on asking.
    #[cold]
    pub fn learn(&mut self, image: &Image, now: Time) {
        let mut told_something = false;
        let mut take = |known: &mut Option<Leadership>, origin: Origin| {
            let Some(partition) = image.partition(origin) else { return };
            let told = Leadership { leader: partition.leader, epoch: partition.leader_epoch };
            if known.is_none_or(|known| told.epoch >= known.epoch) && *known != Some(told) {
                *known = Some(told);
                told_something = true;
            }
        };
        for (index, known) in self.partitions.iter_mut().enumerate() {
            take(known, Origin(index as u16));
        }
        for (index, known) in self.results.iter_mut().enumerate() {
            take(known, Origin(Origin::OUTPUT + index as u16));
        }
        take(&mut self.coordinator, OFFSETS);
        take(&mut self.transactions, TRANSACTIONS);
        self.last_learnt = now;
        self.wanted = !self.are_complete();
        self.failures = if told_something || !self.wanted { 0 } else { self.failures + 1 };
    }

    /// The question was answered, or its answer is not going to come.
    pub fn settled(&mut self, answered: bool) {
        self.asked = false;
        if !answered {
            self.failures += 1;
            self.wanted = true;
        }
    }

    /// Asks a broker, when something is to be asked and it is time. `what` is what the client remembers of it.
    ///
    /// Source: `NetworkClient.DefaultMetadataUpdater.maybeUpdate`, `Metadata.timeToNextUpdate` at 4.1.
    pub fn refresh<R>(&mut self, ctx: &mut Ctx<'_, Kafka>, connections: &mut Connections<R>, what: impl FnOnce() -> R) {
        let now = connections.now(ctx);
        if self.asked || now < self.next_question() {
            return;
        }
        match connections.least_loaded(now, ctx.random) {
            LeastLoaded::Open(peer) => {
                self.asked = true;
                self.last_asked = now;
                self.pause = self.config.backoff.draw(self.failures + 1, ctx.random);
                connections.ask(ctx, peer, what(), |correlation| Message::Metadata(MetadataRequest { correlation }));
            }
            LeastLoaded::Closed(peer) => connections.open(ctx, peer),
            LeastLoaded::Opening | LeastLoaded::None => {}
        }
    }

    /// When [`Leaders::refresh`] next has something to do.
    pub fn due<R>(&self, connections: &Connections<R>, now: Time) -> Time {
        match self.next_question() {
            _ if self.asked => Time::NEVER,
            due if due > now => due,
            // It is time, and there is no connection to ask over.
            _ => connections.any_retry_at(),
        }
    }

    fn next_question(&self) -> Time {
        let aged = self.last_learnt + self.config.metadata_max_age;
        if !self.wanted {
            return aged;
        }
        let backed_off = if self.last_asked == Time::ZERO { Time::ZERO } else { self.last_asked + self.pause };
        backed_off.min(aged)
    }
}
