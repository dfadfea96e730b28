//! What a sweep will do, before it does anything: cells, models ready to run, limits, and the digest of it all.

use ackproof_core::guarantee::{Guarantee, Limits};
use ackproof_core::schedule::Step;
use ackproof_core::seed::Seed;
use ackproof_core::setting::is_secret;
use ackproof_core::time::Span;
use ackproof_report::result::{CellPlan, Manifest, ManifestRow, VERSION};
use ackproof_report::store::cell_id;
use ackproof_scenario::{FaultClass, Row, Scenario};
use ackproof_sim::Engine;

use crate::registry::{self, Prepared};
use crate::shard::Shard;
use crate::trial::Bed;

/// A sweep, ready to run.
pub struct Plan {
    pub scenario: Scenario,
    pub engine: Engine,
    /// One model a row.
    pub models: Vec<Box<dyn Prepared>>,
    /// Row by row, within a row in the order of the fault classes.
    pub cells: Vec<PlannedCell>,
    pub digest: String,
    /// The part of the runs that is done here; `None` for all of them. It is no part of the digest: all shards are of one
    /// plan.
    pub shard: Option<Shard>,
    /// What the command line fixed, as it said it; for commands that run a part of this again.
    pub set: Vec<String>,
}

/// One cell: a row of settings under one fault class.
pub struct PlannedCell {
    pub plan: CellPlan,
    pub row: usize,
    pub column: usize,
    pub limits: Limits,
}

impl Plan {
    pub fn of(scenario: Scenario, engine: Engine) -> Plan {
        let entry = registry::entry(scenario.broker);
        let models = scenario.rows.iter().map(|row| (entry.prepare)(&row.effective, &row.setup)).collect();
        let mut cells = Vec::new();
        for (r, row) in scenario.rows.iter().enumerate() {
            for (c, class) in scenario.classes.iter().enumerate() {
                let plan = CellPlan {
                    id: cell_id(r + 1, c + 1, &class.name),
                    settings: row.settings(),
                    fault: class.name.clone(),
                    runs: u64::from(scenario.runs),
                    asked: scenario.asked(row, &class.name).split_off(Guarantee::OF_EVERY_CELL.len()),
                };
                let limits = scenario.limits(row, &class.name);
                cells.push(PlannedCell { plan, row: r, column: c, limits });
            }
        }
        let digest = digest(&scenario, engine);
        Plan { scenario, engine, models, cells, digest, shard: None, set: Vec::new() }
    }

    /// The plan that a results folder was made by, from what its manifest says.
    ///
    /// # Errors
    /// It cannot be planned again here: the manifest says too little, or this is another version of the program.
    pub fn again(manifest: &Manifest) -> Result<Plan, String> {
        let (found, version) = (&manifest.ackproof, env!("CARGO_PKG_VERSION"));
        let other = |why: &str| format!("recorded by ackproof {found}{why}, and this is ackproof {version}");
        if found != version {
            return Err(other(""));
        }
        let engine = [Engine::Event, Engine::Turmoil].into_iter().find(|known| known.to_string() == manifest.engine);
        let engine = engine.ok_or_else(|| format!("no engine `{}`", manifest.engine))?;
        let resolved = manifest.resolved.as_ref().ok_or("the manifest lacks the scenario in its field `resolved`")?;
        let scenario = Scenario::from_resolved(resolved, &registry::brokers())
            .map_err(|why| format!("the scenario in the field `resolved` cannot be read: {why}"))?;
        // Before a model sees values that nobody has checked.
        if digest(&scenario, engine) != manifest.plan {
            return Err(other(" with other rules, or changed by hand since"));
        }
        Ok(Plan { set: manifest.set.clone(), ..Plan::of(scenario, engine) })
    }

    /// Runs of a cell that belong here.
    pub fn runs_here(&self, cell: usize) -> u64 {
        let runs = self.scenario.runs;
        u64::from(self.shard.map_or(runs, |shard| shard.runs_of(cell, runs)))
    }

    /// Every unit of work that belongs here, by seed and then by cell: number of the run (from 0) and number of the cell.
    pub fn units(&self) -> impl Iterator<Item = (u32, usize)> {
        let all = (0..self.scenario.runs).flat_map(|index| (0..self.cells.len()).map(move |cell| (index, cell)));
        all.filter(|&(index, cell)| self.shard.is_none_or(|shard| shard.holds(index, cell)))
    }

