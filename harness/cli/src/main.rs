//! The `ackproof` binary.

use std::process::ExitCode;

use ackproof::aloud::say;
use ackproof::args::Cli;
use ackproof::commands;
use ackproof::exit::Failure;
use ackproof::reference;
use clap::FromArgMatches;

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ACKPROOF_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
    // With every verb's exit codes in its help; what is parsed is the same.
    let cli = Cli::from_arg_matches(&reference::command().get_matches()).unwrap_or_else(|error| error.exit());
    let exit = match commands::dispatch(cli) {
        Ok(exit) => exit,
        Err(error) => match error.downcast_ref::<Failure>() {
            Some(failure) => {
                say(&failure.text);
                failure.exit
            }
            None => {
                say(format_args!("error: {error:#}"));
                ackproof::exit::Exit::BadInput
            }
        },
    };
    ExitCode::from(exit.code())
}
