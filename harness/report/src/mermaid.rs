//! The life of a message as a sequence diagram in Mermaid's language, which GitHub and GitLab draw where they show Markdown.
//!
//! Source: Mermaid, "Sequence diagrams". A statement ends with its line or with a semicolon, `#` begins a character by its
//! number, and `end` alone can end a block: what a text says is therefore written so that none of these is in it.

use std::fmt::Write as _;

use crate::explain::{Deed, Life, Mark, Moment, Passed, Passing};
use crate::figures;

/// Moments that are drawn; GitHub shows a diagram in a frame, and nobody scrolls through a hundred.
const MOMENTS_SHOWN: usize = 40;
/// A quiet time of this many milliseconds is written between two moments.
const QUIET_MS: u64 = 1000;

/// The diagram, ending in a newline; `None` when nothing is known of the message.
pub fn sequence(life: &Life) -> Option<String> {
    if life.lanes.is_empty() || life.moments.is_empty() {
        return None;
    }
    let mut out = String::from("sequenceDiagram\n");
    for (lane, name) in life.lanes.iter().enumerate() {
        let _ = writeln!(out, "  participant n{lane} as {}", text(name));
    }
    let over_all = match life.lanes.len() {
        1 => "n0".to_owned(),
        lanes => format!("n0,n{}", lanes - 1),
    };
    let skipped = life.moments.len().saturating_sub(MOMENTS_SHOWN);
    let cut = if skipped == 0 { life.moments.len() } else { MOMENTS_SHOWN / 2 };
    let mut before: Option<&Moment> = None;
    for (index, moment) in life.moments.iter().enumerate() {
        if (cut..cut + skipped).contains(&index) {
            continue;
        }
        let left_out = life.left_out.filter(|left_out| left_out.behind == index).map_or(0, |left_out| left_out.moments);
        let left_out = left_out + if index == cut + skipped { skipped } else { 0 };
        if left_out > 0 {
            let _ = writeln!(out, "  Note over {over_all}: ({left_out} more moments are left out here)");
        } else if let Some(quiet) = before.map(|before| moment.at.since(before.at)).filter(|quiet| quiet.0 >= QUIET_MS)
        {
            let _ = writeln!(out, "  Note over {over_all}: ... {} later", figures::ms(quiet.0));
        }
        before = Some(moment);
        write_moment(&mut out, life, index, &over_all);
    }
    Some(out)
}

fn write_moment(out: &mut String, life: &Life, index: usize, over_all: &str) {
    let moment = &life.moments[index];
    let at = moment.at;
    for turn in &moment.faults {
        let what = turn.begins.as_ref().map_or_else(|| format!("fault {} ends", turn.fault), Clone::clone);
        let _ = writeln!(out, "  Note over {over_all}: {at} {}", text(&what));
    }
    for (lane, node) in moment.lanes.iter().enumerate() {
        let mut deeds: Vec<&Deed> = node.deeds.iter().collect();
        let arrived = |it: &&Passing| it.to.moment == index && it.to.lane == lane && it.from.lane != lane;
        for passing in life.passings.iter().filter(arrived) {
            let (arrow, mark, words) = match passing.what {
                Passed::Message => ("->>", Mark::Wrote, "the message"),
                Passed::Ack => ("-->>", Mark::Acked, "acknowledged"),
            };
            // What came of it stands on the arrow, everything else in a note.
            let found = deeds.iter().position(|deed| deed.mark == mark).map(|found| text(&deeds.remove(found).text));
            let _ = writeln!(out, "  n{}{arrow}n{lane}: {at} {}", passing.from.lane, found.unwrap_or(words.to_owned()));
        }
        if !deeds.is_empty() {
            let lost = deeds.iter().any(|deed| matches!(deed.mark, Mark::Died | Mark::Destroyed | Mark::Missing));
            let sign = if lost { "✗ " } else { "" };
            let deeds: Vec<String> = deeds.iter().map(|deed| text(&deed.text)).collect();
            let _ = writeln!(out, "  Note over n{lane}: {at} {sign}{}", deeds.join("<br/>"));
        }
    }
}

/// Text that means itself.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' | ';' | '<' | '>' | '&' | '%' | '"' | '`' | '{' | '}' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    // The word alone, wherever it stands.
    let words = escaped.split(' ').map(|word| if word.eq_ignore_ascii_case("end") { "(end)" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
