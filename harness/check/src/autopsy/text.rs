//! An autopsy as plain text.

use std::fmt;

use ackproof_core::verdict::Stage;

use super::words::Words;
use super::{Autopsy, CopyEnd, CopyLife};
use crate::fate::{End, Fate, Told};

impl fmt::Display for Autopsy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.msg, title(&self.fate))?;
        writeln!(f, "{}", self.cause)?;
        let width = self.nodes.iter().map(String::len).max().unwrap_or(0);
        if !self.copies.is_empty() {
            writeln!(f, "\nCopies")?;
            for copy in &self.copies {
                self.copy_line(f, copy, width)?;
            }
        }
        writeln!(f, "\nWhat happened")?;
        let clock = self.events.last().map_or(0, |event| event.at.to_string().len());
        for event in &self.events {
            let node = event.node.map_or("", |node| self.name(node.index()));
            // A `Time` does not heed the width that it is asked for; its text does.
            let at = event.at.to_string();
            writeln!(f, "  {at:>clock$}  {node:width$}  {}", event.text)?;
        }
        Ok(())
    }
}

impl Autopsy {
    fn name(&self, index: usize) -> &str {
        self.nodes.get(index).map_or("?", String::as_str)
    }

    fn copy_line(&self, f: &mut fmt::Formatter<'_>, copy: &CopyLife, width: usize) -> fmt::Result {
        let node = self.name(copy.node.index());
        let made = if copy.led { "appended" } else { "copied" };
        let (offset, epoch, written) = (copy.offset, copy.epoch, copy.written);
        let log = if self.copies.iter().any(|other| other.origin != copy.origin) {
            format!("log {} ", copy.origin.0)
        } else {
            String::new()
        };
        let durable = Words::durability(copy.durable);
        let end = ending(&copy.end);
        writeln!(f, "  {node:width$}  {log}offset {offset} epoch {epoch}  {made} {written}  {durable}  {end}")
    }
}

fn ending(end: &CopyEnd) -> String {
    match end {
        CopyEnd::Remains => "still there".to_owned(),
        CopyEnd::Stranded => "still there, nobody may serve it".to_owned(),
        CopyEnd::Gone { at } => format!("gone {at} with its node"),
        CopyEnd::PowerLost { at, durable, written, kept } => {
            format!("destroyed {at} by power loss (durable {durable}, written {written}, kept {kept})")
        }
        CopyEnd::DiskLost { at } => format!("destroyed {at} with its disk"),
        CopyEnd::Truncated { at, to, why } => format!("destroyed {at}, log cut back to {to} ({why})"),
        CopyEnd::Disposed { at, rule } => format!("dropped {at} by rule: {rule}"),
        CopyEnd::Overwritten { at, by } => format!("destroyed {at}, {by} written in its place"),
    }
}

/// The fate in a few words.
fn title(fate: &Fate) -> String {
    let told = match fate.told {
        Told::Acked => "acknowledged",
        Told::Rejected => "refused",
        Told::Unknown => "of unknown outcome",
        Told::Untold => "of an outcome nobody was told",
        Told::Aborted => "taken back with its transaction",
    };
    let end = match fate.end {
        End::Consumed if fate.ghost => "and consumed all the same",
        End::Consumed if fate.vanished => "and consumed before it vanished",
        End::Consumed if fate.duplicated() => "and consumed more than once",
        End::Consumed => "and consumed",
        End::Lost(Stage::Broker) => "and lost in the broker",
        End::Lost(Stage::Disposal) => "and lost to a rule of the broker",
        End::Lost(Stage::Consumer) => "and lost in the consumer",
        End::Unreachable => "and out of reach",
        End::Waiting => "and waiting to be consumed",
        End::Unproven => "and not found where it was looked for",
        End::Unowed if fate.unreported => "and gone",
        End::Unowed => "and not consumed",
    };
    format!("{told} {end}")
}
