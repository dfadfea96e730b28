//! Machines and what runs on them, and how a fault names them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A node's place in its [`Topology`]; one machine with one process and one disk.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u8);

impl NodeId {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// How often the process on a node has been started, from 1. A message or timer of an earlier one is void.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

/// What runs on a node.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    Broker,
    Controller,
    Nameserver,
    Producer,
    Consumer,
    /// A consumer that reads everything from the beginning once the run has settled, outside every group:
    /// what it finds is what a late consumer would find.
    Auditor,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// `b1`, `p1`, `c1`, `ctl1`, `ns1`, `audit`.
    pub name: String,
    pub kind: NodeKind,
    pub rack: Option<String>,
}

/// Every node of a run; a node's id is its index. At most 64 nodes.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Topology {
    nodes: Vec<NodeSpec>,
}

impl Topology {
    pub const MAX_NODES: usize = 64;

    pub fn add(&mut self, name: impl Into<String>, kind: NodeKind, rack: Option<String>) -> NodeId {
        assert!(self.nodes.len() < Topology::MAX_NODES, "a run has at most {} nodes", Topology::MAX_NODES);
        self.nodes.push(NodeSpec { name: name.into(), kind, rack });
        NodeId(self.nodes.len() as u8 - 1)
    }
    pub fn len(&self) -> usize {
        self.nodes.len()
    }
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u8).map(NodeId)
    }
    pub fn get(&self, node: NodeId) -> &NodeSpec {
        &self.nodes[node.index()]
    }
    pub fn name(&self, node: NodeId) -> &str {
        &self.nodes[node.index()].name
    }
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.ids().find(|&id| self.name(id) == name)
    }
    pub fn of_kind(&self, kind: NodeKind) -> Vec<NodeId> {
        self.ids().filter(|&id| self.get(id).kind == kind).collect()
    }
}

/// A part that a node plays, resolved to nodes at the moment a fault fires.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub enum Part {
    Leader,
    Follower,
    Followers,
    Isr,
    IsrFollower,
    OutOfIsr,
    AnyBroker,
    AllBrokers,
    Brokers,
    Controller,
    Master,
    Slave,
    Nameserver,
    Producer,
    Consumer,
    Coordinator,
}

impl Part {
    /// Every part with the word a scenario uses for it.
    pub const ALL: [(&'static str, Part); 16] = [
        ("leader", Part::Leader),
        ("follower", Part::Follower),
        ("followers", Part::Followers),
        ("isr", Part::Isr),
        ("isr-follower", Part::IsrFollower),
        ("out-of-isr", Part::OutOfIsr),
        ("any-broker", Part::AnyBroker),
        ("all-brokers", Part::AllBrokers),
        ("brokers", Part::Brokers),
        ("controller", Part::Controller),
        ("master", Part::Master),
        ("slave", Part::Slave),
        ("nameserver", Part::Nameserver),
        ("producer", Part::Producer),
        ("consumer", Part::Consumer),
        ("coordinator", Part::Coordinator),
    ];

    pub fn word(self) -> &'static str {
        Part::ALL.iter().find(|(_, part)| *part == self).expect("every part has a word").0
    }

    /// A singular part stands for one node, picked by the seed where several fit; a plural one for all of them.
    pub fn is_singular(self) -> bool {
        match self {
            Part::Followers | Part::Isr | Part::AllBrokers | Part::Brokers => false,
            Part::Leader | Part::Follower | Part::IsrFollower | Part::OutOfIsr | Part::AnyBroker => true,
            Part::Controller | Part::Master | Part::Slave | Part::Nameserver => true,
            Part::Producer | Part::Consumer | Part::Coordinator => true,
        }
    }

    /// The kind of node when the part is fixed by the topology, `None` when it changes with the run.
    pub fn fixed_kind(self) -> Option<NodeKind> {
        match self {
            Part::AnyBroker | Part::AllBrokers | Part::Brokers => Some(NodeKind::Broker),
            Part::Controller => Some(NodeKind::Controller),
            Part::Nameserver => Some(NodeKind::Nameserver),
            Part::Producer => Some(NodeKind::Producer),
            Part::Consumer => Some(NodeKind::Consumer),
            Part::Leader | Part::Follower | Part::Followers | Part::Isr | Part::IsrFollower | Part::OutOfIsr => None,
            Part::Master | Part::Slave | Part::Coordinator => None,
        }
    }
}

/// Which nodes a fault is meant for. Written as a name (`b1`), a part (`leader`, or `leader/2` for the third
/// partition or queue), a rack (`rack:r1`), or a list of these.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Selector {
    Name(String),
    Part { part: Part, of: u16 },
    Rack(String),
    Each(Vec<Selector>),
}

impl Selector {
    pub fn part(part: Part) -> Selector {
        Selector::Part { part, of: 0 }
    }

    /// Reads one word; whether a name exists is the topology's to say.
    ///
    /// # Errors
    /// An empty word, or a part with an index that is no number.
    pub fn parse(word: &str) -> Result<Selector, String> {
        if let Some(rack) = word.strip_prefix("rack:") {
            return if rack.is_empty() { Err("`rack:` names no rack".into()) } else { Ok(Selector::Rack(rack.into())) };
        }
        let (head, of) = match word.split_once('/') {
            Some((head, index)) => (
                head,
                index
                    .parse::<u16>()
                    .map_err(|_| format!("`{word}`: `{index}` is no partition number (0, 1, 2, ...)"))?,
            ),
            None => (word, 0),
        };
        match Part::ALL.iter().find(|(name, _)| *name == head) {
            Some((_, part)) => Ok(Selector::Part { part: *part, of }),
            None if word.is_empty() => Err("an empty word names no node".into()),
            None if word.contains('/') => Err(format!("`{head}` is no part that has an index, such as leader/1")),
            None => Ok(Selector::Name(word.into())),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Name(name) => f.write_str(name),
            Selector::Part { part, of: 0 } => f.write_str(part.word()),
            Selector::Part { part, of } => write!(f, "{}/{of}", part.word()),
            Selector::Rack(rack) => write!(f, "rack:{rack}"),
            Selector::Each(all) => {
                for (i, selector) in all.iter().enumerate() {
                    write!(f, "{}{selector}", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Selector::Each(all) => all.serialize(serializer),
            Selector::Name(_) | Selector::Part { .. } | Selector::Rack(_) => serializer.collect_str(self),
        }
    }
}
impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Selector, D::Error> {
        struct Words;
        impl<'de> serde::de::Visitor<'de> for Words {
            type Value = Selector;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node (b1, leader, rack:r1) or a list of nodes")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Selector, E> {
                Selector::parse(word).map_err(E::custom)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Selector, A::Error> {
                let mut all = Vec::new();
                while let Some(word) = seq.next_element::<String>()? {
                    all.push(Selector::parse(&word).map_err(serde::de::Error::custom)?);
                }
                if all.is_empty() {
                    return Err(serde::de::Error::custom("an empty list names no node"));
                }
                Ok(Selector::Each(all))
            }
        }
        deserializer.deserialize_any(Words)
    }
}
