//! The command line described: help with exit codes, shell completions, man pages. All of it is generated from the
//! definitions in [`crate::args`].

pub mod completions;
pub mod exits;
pub mod man;

use clap::{Command, CommandFactory};

use crate::args::Cli;

/// The command line with every verb's exit codes behind its examples.
pub fn command() -> Command {
    Cli::command().mut_subcommands(|verb| {
        let examples = verb.get_after_help().map(|text| text.to_string()).unwrap_or_default();
        let exits = exits::of(verb.get_name());
        verb.after_help(format!("{examples}\n\n{exits}"))
    })
}
