//! `merge`: the shards of a sweep joined to what the whole sweep would have come to, byte for byte.

use std::collections::BTreeMap;
use std::path::Path;

use ackproof_core::seed::Seed;
use ackproof_report::result::RunLine;
use ackproof_report::store::{Recorded, Store};

use super::ending::{end, kept};
use super::run::{cores, listen_for_interrupt};
use crate::aloud::say;
use crate::args::MergeArgs;
use crate::exit::{Exit, Failure};
use crate::gather::{Gathered, Trouble, gather, parts};

pub(super) fn merge(args: &MergeArgs) -> anyhow::Result<Exit> {
    let mut troubles = Vec::new();
    let scenarios = parts::find(&args.folders, &mut troubles);
    let (mut joined, mut missing) = (Vec::new(), Vec::new());
    for parts in scenarios.values() {
        match gather(parts) {
            Ok(mut gathered) => {
                gathered.remarks.iter().for_each(say);
                troubles.append(&mut gathered.troubles);
                missing.extend(gathered.missing.iter().cloned());
                joined.push(gathered);
            }
            Err(trouble) => troubles.push(trouble),
        }
    }
    let nothing = joined.iter().all(|gathered| gathered.swept.runs.is_empty());
    if nothing || !args.allow_missing {
        refuse(&troubles, &missing, nothing)?;
    }
    troubles.iter().for_each(|trouble| say(format_args!("left out: {}", trouble.text)));
    missing.iter().for_each(say);
    listen_for_interrupt();
    let mut exit = Exit::AsExpected;
    for gathered in joined {
        let store = write(&gathered, &args.out)?;
        let threads = args.jobs.map_or_else(cores, usize::from);
        exit = exit.worse(end(&gathered.plan, &gathered.swept, Some(&store), threads, args.format)?);
    }
    Ok(exit)
}

/// Everything that is wrong and missing, at once.
fn refuse(troubles: &[Trouble], missing: &[String], nothing: bool) -> Result<(), Failure> {
    let mut exit = if missing.is_empty() { Exit::AsExpected } else { Exit::Inconclusive };
    let mut lines: Vec<String> = Vec::new();
    for trouble in troubles {
        exit = exit.worse(trouble.exit);
        lines.push(format!("error: {}", trouble.text));
    }
    lines.extend_from_slice(missing);
    if nothing && exit == Exit::AsExpected {
        exit = Exit::Inconclusive;
        lines.push("error: these shards have no runs".to_owned());
    } else if exit != Exit::AsExpected && !nothing {
        lines.push("nothing is written; --allow-missing reports the rest, marked as incomplete".to_owned());
    }
    if exit == Exit::AsExpected { Ok(()) } else { Err(Failure { exit, text: lines.join("\n") }) }
}

/// Writes the runs as the whole sweep would have.
fn write(gathered: &Gathered, out: &Path) -> Result<Store, Failure> {
    let (plan, runs) = (&gathered.plan, &gathered.swept.runs);
    let (store, recorded) = Store::open(out, &plan.manifest()).map_err(Failure::from)?;
    check_what_is_there(&recorded, runs, &store)?;
    for cell in &plan.cells {
        let id = &cell.plan.id;
        store.write_cell(id, runs.get(id).map_or(&[][..], Vec::as_slice)).map_err(kept)?;
        store.remove_failures(id).map_err(kept)?;
    }
    Ok(store)
}

/// An earlier result of the same plan is replaced by one that has all of its runs, and by no other.
fn check_what_is_there(
    recorded: &Recorded,
    runs: &BTreeMap<String, Vec<RunLine>>,
    store: &Store,
) -> Result<(), Failure> {
    let folder = store.folder().display();
    for (cell, there) in &recorded.runs {
        let known: BTreeMap<Seed, &RunLine> = runs.get(cell).into_iter().flatten().map(|run| (run.seed, run)).collect();
        for run in there.iter().filter(|run| run.broken.is_none()) {
            let seed = run.seed.0;
            let what = match known.get(&run.seed) {
                Some(same) if *same == run => continue,
                Some(_) => {
                    format!("error: {folder}: seed {seed} of {cell} has another result there than in the shards")
                }
                None => format!("error: {folder}: seed {seed} of {cell} is there, but in none of the shards"),
            };
            let exit = if known.contains_key(&run.seed) { Exit::Differs } else { Exit::BadInput };
            return Err(Failure { exit, text: format!("{what}; move the folder away or pass another --out") });
        }
    }
    Ok(())
}
