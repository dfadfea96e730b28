//! The life of a message as data: which nodes matter, what each did when, and what it held meanwhile. Both diagrams,
//! of text and of lines, are drawn from it.

use std::collections::BTreeSet;

use ackproof_core::app::MsgId;
use ackproof_core::node::NodeId;
use ackproof_core::recording::Recording;
use ackproof_core::time::Time;
use serde::{Deserialize, Serialize};

use super::life;

/// More moments than this are cut in the middle: a storm has thousands, and the beginning and the end decide.
const MOMENTS_MAX: usize = 120;

/// Everything that a diagram of one message shows.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Life {
    /// Names of the nodes that did something in it.
    pub lanes: Vec<String>,
    /// In order of time; what was left out is missing.
    pub moments: Vec<Moment>,
    /// After how many of `moments` some are left out, and how many; `None` when all are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// What went from one node to another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passings: Vec<Passing>,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct LeftOut {
    pub behind: usize,
    pub moments: usize,
}

/// Everything that happened in one millisecond and matters.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Moment {
    pub at: Time,
    /// Faults that began or ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Turn>,
    /// One for each lane.
    pub lanes: Vec<Lane>,
}

/// A fault begins or ends.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// Its place in the schedule, from 1.
    pub fault: u64,
    /// What it does to whom; `None` when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<String>,
}

/// A node in a moment.
#[derive(Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Lane {
    /// After this moment.
    pub state: State,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deeds: Vec<Deed>,
}

/// What a node did, in a few words, and of what kind it is.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Deed {
    pub mark: Mark,
    pub text: String,
}

/// The kinds of deed that a diagram tells apart.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// A process or a machine died, or a disk was lost.
    Died,
    Started,
    /// It leads from now on.
    Leads,
    /// It destroyed a copy: truncated, overwritten, disposed of, lost with the page cache.
    Destroyed,
    /// It wrote a copy, or has it on disk.
    Wrote,
    /// An application sent it, or asked for something.
    Sent,
    /// An application was told success.
    Acked,
    /// An application was told anything else, or nothing.
    Told,
    /// An application was handed it, or finished with it.
    Read,
    /// Somebody looked for it and it is not there.
    Missing,
    /// Anything else worth a line: who is in sync, how far progress is.
    Noted,
}

/// What a node is and has.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Down,
    #[default]
    Up,
    /// It holds a copy that is not known to be on the platter.
    Holds,
    /// It holds a copy on the platter.
    HoldsDurably,
}

/// Something that went from one node to another and arrived.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Passing {
    pub what: Passed,
    pub from: Place,
    pub to: Place,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passed {
    /// The message, on its way to a broker or to a replica.
    Message,
    /// The acknowledgement, on its way back.
    Ack,
}

/// Indices into [`Life::moments`] and [`Life::lanes`].
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Place {
    pub moment: usize,
    pub lane: usize,
}

impl Life {
    /// The life of `msg`; without lanes when nobody sent it. The recording needs its trace; without one only
    /// applications and faults are seen.
    pub fn of(recording: &Recording, msg: MsgId) -> Life {
        let told = life::read(recording, msg);
        let lanes: BTreeSet<NodeId> = told.moments.iter().flat_map(|moment| moment.deeds.keys().copied()).collect();
        let lanes: Vec<NodeId> = lanes.into_iter().collect();
        let name = |node: &NodeId| recording.history.nodes.get(node.index()).map_or("?", String::as_str).to_owned();
        let skipped = told.moments.len().saturating_sub(MOMENTS_MAX);
        let behind = if skipped == 0 { told.moments.len() } else { MOMENTS_MAX / 2 };
        let place = |(at, node): (Time, NodeId)| {
            let index = told.moments.iter().position(|moment| moment.at == at)?;
            let lane = lanes.iter().position(|lane| *lane == node)?;
            match index {
                _ if index < behind => Some(Place { moment: index, lane }),
                _ if index >= behind + skipped => Some(Place { moment: index - skipped, lane }),
                _ => None,
            }
        };
        let passings = told.passings.iter();
        let passings = passings
            .filter_map(|&(what, from, to)| Some(Passing { what, from: place(from)?, to: place(to)? }))
            .collect();
        let kept = told.moments.iter().enumerate().filter(|(index, _)| !(behind..behind + skipped).contains(index));
        Life {
            moments: kept.map(|(_, moment)| in_lanes(moment, &lanes)).collect(),
            lanes: lanes.iter().map(name).collect(),
            left_out: (skipped > 0).then_some(LeftOut { behind, moments: skipped }),
            passings,
        }
    }
}

fn in_lanes(moment: &life::Moment, lanes: &[NodeId]) -> Moment {
    let lane = |node: &NodeId| Lane {
        state: moment.states.get(node).copied().unwrap_or_default(),
        deeds: moment.deeds.get(node).cloned().unwrap_or_default(),
    };
    Moment { at: moment.at, faults: moment.faults.clone(), lanes: lanes.iter().map(lane).collect() }
}
