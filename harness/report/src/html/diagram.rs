//! The space-time diagram as a drawing: a lane for each node, time downwards.
//!
//! Moments stand one below the other whatever the time between them: what matters happens within milliseconds, and then
//! nothing for seconds. A longer quiet is written where it is.

use ackproof_core::time::Span;
use serde::Serialize;

use super::lines::{cut, wrapped};
use crate::explain::{Life, Mark, Moment, Passed, Place, State, Turn};
use crate::words;

/// A quiet time of this many milliseconds gets a line of its own.
const QUIET_MS: u64 = 1000;
const HEAD: i64 = 40;
const LINE: i64 = 13;
/// Of the column of times.
const CLOCK: i64 = 62;
/// Of the bar of a fault beside the lanes.
const BAR: i64 = 9;
/// Faults that overlap stand side by side, up to this many.
const BARS_MAX: usize = 4;
/// Width of a letter of the drawing's text, at most, in tenths.
const LETTER: i64 = 58;

#[derive(Serialize)]
pub(super) struct Drawing {
    width: i64,
    height: i64,
    /// Where lanes begin.
    left: i64,
    lanes: Vec<Label>,
    rails: Vec<Rail>,
    clocks: Vec<Label>,
    quiets: Vec<Label>,
    turns: Vec<Label>,
    bars: Vec<Bar>,
    marks: Vec<Sign>,
    deeds: Vec<Words>,
    arrows: Vec<Arrow>,
    /// Which states of a node and which arrows occur, for the legend.
    states: Vec<&'static str>,
    passes: Vec<&'static str>,
}

#[derive(Serialize)]
struct Label {
    x: i64,
    y: i64,
    text: String,
}

/// What a node is and has, for a while.
#[derive(Serialize)]
struct Rail {
    x: i64,
    from: i64,
    to: i64,
    state: &'static str,
}

/// A fault, from where it begins to where it ends.
#[derive(Serialize)]
struct Bar {
    x: i64,
    from: i64,
    to: i64,
    number: u64,
}

#[derive(Serialize)]
struct Sign {
    x: i64,
    y: i64,
    kind: &'static str,
}

#[derive(Serialize)]
struct Words {
    x: i64,
    y: i64,
    kind: &'static str,
    lines: Vec<String>,
}

#[derive(Serialize)]
struct Arrow {
    x1: i64,
    y1: i64,
    x2: i64,
    y2: i64,
    kind: &'static str,
}

/// The drawing while it grows downwards.
struct Board {
    drawing: Drawing,
    lane: i64,
    y: i64,
    /// Of each moment, where its marks stand.
    ys: Vec<i64>,
    /// Faults that have begun: number, and where.
    open: Vec<(u64, i64)>,
}

impl Drawing {
    /// `None` when nothing is recorded.
    pub(super) fn of(life: &Life) -> Option<Drawing> {
        if life.lanes.is_empty() {
            return None;
        }
        let mut board = Board::new(life);
        for (index, moment) in life.moments.iter().enumerate() {
            let left_out = life.left_out.filter(|left_out| left_out.behind == index);
            match (left_out, index.checked_sub(1).map(|before| &life.moments[before])) {
                (Some(left_out), _) => board.left_out(left_out.moments),
                (None, Some(before)) if moment.at.since(before.at).0 >= QUIET_MS => {
                    board.quiet(format!("+{}", words::span(rounded(moment.at.since(before.at)))));
                }
                (None, _) => {}
            }
            board.moment(moment);
        }
        board.arrows(life);
        Some(board.finish(life))
    }
}

/// A tenth of a second is enough to say how long nothing happened.
fn rounded(span: Span) -> Span {
    Span((span.0 + 50) / 100 * 100)
}

impl Board {
    fn new(life: &Life) -> Board {
        let bars = most_at_once(life).min(BARS_MAX) as i64;
        let left = CLOCK + 6 + bars * BAR;
        let lanes = life.lanes.len() as i64;
        let lane = (1000 / lanes).clamp(118, 190);
        let drawing = Drawing {
            width: left + lanes * lane,
            height: 0,
            left,
            lanes: Vec::new(),
            rails: Vec::new(),
            clocks: Vec::new(),
            quiets: Vec::new(),
            turns: Vec::new(),
            bars: Vec::new(),
            marks: Vec::new(),
            deeds: Vec::new(),
            arrows: Vec::new(),
            states: Vec::new(),
            passes: Vec::new(),
        };
        let mut board = Board { drawing, lane, y: HEAD, ys: Vec::new(), open: Vec::new() };
        for (index, name) in life.lanes.iter().enumerate() {
            let letters = ((lane - 16) * 10 / 75) as usize;
            let head = Label { x: board.x(index), y: 20, text: cut(name, letters) };
            board.drawing.lanes.push(head);
        }
        board
    }

    fn x(&self, lane: usize) -> i64 {
        self.drawing.left + 12 + lane as i64 * self.lane
    }

    fn quiet(&mut self, text: String) {
        self.drawing.quiets.push(Label { x: CLOCK - 4, y: self.y + 13, text });
        self.y += 24;
    }

    fn left_out(&mut self, moments: usize) {
        let text = format!("{moments} more moments are left out here");
        self.drawing.turns.push(Label { x: self.drawing.left + 4, y: self.y + 9, text });
        self.y += 26;
    }

