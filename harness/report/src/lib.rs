//! Recorded results to terminal, Markdown and JSON.
