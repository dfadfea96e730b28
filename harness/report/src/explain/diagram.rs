//! The space-time diagram: a lane for each node that matters, time downwards, and in each lane whether the node is
//! up and whether it holds a copy.

use std::collections::BTreeSet;

use ackproof_core::app::MsgId;
use ackproof_core::node::NodeId;
use ackproof_core::recording::Recording;

use super::life::{self, Moment, State};
use crate::text::{Look, Tone};

/// More moments than this are cut in the middle: a storm has thousands, and the beginning and the end decide.
const MOMENTS_MAX: usize = 120;
/// A quiet time of this many milliseconds gets a line of its own.
const QUIET_MS: u64 = 1000;
const LANE_MAX: usize = 26;
const LANE_MIN: usize = 11;
const WIDTH_MAX: usize = 110;

/// Draws the life of `msg`. The recording needs its trace; without one only applications and faults are seen.
pub fn diagram(recording: &Recording, msg: MsgId, look: &Look) -> String {
    let moments = life::read(recording, msg);
    let lanes: BTreeSet<NodeId> = moments.iter().flat_map(|moment| moment.deeds.keys().copied()).collect();
    if lanes.is_empty() {
        return format!("nothing is recorded about {msg}\n");
    }
    let clock = moments.iter().map(|moment| moment.at.to_string().len()).max().unwrap_or(0).max(4);
    let room = look.width().min(WIDTH_MAX).saturating_sub(clock + 3);
    let lane = (room / lanes.len()).clamp(LANE_MIN, LANE_MAX);
    let sheet = Sheet { look, lanes: lanes.into_iter().collect(), clock, lane };
    let names = &recording.history.nodes;
    let name = |node: &NodeId| names.get(node.index()).map_or("?", String::as_str);
    let mut lines = vec![sheet.head(&name)];
    let skipped = moments.len().saturating_sub(MOMENTS_MAX);
    let cut = if skipped == 0 { moments.len() } else { MOMENTS_MAX / 2 };
    for (index, moment) in moments.iter().enumerate() {
        if index >= cut && index < cut + skipped {
            if index == cut {
                lines.push(format!(" {:clock$}  ({skipped} more moments are left out here)", ""));
            }
            continue;
        }
        let before = index.checked_sub(1).map(|before| &moments[before]);
        if let Some(before) = before.filter(|before| moment.at.since(before.at).0 >= QUIET_MS) {
            lines.push(sheet.quiet(before));
        }
        sheet.draw(moment, &mut lines);
    }
    lines.push(String::new());
    lines.push(sheet.legend());
    lines.push(String::new());
    lines.join("\n")
}

struct Sheet<'a> {
    look: &'a Look,
    lanes: Vec<NodeId>,
    /// Width of the time column.
    clock: usize,
    /// Width of a lane.
    lane: usize,
}

impl Sheet<'_> {
    fn head<'n>(&self, name: &dyn Fn(&NodeId) -> &'n str) -> String {
        let names: String = self.lanes.iter().map(|node| format!("{:lane$}", name(node), lane = self.lane)).collect();
        self.look.paint(format!(" {:>clock$}  {names}", "time", clock = self.clock).trim_end(), Tone::Strong)
    }

    /// A line without anything but the lanes.
    fn quiet(&self, after: &Moment) -> String {
        let lanes: String = self.lanes.iter().map(|node| self.cell(after, *node, "")).collect();
        format!(" {:>clock$}  {}", "...", lanes.trim_end(), clock = self.clock)
    }

    fn draw(&self, moment: &Moment, lines: &mut Vec<String>) {
        let mut clock = moment.at.to_string();
        for fault in &moment.faults {
            let rule = if self.look.unicode { "──" } else { "--" };
            let text = self.look.paint(&format!("{rule} {fault}"), Tone::Doubt);
            lines.push(format!(" {clock:>width$}  {text}", width = self.clock));
            clock.clear();
        }
        let texts: Vec<Vec<String>> = self.lanes.iter().map(|node| self.lane_lines(moment, *node)).collect();
        let height = texts.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..height {
            let cells = self.lanes.iter().zip(&texts);
            let cells: String =
                cells.map(|(node, text)| self.cell(moment, *node, text.get(row).map_or("", String::as_str))).collect();
            lines.push(format!(" {clock:>width$}  {}", cells.trim_end(), width = self.clock));
            clock.clear();
        }
    }

    /// What a node did in a moment, in lines that fit its lane.
    fn lane_lines(&self, moment: &Moment, node: NodeId) -> Vec<String> {
        // The sign, a blank before the text, and a blank behind it.
        let width = self.lane - 3;
        let mut lines: Vec<String> = Vec::new();
        for deed in moment.deeds.get(&node).into_iter().flatten() {
            let mut line = String::new();
            for word in deed.split(' ').flat_map(|word| pieces(word, width)) {
                if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                    lines.push(std::mem::take(&mut line));
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(&word);
            }
            lines.push(line);
        }
        lines
    }

    fn cell(&self, moment: &Moment, node: NodeId, text: &str) -> String {
        let state = moment.states.get(&node).copied().unwrap_or_default();
        let padded = format!("{text:width$}", width = self.lane - 2);
        let is_loud = text.len() >= 3 && text.chars().take(3).all(char::is_uppercase);
        let padded = if is_loud { self.look.paint(&padded, Tone::Strong) } else { padded };
        format!("{} {padded}", self.sign(state))
    }

    fn sign(&self, state: State) -> String {
        let (sign, tone) = match (state, self.look.unicode) {
            (State::Down, true) => ("╎", Tone::Quiet),
            (State::Down, false) => (".", Tone::Quiet),
            (State::Up, true) => ("│", Tone::Quiet),
            (State::Up, false) => ("|", Tone::Quiet),
            (State::Holds, true) => ("▒", Tone::Doubt),
            (State::Holds, false) => ("o", Tone::Doubt),
            (State::HoldsDurably, true) => ("█", Tone::Holds),
            (State::HoldsDurably, false) => ("#", Tone::Holds),
        };
        self.look.paint(sign, tone)
    }

    fn legend(&self) -> String {
        let sign = |state| self.sign(state);
        format!(
            " {} up   {} has a copy in the page cache   {} has a copy on disk   {} down",
            sign(State::Up),
            sign(State::Holds),
            sign(State::HoldsDurably),
            sign(State::Down)
        )
    }
}

/// A word in pieces that fit.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(width.max(1)).map(|piece| piece.iter().collect()).collect()
}