    fn moment(&mut self, moment: &Moment) {
        let top = self.y;
        for turn in &moment.faults {
            self.turn(turn);
        }
        let letters = ((self.lane - 24) * 10 / LETTER) as usize;
        let at = self.y + 8;
        let mut lines = 0;
        for (index, lane) in moment.lanes.iter().enumerate() {
            let x = self.x(index);
            let mut line = 0;
            for deed in &lane.deeds {
                let kind = word(deed.mark);
                let y = at + line * LINE;
                let fitted = wrapped(&deed.text, letters);
                line += fitted.len() as i64;
                self.drawing.marks.push(Sign { x, y, kind });
                self.drawing.deeds.push(Words { x: x + 11, y: y + 4, kind, lines: fitted });
            }
            lines = lines.max(line);
        }
        self.ys.push(if lines > 0 { at } else { top + 9 });
        self.drawing.clocks.push(Label {
            x: CLOCK - 4,
            y: if moment.faults.is_empty() { at } else { top + 8 } + 4,
            text: moment.at.to_string(),
        });
        self.y += if lines > 0 { lines * LINE + 9 } else { 4 };
    }

    fn turn(&mut self, turn: &Turn) {
        let middle = self.y + 9;
        match &turn.begins {
            Some(text) => {
                let letters = ((self.drawing.width - self.drawing.left - 20) * 10 / LETTER) as usize;
                let text = cut(&format!("fault {} begins: {text}", turn.fault), letters);
                self.drawing.turns.push(Label { x: self.drawing.left + 4, y: middle, text });
                self.open.push((turn.fault, middle));
            }
            None => {
                let text = format!("fault {} ends", turn.fault);
                self.drawing.turns.push(Label { x: self.drawing.left + 4, y: middle, text });
                self.close(turn.fault, middle);
            }
        }
        self.y += 22;
    }

    fn close(&mut self, fault: u64, y: i64) {
        if let Some(index) = self.open.iter().position(|(number, _)| *number == fault) {
            let (number, from) = self.open.remove(index);
            let is_free = |column: &usize| {
                let x = CLOCK + 4 + *column as i64 * BAR;
                !self.drawing.bars.iter().any(|bar| bar.x == x && bar.to > from)
            };
            let column = (0..BARS_MAX).find(is_free).unwrap_or(BARS_MAX - 1);
            self.drawing.bars.push(Bar { x: CLOCK + 4 + column as i64 * BAR, from, to: y, number });
        }
    }

    fn arrows(&mut self, life: &Life) {
        for passing in &life.passings {
            let kind = match passing.what {
                Passed::Message => "message",
                Passed::Ack => "ack",
            };
            let place = |place: Place| Some((self.x(place.lane), *self.ys.get(place.moment)?));
            let (Some((x1, y1)), Some((x2, y2))) = (place(passing.from), place(passing.to)) else { continue };
            // Room for the signs at both ends.
            let (dx, dy) = ((x2 - x1) as f64, (y2 - y1) as f64);
            let length = dx.hypot(dy).max(1.0);
            let (ux, uy) = (dx / length * 7.0, dy / length * 7.0);
            let (x1, y1) = (x1 + ux as i64, y1 + uy as i64);
            self.drawing.arrows.push(Arrow { x1, y1, x2: x2 - ux as i64, y2: y2 - uy as i64, kind });
            if !self.drawing.passes.contains(&kind) {
                self.drawing.passes.push(kind);
            }
        }
    }

    fn finish(mut self, life: &Life) -> Drawing {
        while let Some((fault, _)) = self.open.first().copied() {
            self.close(fault, self.y);
        }
        for lane in 0..life.lanes.len() {
            let (x, mut from, mut state) = (self.x(lane), HEAD - 8, State::Up);
            for (moment, y) in life.moments.iter().zip(&self.ys) {
                let next = moment.lanes.get(lane).map_or(State::Up, |lane| lane.state);
                if next != state {
                    self.drawing.rails.push(Rail { x, from, to: *y, state: name(state) });
                    (from, state) = (*y, next);
                }
            }
            self.drawing.rails.push(Rail { x, from, to: self.y, state: name(state) });
        }
        for state in [State::Up, State::Holds, State::HoldsDurably, State::Down].map(name) {
            if self.drawing.rails.iter().any(|rail| rail.state == state) {
                self.drawing.states.push(state);
            }
        }
        self.drawing.height = self.y + 8;
        self.drawing
    }
}

/// How many faults are in force at once, at most.
fn most_at_once(life: &Life) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for turn in life.moments.iter().flat_map(|moment| &moment.faults) {
        open = if turn.begins.is_some() { open + 1 } else { open.saturating_sub(1) };
        most = most.max(open);
    }
    most
}

fn name(state: State) -> &'static str {
    match state {
        State::Down => "down",
        State::Up => "up",
        State::Holds => "cached",
        State::HoldsDurably => "durable",
    }
}

fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Died => "died",
        Mark::Started => "started",
        Mark::Leads => "leads",
        Mark::Destroyed => "destroyed",
        Mark::Wrote => "wrote",
        Mark::Sent => "sent",
        Mark::Acked => "acked",
        Mark::Told => "told",
        Mark::Read => "read",
        Mark::Missing => "missing",
        Mark::Noted => "noted",
    }
}
