//! Recorded results in every form that somebody reads: terminal, Markdown, JSON, JUnit, CSV.
//!
//! What a run came to is decided elsewhere. This crate writes verdicts down, adds them up per cell of the matrix,
//! and shows them; it never judges a history and never simulates anything.
//!
//! * [`result`]: the shapes of what is written: one line a run, one cell, one summary, one manifest.
//! * [`store`]: the results folder on disk, resumable.
//! * [`stats`]: intervals and medians.
//! * [`matrix`]: the summary as rows and columns, and which row prevents a loss.
//! * [`text`], [`markdown`]: the summary for a terminal and for a pull request.
//! * [`github`], [`mermaid`], [`annotations`]: what CI on GitHub shows and draws, and what it says at the lines of a scenario.
//! * [`junit`], [`csv`]: the same for CI systems and for spreadsheets.
//! * [`formats`]: the forms of the report, by name.
//! * [`html`]: one page to open in a browser, with everything in it.
//! * [`exhibit`]: what that page shows of one run of a cell.
//! * [`explain`]: the life of one message, in words and as a space-time diagram.
//! * [`words`]: a fault schedule in plain words.

pub mod annotations;
pub mod baseline;
mod breaches;
pub mod compare;
pub mod csv;
pub mod exhibit;
pub mod explain;
mod figures;
pub mod formats;
pub mod github;
mod headline;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod matrix;
pub mod mermaid;
mod remarks;
pub mod result;
pub mod significance;
pub mod stats;
pub mod store;
pub mod text;
pub mod transcript;
pub mod words;
