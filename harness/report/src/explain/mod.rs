//! The life of one message: what happened to it in words, and the same as a space-time diagram.

mod diagram;
mod life;
mod moment;

use ackproof_core::app::MsgId;
use ackproof_core::recording::Recording;

use crate::text::{Look, Page, Tone};

pub use diagram::diagram;
pub use moment::{Deed, Lane, LeftOut, Life, Mark, Moment, Passed, Passing, Place, State, Turn};

/// What is known about a message.
#[derive(Clone, Debug)]
pub struct Explanation<'a> {
    /// The promise that the run breaks, and how; `None` when it keeps what was asked.
    pub shows: Option<&'a str>,
    /// The autopsy as text: what became of the message and why up to the first empty line, then the particulars.
    pub autopsy: &'a str,
    /// The faults of the run in plain words; see [`crate::words::story`].
    pub story: &'a [String],
    /// The run, recorded with its trace.
    pub recording: &'a Recording,
    pub msg: MsgId,
    /// Commands worth typing next, each with what it does.
    pub next: &'a [(String, String)],
}

/// The whole explanation, ending in a newline.
pub fn render(explanation: &Explanation<'_>, look: &Look) -> String {
    let mut page = Page::new(look);
    if let Some(shows) = explanation.shows {
        page.paragraph(shows, 0, Some(Tone::Loss));
        page.gap();
    }
    let (head, rest) = explanation.autopsy.split_once("\n\n").unwrap_or((explanation.autopsy, ""));
    for (number, line) in head.lines().enumerate() {
        page.paragraph(line, 0, (number == 0).then_some(Tone::Strong));
    }
    if !explanation.story.is_empty() {
        page.title(&format!("Faults, counted from {} when the workload began", explanation.recording.chaos_began));
        for (step, number) in explanation.story.iter().zip(1..) {
            page.entry(&format!("  {number}."), step, 5, None);
        }
    }
    page.gap();
    for line in rest.lines() {
        let is_title = !line.is_empty() && !line.starts_with(' ');
        page.line(if is_title { look.paint(line, Tone::Strong) } else { line.to_owned() });
    }
    page.title("Where and when");
    diagram(explanation.recording, explanation.msg, look).lines().for_each(|line| page.line(line.to_owned()));
    if !explanation.next.is_empty() {
        page.title("Next");
        for (command, what) in explanation.next {
            page.command(command, what);
        }
    }
    page.finish()
}
