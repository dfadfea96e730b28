//! What a broker's model offers: a static description for whoever reads scenarios, and actors for whoever runs them.

use crate::actor::{Actor, Protocol};
use crate::app::{Delivery, Origin};
use crate::disk::{Cut, Disk};
use crate::node::{NodeId, Part, Topology};
use crate::setting::{Effective, Inert, Problem, Setting, Trap};
use crate::setup::{Feature, Setup};
use crate::surroundings::Surroundings;
use crate::time::Span;

/// A broker as a scenario sees it, before anything runs.
pub trait Broker: Sync {
    /// `kafka`.
    fn name(&self) -> &'static str;
    /// Versions whose rules are known, oldest first.
    fn versions(&self) -> &'static [&'static str];
    /// The one that is meant where nobody names any: the newest. A broker whose newest version is not released yet says
    /// which is.
    fn default_version(&self) -> &'static str {
        self.versions().last().copied().unwrap_or_default()
    }
    /// Bug-fix releases of a version, oldest first, each of which may be named in its place. The version alone stands for
    /// the last one.
    fn releases(&self, version: &str) -> &'static [&'static str] {
        let _ = version;
        &[]
    }
    /// The version or release of this name, if there is one.
    fn version(&self, name: &str) -> Option<&'static str> {
        let releases = self.versions().iter().flat_map(|version| self.releases(version));
        self.versions().iter().chain(releases).copied().find(|known| *known == name)
    }
    /// Client libraries whose behaviour is known; the first is the default.
    fn clients(&self) -> &'static [&'static str];
    /// Sections of `config`, in the order they are shown.
    fn sections(&self) -> &'static [&'static str];
    /// Every setting known to the default client and its cluster, modelled or not.
    fn settings(&self) -> &'static [Setting];
    /// The same for one of [`Broker::clients`], where client libraries have settings or defaults of their own.
    fn settings_of(&self, client: &str) -> &'static [Setting] {
        let _ = client;
        self.settings()
    }
    /// What the scenario's own sections are where it says nothing. What is `None` there, or not counted, is nothing that
    /// this broker has, and a scenario that speaks of it is an error.
    fn setup(&self) -> Setup {
        Setup::default()
    }
    /// Words for `cluster.mode`, where brokers form groups ([`crate::setup::Deployment`]); empty where they do not.
    fn modes(&self) -> &'static [&'static str] {
        &[]
    }
    /// Settings that are valid one by one but not together, each with the broker's own reason.
    fn refuse(&self, effective: &Effective, setup: &Setup) -> Vec<Problem>;
    /// Valid settings that do not do what a reader would think.
    fn traps(&self, effective: &Effective, setup: &Setup) -> Vec<Trap>;
    /// Settings of a row that have no effect there: two rows that differ in nothing else are one row.
    fn inert(&self, effective: &Effective, setup: &Setup) -> Vec<Inert>;
    /// The machines of a run.
    fn topology(&self, effective: &Effective, setup: &Setup) -> Topology;
    /// Pairs of sections of which the first replaces the second where both set a key: a bare key that both know
    /// means the first.
    fn replacing_sections(&self) -> &'static [(&'static str, &'static str)] {
        &[("topic", "broker")]
    }
    /// Whether the value of a setting makes a difference to what this broker says or does, so that it is in force where
    /// somebody chose it. That of one that is not modelled can: it may decide what is refused or warned about.
    fn heeds(&self, setting: &Setting) -> bool {
        setting.modelled
    }
    /// How many partitions or queues the workload is spread over; `None` when only a run can tell.
    fn origins(&self, effective: &Effective, setup: &Setup) -> Option<u16> {
        let _ = (effective, setup);
        None
    }
    /// Whether any node of this broker can ever play a part; a fault aimed at one that nobody plays is an error.
    fn has_part(&self, part: Part) -> bool {
        let _ = part;
        true
    }
    /// Whether the model knows what an application asks of it there; a scenario that asks for anything else is an error.
    /// Settings that a feature needs are for [`Broker::refuse`].
    fn offers(&self, feature: Feature) -> bool {
        let _ = feature;
        false
    }
    /// How the files around this broker, beside its own, name its settings.
    fn surroundings(&self) -> &'static Surroundings {
        &Surroundings::NONE
    }
    /// What is not modelled and what verdict it could change, a line each.
    fn simplifications(&self) -> &'static [&'static str];
}