    /// The number (from 0) of the run with this seed; `None` for a seed of another plan.
    pub fn index_of(&self, seed: Seed) -> Option<u32> {
        let index = u32::try_from(seed.0.wrapping_sub(self.scenario.seed.0)).ok()?;
        (index < self.scenario.runs && self.seed(index) == seed).then_some(index)
    }

    /// With what the command line fixed. Values of secrets are left out: results are made to be shared.
    pub fn fixing(self, set: &[String]) -> Plan {
        let shown = |pair: &String| match pair.split_once('=') {
            Some((key, _)) if is_secret(key) => format!("{key}=(hidden)"),
            Some(_) | None => pair.clone(),
        };
        Plan { set: set.iter().map(shown).collect(), ..self }
    }

    pub fn row(&self, cell: &PlannedCell) -> &Row {
        &self.scenario.rows[cell.row]
    }
    pub fn class(&self, cell: &PlannedCell) -> &FaultClass {
        &self.scenario.classes[cell.column]
    }

    /// The guarantees that somebody asked for in a cell, the worst to break first.
    pub fn asked(&self, cell: &PlannedCell) -> Vec<Guarantee> {
        self.scenario.asked(self.row(cell), &cell.plan.fault)
    }

    /// What every run of a cell shares.
    pub fn bed<'p>(&'p self, cell: &'p PlannedCell) -> Bed<'p> {
        let class = self.class(cell);
        Bed {
            prepared: &*self.models[cell.row],
            setup: &self.row(cell).setup,
            class: &class.name,
            steps: &class.steps,
            chaos: self.chaos(),
            limits: cell.limits,
        }
    }

    /// Nominal length of the chaos phase: of the scenario, not of a row, so that every row meets the same storms.
    pub fn chaos(&self) -> Span {
        self.scenario.setup.workload.nominal()
    }

    /// Seed of run number `index`, counted from 0; the same in every cell.
    pub fn seed(&self, index: u32) -> Seed {
        ackproof_search::run_seed(self.scenario.seed.0, index)
    }

    pub fn manifest(&self) -> Manifest {
        let rows = self.scenario.rows.iter();
        let rows = rows.map(|row| ManifestRow::new(row.settings(), &row.effective).with_setup(row.setup_values()));
        Manifest {
            v: VERSION,
            ackproof: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: self.scenario.name.clone(),
            file: self.scenario.file.clone(),
            title: self.scenario.title.clone(),
            broker: self.scenario.broker_version(),
            engine: self.engine.to_string(),
            plan: self.digest.clone(),
            shard: self.shard.map(|shard| shard.to_string()),
            set: self.set.clone(),
            seed: self.scenario.seed.0,
            runs: u64::from(self.scenario.runs),
            resolved: Some(self.scenario.resolved()),
            rows: rows.collect(),
            cells: self.cells.iter().map(|cell| cell.plan.clone()).collect(),
        }
    }
}

/// Digest of everything that decides a run, so that results are only ever continued by the same plan.
fn digest(scenario: &Scenario, engine: Engine) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut say = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update(&[0]);
    };
    say(env!("CARGO_PKG_VERSION"));
    say(env!("ACKPROOF_RULES"));
    say(&scenario.name);
    say(&scenario.broker_version());
    say(scenario.client);
    say(&engine.to_string());
    say(&format!("{} {}", scenario.seed.0, scenario.runs));
    say(&format!("{:?}", scenario.setup));
    for row in &scenario.rows {
        say(&row.label());
        say(&format!("{:?}", row.setup));
        for (name, value, _) in row.effective.iter() {
            say(&format!("{name}={value}"));
        }
    }
    for class in &scenario.classes {
        say(&class.name);
        say(&steps_text(&class.steps));
    }
    for expectation in &scenario.expectations {
        say(&format!("{:?}", (&expectation.when, &expectation.except, &expectation.demand)));
    }
    hasher.finalize().to_hex().to_string()
}

fn steps_text(steps: &[Step]) -> String {
    serde_json::to_string(steps).expect("steps can be written")
}
