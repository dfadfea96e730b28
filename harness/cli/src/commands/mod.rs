//! One file a command.

pub mod accept;
mod check;
pub mod compare;
mod ending;
mod explain;
mod init;
mod list;
mod merge;
mod plan;
mod reference;
mod replay;
mod report;
mod run;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use ackproof_report::result;
use ackproof_report::text::Look;
use ackproof_scenario::{Diagnostics, Replay};

use crate::args::{Cli, Command, Document};
use crate::exit::{Exit, Failure};
use crate::{registry, token};

/// Runs what the command line asks for.
///
/// # Errors
/// A [`Failure`] with its exit code, or an error of the operating system.
pub fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        None => run::quickstart(),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Merge(args)) => merge::merge(&args),
        Some(Command::Plan(args)) => plan::plan(&args),
        Some(Command::Check(args)) => check::check(&args),
        Some(Command::Replay(args)) => replay::replay(&args),
        Some(Command::Explain(args)) => explain::explain(&args),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Compare(args)) => compare::compare(&args),
        Some(Command::Accept(args)) => accept::accept(&args),
        Some(Command::List(args)) => list::list(&args),
        Some(Command::Init(args)) => init::init(&args),
        Some(Command::Completions(args)) => reference::completions(&args),
        Some(Command::Man(args)) => reference::man(&args),
        Some(Command::Schema(args)) => {
            print(&format!("{:#}\n", schema(args.of)))?;
            Ok(Exit::AsExpected)
        }
    }
}

fn schema(of: Document) -> serde_json::Value {
    match of {
        Document::Scenario => ackproof_scenario::schema(),
        Document::Summary => result::summary_schema(),
        Document::Run => result::run_schema(),
        Document::Manifest => result::manifest_schema(),
    }
}

/// Writes to standard output. A reader that went away (`| head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn bad_input(diagnostics: &Diagnostics) -> Failure {
    Failure::input(diagnostics.render(std::io::stderr().is_terminal()))
}

/// How the terminal wants text.
fn look(folder: String) -> Look {
    let terminal = std::io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some() || std::env::var_os("CI").is_some();
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    Look { columns, color: terminal && !plain, unicode: true, folder, program: program() }
}

/// How the user called this program: what can be typed again as it stands.
fn program() -> String {
    // Set by `cargo run` for what it starts.
    if std::env::var_os("CARGO").is_some() {
        return "cargo run --release --".to_owned();
    }
    std::env::args().next().unwrap_or_else(|| "ackproof".to_owned())
}

/// The replay that a file or a token names.
fn load_replay(what: &str, out: &std::path::Path, set: &[String]) -> Result<Replay, Failure> {
    let path = PathBuf::from(what);
    let path = if !path.exists() && token::looks_like_one(what) {
        token::find(what, out).ok_or_else(|| Failure {
            exit: Exit::NothingMatched,
            text: format!("error: no replay with the token {what} under {}", out.display()),
        })?
    } else {
        path
    };
    ackproof_scenario::load_replay(&path, &registry::brokers(), set).map_err(|diagnostics| bad_input(&diagnostics))
}
