//! The space-time diagram: a lane for each node that matters, time downwards, and in each lane whether the node is
//! up and whether it holds a copy.

use ackproof_core::app::MsgId;
use ackproof_core::recording::Recording;

use super::moment::{Lane, Life, Moment, State, Turn};
use crate::text::{Look, Tone};

/// A quiet time of this many milliseconds gets a line of its own.
const QUIET_MS: u64 = 1000;
const LANE_MAX: usize = 26;
const LANE_MIN: usize = 11;
const WIDTH_MAX: usize = 110;

/// Draws the life of `msg`. The recording needs its trace; without one only applications and faults are seen.
pub fn diagram(recording: &Recording, msg: MsgId, look: &Look) -> String {
    let life = Life::of(recording, msg);
    if life.lanes.is_empty() {
        return format!("nothing is recorded about {msg}\n");
    }
    let clock = life.moments.iter().map(|moment| moment.at.to_string().len()).max().unwrap_or(0).max(4);
    let room = look.width().min(WIDTH_MAX).saturating_sub(clock + 3);
    let lane = (room / life.lanes.len()).clamp(LANE_MIN, LANE_MAX);
    let sheet = Sheet { look, clock, lane };
    let mut lines = vec![sheet.head(&life.lanes)];
    for (index, moment) in life.moments.iter().enumerate() {
        let left_out = life.left_out.filter(|left_out| left_out.behind == index);
        if let Some(left_out) = left_out {
            lines.push(format!(" {:clock$}  ({} more moments are left out here)", "", left_out.moments));
        }
        let before = index.checked_sub(1).map(|before| &life.moments[before]).filter(|_| left_out.is_none());
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
    /// Width of the time column.
    clock: usize,
    /// Width of a lane.
    lane: usize,
}

impl Sheet<'_> {
    fn head(&self, lanes: &[String]) -> String {
        let names: String = lanes.iter().map(|name| format!("{name:lane$}", lane = self.lane)).collect();
        self.look.paint(format!(" {:>clock$}  {names}", "time", clock = self.clock).trim_end(), Tone::Strong)
    }

    /// A line without anything but the lanes.
    fn quiet(&self, after: &Moment) -> String {
        let lanes: String = after.lanes.iter().map(|lane| self.cell(lane.state, "")).collect();
        format!(" {:>clock$}  {}", "...", lanes.trim_end(), clock = self.clock)
    }

    fn draw(&self, moment: &Moment, lines: &mut Vec<String>) {
        let mut clock = moment.at.to_string();
        for turn in &moment.faults {
            let rule = if self.look.unicode { "──" } else { "--" };
            let text = self.look.paint(&format!("{rule} {}", words(turn)), Tone::Doubt);
            lines.push(format!(" {clock:>width$}  {text}", width = self.clock));
            clock.clear();
        }
        let texts: Vec<Vec<String>> = moment.lanes.iter().map(|lane| self.lane_lines(lane)).collect();
        let height = texts.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..height {
            let cells = moment.lanes.iter().zip(&texts);
            let cells: String =
                cells.map(|(lane, text)| self.cell(lane.state, text.get(row).map_or("", String::as_str))).collect();
            lines.push(format!(" {clock:>width$}  {}", cells.trim_end(), width = self.clock));
            clock.clear();
        }
    }

    /// What a node did in a moment, in lines that fit its lane.
    fn lane_lines(&self, lane: &Lane) -> Vec<String> {
        // The sign, a blank before the text, and a blank behind it.
        let width = self.lane - 3;
        let mut lines: Vec<String> = Vec::new();
        for deed in &lane.deeds {
            let mut line = String::new();
            for word in deed.text.split(' ').flat_map(|word| pieces(word, width)) {
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

    fn cell(&self, state: State, text: &str) -> String {
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

fn words(turn: &Turn) -> String {
    match &turn.begins {
        Some(text) => format!("fault {}: {text}", turn.fault),
        None => format!("fault {} ends", turn.fault),
    }
}

/// A word in pieces that fit.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(width.max(1)).map(|piece| piece.iter().collect()).collect()
}
