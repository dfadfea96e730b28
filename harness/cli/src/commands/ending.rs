//! The end of a sweep, the same for `run` and `merge`: witnesses, summary, what is written beside them, what is printed.

use ackproof_report::result::Summary;
use ackproof_report::store::{Store, StoreError};
use ackproof_report::{markdown, text};

use super::{look, print};
use crate::args::Format;
use crate::exhibit::samples;
use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::summary;
use crate::sweep::Swept;
use crate::witness::{Witnesses, witnesses};

/// Ends a sweep: finds and writes witnesses, adds up, writes the summary, prints it. Without a store nothing is written.
/// A shard has no witnesses: which run of a cell shrinks best is known when all shards are joined.
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
    let found = match plan.shard {
        Some(_) => Witnesses::default(),
        None => witnesses(plan, swept, store, threads).map_err(kept)?,
    };
    if plan.shard.is_none() {
        store.map_or(Ok(()), |store| samples(plan, swept, store, &found, threads)).map_err(kept)?;
    }
    let summary = summary::summarize(plan, swept, found);
    store.map_or(Ok(()), |store| store.write_summary(&summary).and_then(|()| store.write_page())).map_err(kept)?;
    let folder = store.map_or(String::new(), |store| store.folder().display().to_string());
    print(&rendered(&summary, &folder, format))?;
    store.iter().for_each(|store| eprintln!("page: {}", store.page().display()));
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
