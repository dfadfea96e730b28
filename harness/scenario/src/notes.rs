//! What a reader of the result should know about a scenario and that is no error.

use std::fmt;

use ackproof_core::setting::ValueSource;
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "kebab-case")]
pub enum Note {
    /// A key that the real broker has and the model does not.
    NotModelled {
        /// `broker.num.io.threads`.
        name: String,
        source: ValueSource,
        /// Why it cannot change a verdict here.
        why: String,
    },
    /// Rows that differ in nothing that has an effect, shown as one.
    Collapsed {
        axis: String,
        /// The rest of the row, `acks=1`.
        row: String,
        /// The values that make no difference there.
        values: Vec<String>,
        why: String,
    },
    /// A valid setting that does not do what a reader would think.
    Trap { id: String, message: String, source: String, rows: Vec<String> },
    /// How something in one of the user's files was read.
    FromFile { source: ValueSource, message: String },
    /// An axis that the command line fixed to one value.
    Fixed { axis: String, value: String },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::NotModelled { name, source, why } => write!(f, "{name} ({source}) is not modelled: {why}"),
            Note::Collapsed { axis, row, values, why } => {
                let place = if row.is_empty() { String::new() } else { format!(" with {row}") };
                write!(f, "{axis} has no effect{place}: {} are one row ({why})", values.join(", "))
            }
            Note::Trap { message, source, rows, .. } => {
                write!(f, "{message} [{source}]")?;
                if rows.is_empty() { Ok(()) } else { write!(f, " in {}", rows.join("; ")) }
            }
            Note::FromFile { source, message } => write!(f, "{source}: {message}"),
            Note::Fixed { axis, value } => write!(f, "{axis} is {value} in every row, by the command line"),
        }
    }
}
