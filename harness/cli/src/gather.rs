//! Shards joined to the sweep that they are parts of: every run of the plan exactly once, or else what is wrong and what
//! is missing. Nothing is simulated here, and nothing is written.

pub mod missing;
pub mod parts;

use std::collections::BTreeMap;
use std::path::PathBuf;

use ackproof_report::result::{Manifest, Mismatch, RunLine, Verified};
use ackproof_report::store::lines::{Line, Lines};
use ackproof_report::store::{self, StoreError};

use crate::exit::Exit;
use crate::plan::Plan;
use crate::sweep::Swept;
use parts::Part;

/// Something wrong with what is to be joined, for a person, and the exit code it leads to.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub exit: Exit,
    pub text: String,
}

/// What some shards come to together.
pub struct Gathered {
    pub plan: Plan,
    pub swept: Swept,
    pub troubles: Vec<Trouble>,
    /// What is worth knowing and harms nothing.
    pub remarks: Vec<String>,
    /// What is missing, a line each; empty when every run is there.
    pub missing: Vec<String>,
}

/// Bad lines of one file that are told one by one.
const LINES_TOLD: usize = 3;

impl Trouble {
    pub fn input(text: String) -> Trouble {
        Trouble { exit: Exit::BadInput, text }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble { exit: Exit::from(&error), text: error.to_string() }
    }
}

/// Joins parts that are of one plan and one cut of it, at least one.
///
/// # Errors
/// The plan cannot be made again here, so nothing at all can be said.
pub fn gather(parts: &[Part]) -> Result<Gathered, Trouble> {
    let first = parts.first().expect("a scenario is known by a part of it");
    let cannot = |why| Trouble::input(format!("{}/manifest.json: {why}", first.folder.display()));
    let plan = Plan::again(&first.manifest).map_err(cannot)?;
    let mut gathering = Gathering::new(&plan, parts);
    for part in 0..parts.len() {
        gathering.read(part);
    }
    let conflicts = gathering.leave_out_conflicts();
    let (verified, unended) = gathering.verified(conflicts);
    let missing: Vec<(u32, usize)> = plan.units().filter(|unit| !gathering.units.contains_key(unit)).collect();
    let missing = missing::told(&plan, parts, &missing, &unended);
    gathering.remark_on_manifests();
    let Gathering { units, troubles, remarks, .. } = gathering;
    let mut swept = Swept { verified, is_short: !unended.is_empty(), ..Swept::default() };
    for ((_, cell), unit) in units {
        swept.runs.entry(plan.cells[cell].plan.id.clone()).or_default().push(unit.run);
    }
    Ok(Gathered { plan, swept, troubles, remarks, missing })
}

/// A run, and where it was read.
struct Unit {
    run: RunLine,
    path: PathBuf,
    line: usize,
    /// Where another result of the same run was read.
    other: Option<(PathBuf, usize)>,
}

struct Gathering<'g> {
    plan: &'g Plan,
    parts: &'g [Part],
    /// By number of the run and of the cell.
    units: BTreeMap<(u32, usize), Unit>,
    troubles: Vec<Trouble>,
    remarks: Vec<String>,
}

