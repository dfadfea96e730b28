//! The messages of one run, a tick each, in the order in which they were sent; faults are shaded.

use serde::Serialize;

use crate::exhibit::{Exhibit, Kind, Stretch};
use crate::figures;

const WIDTH: f64 = 1280.0;
/// Ticks of a short run are no wider than this.
const STEP_MAX: f64 = 14.0;
/// Where ticks stand, from the top.
const FLOOR: i64 = 46;
/// A fault between two messages is still seen.
const BAND_MIN: f64 = 2.0;

#[derive(Serialize)]
pub(super) struct Strip<'a> {
    seed: u64,
    messages: String,
    is_case: bool,
    width: i64,
    ticks: Vec<Ticks>,
    bands: Vec<Band>,
    faults: Vec<Fault<'a>>,
    legend: Vec<Legend>,
    first: String,
    last: String,
    /// For those who do not see it.
    told: String,
}

/// Messages that fared alike, as one dashed line: a dash each.
#[derive(Serialize)]
struct Ticks {
    kind: &'static str,
    x: String,
    length: String,
    y: String,
    height: i64,
    dash: String,
    gap: String,
    title: String,
}

#[derive(Serialize)]
struct Band {
    x: String,
    width: String,
    fault: u64,
}

#[derive(Serialize)]
struct Fault<'a> {
    number: u64,
    text: &'a str,
    when: String,
}

#[derive(Serialize)]
struct Legend {
    kind: &'static str,
    count: String,
    meaning: &'static str,
}

impl<'a> Strip<'a> {
    pub(super) fn of(exhibit: &'a Exhibit) -> Option<Strip<'a>> {
        let strip = &exhibit.strip;
        let step = (WIDTH / (strip.messages.max(1) as f64)).min(STEP_MAX);
        let mut before = 0;
        let mut ticks = Vec::new();
        for stretch in &strip.stretches {
            ticks.push(ticks_of(stretch, before, step));
            before += stretch.count;
        }
        let band = |fault: &crate::exhibit::FaultSpan| {
            fault.began?;
            let [from, to] = fault.messages.map(|messages| messages as f64 * step);
            let width = (to - from).max(BAND_MIN);
            let x = from.min(strip.messages as f64 * step - width).max(0.0);
            Some(Band { x: pixels(x), width: pixels(width), fault: fault.fault })
        };
        let counts = strip.counts();
        let told = counts.iter().map(|(kind, count)| format!("{} {}", figures::count(*count), kind.word()));
        let legend = counts.iter().map(|&(kind, count)| Legend {
            kind: kind.word(),
            count: figures::count(count),
            meaning: kind.meaning(),
        });
        Some(Strip {
            seed: exhibit.seed.0,
            messages: figures::number_of(strip.messages, "message"),
            is_case: exhibit.case.is_some(),
            width: (strip.messages as f64 * step).ceil() as i64,
            ticks,
            bands: strip.faults.iter().filter_map(band).collect(),
            faults: strip.faults.iter().map(fault).collect(),
            told: told.collect::<Vec<_>>().join(", "),
            legend: legend.collect(),
            first: strip.stretches.first()?.sent[0].to_string(),
            last: strip.stretches.last()?.sent[1].to_string(),
        })
    }
}

fn ticks_of(stretch: &Stretch, before: u64, step: f64) -> Ticks {
    let height = height(stretch.kind);
    let [from, to] = stretch.sent;
    let (word, meaning) = (stretch.kind.word(), stretch.kind.meaning());
    let title = match stretch.count {
        1 => format!("{}: {word} ({meaning}), sent {from}", stretch.first),
        many => {
            let (many, first, last) = (figures::count(many), &stretch.first, &stretch.last);
            format!("{first} to {last}: {many} {word} ({meaning}), sent {from} to {to}")
        }
    };
    // A dash is most of a step, and all of it where a gap could not be seen.
    let gap = if step < 2.5 { 0.0 } else { (step * 0.3).min(2.0) };
    Ticks {
        kind: word,
        x: pixels(before as f64 * step),
        length: pixels(stretch.count as f64 * step),
        y: format!("{:.1}", FLOOR as f64 - height as f64 / 2.0),
        height,
        dash: pixels(step - gap),
        gap: pixels(gap),
        title,
    }
}

/// The worse, the taller: the eye need not tell colours apart.
fn height(kind: Kind) -> i64 {
    match kind {
        Kind::Lost | Kind::Vanished | Kind::Unreported => 36,
        Kind::Unreachable | Kind::Ghost | Kind::Duplicated => 28,
        Kind::Reordered | Kind::Undecided | Kind::Unknown => 21,
        Kind::Rejected | Kind::Aborted | Kind::Untold => 15,
        Kind::Fine => 9,
    }
}

fn fault(span: &crate::exhibit::FaultSpan) -> Fault<'_> {
    let when = match (span.began, span.ended) {
        (None, _) => "never fired".to_owned(),
        (Some(began), Some(ended)) => format!("{began} to {ended}"),
        (Some(began), None) => format!("from {began}"),
    };
    Fault { number: span.fault, text: &span.text, when }
}

/// A length without idle digits.
fn pixels(length: f64) -> String {
    let text = format!("{length:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