/// One configuration of a broker, ready to run. Shared by threads, and the same for every run of a cell.
pub trait Model: Protocol + Send + Sync {
    type Actor: Actor<Self> + 'static;

    fn topology(&self) -> &Topology;

    /// The process of a node, as it is before its first event. Everything it remembers from an earlier incarnation
    /// is on its disk.
    fn process(&self, node: NodeId) -> Self::Actor;

    /// Which nodes play a part right now, as the controller or the brokers know it; in order of node.
    fn cast(&self, part: Part, of: u16, actors: &Actors<'_, Self>) -> Vec<NodeId>;

    /// Whether the cluster is formed and every client is connected, so that the workload can begin.
    fn is_ready(&self, actors: &Actors<'_, Self>) -> bool;

    /// Whether nothing is left to happen by itself after healing: leaders are elected where they can be, replicas
    /// have caught up, producers hold nothing, consumers have read to the end and stored their progress.
    fn is_quiet(&self, actors: &Actors<'_, Self>) -> bool;

    /// How long it may take, after everything healed, until things are quiet by themselves; a run that is not quiet by then
    /// goes on regardless and is doubtful. The default is longer than five minutes, which is a common patience of clients:
    /// one that waits for a machine that died does nothing before. A broker that holds messages back for longer says so.
    fn settle_limit(&self) -> Span {
        Span::secs(400)
    }

    /// What keeps it from being quiet, for a person and without times and counts, so that the same cause is said in the
    /// same words in every run. Empty where it is quiet, or where the model cannot tell.
    fn at_work(&self, actors: &Actors<'_, Self>) -> Vec<String> {
        let _ = actors;
        Vec::new()
    }

    /// Whether the late consumer has read to the end of everything it can.
    fn is_audited(&self, actors: &Actors<'_, Self>) -> bool;

    /// The state of each origin of the workload at the very end; where consumers write results in transactions, of each
    /// origin of results too, whether or not there is any. That those are listed is how a checker knows that a message
    /// is consumed when its result is there, and not when it was processed.
    fn inventory(&self, actors: &Actors<'_, Self>, disks: &Disks<'_, Self>) -> Vec<Inventory>;

    /// What a power loss did to each origin of which a file holds records, in the origin's own positions; empty for files
    /// that hold no messages. `unsynced` are the records from `cut.durable` to `cut.written`.
    fn cuts(&self, node: NodeId, cut: Cut, unsynced: &[Self::Record]) -> Vec<(Origin, Cut)>;
}

/// One origin when everything is over.
#[derive(Clone, PartialEq, Debug)]
pub struct Inventory {
    pub origin: Origin,
    /// Whether the late consumer read to its end.
    pub complete: bool,
    /// Stored progress of the consumer group; 0 when there is none, and for results.
    pub progress: u64,
    /// Copies that nobody serves but that the broker would serve if it could, with the node that holds each.
    pub stranded: Vec<(NodeId, Delivery)>,
}

/// The running actors; `None` where no process runs.
pub struct Actors<'a, M: Model>(pub Vec<Option<&'a M::Actor>>);

impl<'a, M: Model> Actors<'a, M> {
    pub fn get(&self, node: NodeId) -> Option<&'a M::Actor> {
        self.0[node.index()]
    }
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &'a M::Actor)> + '_ {
        self.0.iter().enumerate().filter_map(|(index, actor)| Some((NodeId(index as u8), (*actor)?)))
    }
}

/// The disks of the machines that are not gone for good; `None` for those that are.
pub struct Disks<'a, M: Model>(pub Vec<Option<&'a Disk<M::Record, M::Cell>>>);

impl<'a, M: Model> Disks<'a, M> {
    pub fn get(&self, node: NodeId) -> Option<&'a Disk<M::Record, M::Cell>> {
        self.0[node.index()]
    }
}