impl<'g> Gathering<'g> {
    fn new(plan: &'g Plan, parts: &'g [Part]) -> Gathering<'g> {
        Gathering { plan, parts, units: BTreeMap::new(), troubles: Vec::new(), remarks: Vec::new() }
    }

    /// Reads every run of a part.
    fn read(&mut self, part: usize) {
        let part = &self.parts[part];
        let files = match store::cell_files(&part.folder) {
            Ok(files) => files,
            Err(error) => return self.troubles.push(error.into()),
        };
        let mut repeated = 0;
        for (cell, path) in files {
            let Some(cell) = self.plan.cells.iter().position(|known| known.plan.id == cell) else {
                let text = format!("{}: the plan has no cell `{cell}`", path.display());
                self.troubles.push(Trouble::input(text));
                continue;
            };
            match self.read_file(part, cell, &path) {
                Ok(more) => repeated += more,
                Err(error) => self.troubles.push(error.into()),
            }
        }
        if repeated > 0 {
            let (folder, shard) = (part.folder.display(), part.shard);
            let text = format!("{folder}: {repeated} runs of shard {shard} are there twice with the same result");
            self.remarks.push(format!("{text}, and counted once"));
        }
    }

    /// How many runs were known already, with the same result.
    fn read_file(&mut self, part: &Part, cell: usize, path: &std::path::Path) -> Result<u64, StoreError> {
        let mut lines = Lines::open(path)?;
        let (mut repeated, mut bad) = (0, 0);
        while let Some((line, found)) = lines.next_line()? {
            let trouble = match found {
                Line::Run(run) => match self.place(part, cell, &run) {
                    Ok(unit) => {
                        repeated += u64::from(self.keep(unit, *run, path, line));
                        continue;
                    }
                    Err(why) => Trouble::input(format!("{}:{line}: {why}", path.display())),
                },
                Line::CutShort { .. } => {
                    self.remarks.push(format!("{}:{line}: a line that was cut short is left out", path.display()));
                    continue;
                }
                Line::Bad(error) => error.into(),
            };
            bad += 1;
            if bad <= LINES_TOLD {
                self.troubles.push(trouble);
            }
        }
        if bad > LINES_TOLD {
            let text = format!("{}: {} more lines like these", path.display(), bad - LINES_TOLD);
            self.troubles.push(Trouble::input(text));
        }
        Ok(repeated)
    }

    /// The unit that a run is of.
    fn place(&self, part: &Part, cell: usize, run: &RunLine) -> Result<(u32, usize), String> {
        let seed = run.seed.0;
        let index = self.plan.index_of(run.seed).ok_or_else(|| format!("seed {seed} is none of this plan"))?;
        if part.shard.holds(index, cell) {
            Ok((index, cell))
        } else {
            Err(format!("seed {seed} of this cell belongs to another shard than {}", part.shard))
        }
    }

    /// Keeps a run. True when it is there already.
    fn keep(&mut self, place: (u32, usize), run: RunLine, path: &std::path::Path, line: usize) -> bool {
        let unit = Unit { run, path: path.to_owned(), line, other: None };
        let Some(before) = self.units.get_mut(&place) else {
            self.units.insert(place, unit);
            return false;
        };
        match (&before.run.broken, &unit.run.broken) {
            _ if before.run == unit.run => return true,
            (None, None) => before.other = Some((unit.path, unit.line)),
            // A run that broke is run again, and then counts for nothing.
            (Some(_), _) => *before = unit,
            (None, Some(_)) => {}
        }
        false
    }

    /// Runs with two results are neither: nobody can say which is right.
    fn leave_out_conflicts(&mut self) -> Vec<Mismatch> {
        let mut conflicts = Vec::new();
        let plan = self.plan;
        for (&(_, cell), unit) in &self.units {
            let Some((path, line)) = &unit.other else { continue };
            let (path, line, seed) = (path.clone(), *line, unit.run.seed.0);
            let error = StoreError::Conflict { path, line, other: unit.path.clone(), other_line: unit.line, seed };
            let cell = plan.cells[cell].plan.id.clone();
            conflicts.push(Mismatch { cell, seed, what: error.to_string() });
            self.troubles.push(error.into());
        }
        self.units.retain(|_, unit| unit.other.is_none());
        conflicts
    }

    /// What shards say of the runs that they repeated on the reference engine, each shard once; and the parts that did
    /// not get to say it.
    fn verified(&mut self, conflicts: Vec<Mismatch>) -> (Verified, Vec<&'g Part>) {
        let mut told: BTreeMap<u32, Verified> = BTreeMap::new();
        for part in self.parts {
            let summary = match store::read_summary(&part.folder) {
                Ok(summary) => summary,
                Err(StoreError::NoSummary { .. }) => continue,
                Err(error) => {
                    self.troubles.push(error.into());
                    continue;
                }
            };
            if summary.plan != part.manifest.plan || summary.shard != part.manifest.shard {
                let text =
                    format!("{}/summary.json: of another plan or shard than its manifest", part.folder.display());
                self.troubles.push(Trouble::input(text));
            } else if summary.complete {
                told.entry(part.shard.number()).or_insert(summary.verified);
            }
        }
        let unended = self.parts.iter().filter(|part| !told.contains_key(&part.shard.number())).collect();
        let mut all = Verified::default();
        for verified in told.into_values() {
            all.runs += verified.runs;
            all.mismatches += verified.mismatches;
            all.differing.extend(verified.differing);
        }
        let cell_of = |id: &str| self.plan.cells.iter().position(|cell| cell.plan.id == *id);
        let place = |it: &Mismatch| (self.plan.index_of(ackproof_core::seed::Seed(it.seed)), cell_of(&it.cell));
        all.differing.sort_by_key(place);
        all.mismatches += conflicts.len() as u64;
        all.differing.extend(conflicts);
        (all, unended)
    }

    fn remark_on_manifests(&mut self) {
        let whole = self.plan.manifest();
        for part in self.parts {
            if (Manifest { shard: None, ..part.manifest.clone() }) != whole {
                self.remarks.push(format!(
                    "{}/manifest.json: differs from {}/manifest.json in what changes no run (a title, a reason, a file's \
                     name), and the latter is taken",
                    part.folder.display(),
                    self.parts[0].folder.display()
                ));
            }
        }
    }
}
