//! The end of `run` and `merge`: what is concluded from the runs, printed.

use ackproof_report::result::Summary;
use ackproof_report::store::{Store, StoreError};
use ackproof_report::{markdown, text};

use super::{look, print};
use crate::args::Format;
use crate::conclusion::conclude;
use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::sweep::Swept;

/// Ends a sweep: concludes, prints. Without a store nothing is written.
///
/// # Errors
/// Results cannot be written; the runs are kept.
pub(super) fn end(
    plan: &Plan,
    swept: &Swept,
    store: Option<&Store>,
    threads: usize,
    format: Format,
) -> anyhow::Result<Exit> {
    let summary = conclude(plan, swept, store, threads).map_err(kept)?;
    let folder = store.map_or(String::new(), |store| store.folder().display().to_string());
    print(&rendered(&summary, &folder, format))?;
    Ok(exit_of(&summary))
}

/// A failure to write, after which nothing that was written before is lost.
pub(super) fn kept(error: StoreError) -> Failure {
    Failure::input(format!("error: {error}; the runs that were written before are kept"))
}

fn rendered(summary: &Summary, folder: &str, format: Format) -> String {
    match format {
        Format::Text => text::render(summary, &look(folder.to_owned())),
        Format::Json => summary.json(),
        Format::Markdown => markdown::render(summary, folder),
    }
}

fn exit_of(summary: &Summary) -> Exit {
    const ALL: [Exit; 8] = [
        Exit::AsExpected,
        Exit::Violated,
        Exit::BadInput,
        Exit::Inconclusive,
        Exit::NothingMatched,
        Exit::Differs,
        Exit::OurBug,
        Exit::Interrupted,
    ];
    ALL.into_iter().find(|exit| exit.code() == summary.exit).expect("a summary has one of the known exit codes")
}
