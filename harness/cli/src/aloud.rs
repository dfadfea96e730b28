//! Lines for the person who waits: progress, remarks, errors.
//!
//! Several shards often write to one terminal or one log. Each line leaves in one piece, so that none stands
//! in the middle of another.

use std::io::Write;

/// Writes `line` and an end of line to standard error in one piece, without colours where nobody sees them.
/// Where nobody listens any more, nothing is said.
pub fn say(line: impl std::fmt::Display) {
    let text = format!("{line}\n");
    let text = match anstream::AutoStream::choice(&std::io::stderr()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
        _ => text,
    };
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
