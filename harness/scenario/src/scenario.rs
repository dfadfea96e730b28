//! A scenario, whole: what is read from a file and handed to whoever plans, runs or reports.

use std::collections::BTreeSet;

use ackproof_core::guarantee::{Guarantee, Limits};
use ackproof_core::seed::Seed;
use ackproof_core::setup::Setup;

use crate::diagnostics::Diagnostics;
use crate::expect::{Demand, Expectation, Promise};
use crate::faults::FaultClass;
use crate::notes::Note;
use crate::row::Row;

/// One question about a broker: rows of settings, columns of faults, and what the answer is expected to be.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file's name without its ending; names the folder of results.
    pub name: String,
    /// The file as it was named, for whoever shows its lines; `None` when that would be of no use on another machine.
    pub file: Option<String>,
    /// The question.
    pub title: String,
    /// `kafka`.
    pub broker: &'static str,
    /// `4.1`.
    pub version: &'static str,
    /// `java`.
    pub client: &'static str,
    /// What holds in every row, unless the row says otherwise.
    pub setup: Setup,
    pub rows: Vec<Row>,
    pub classes: Vec<FaultClass>,
    /// Seeds per cell.
    pub runs: u32,
    pub seed: Seed,
    pub expectations: Vec<Expectation>,
    pub notes: Vec<Note>,
    /// Traps and other things worth a look, with their places.
    pub warnings: Diagnostics,
}

impl Scenario {
    /// `kafka@4.1`.
    pub fn broker_version(&self) -> String {
        format!("{}@{}", self.broker, self.version)
    }
    /// The limits that expectations set for a cell: the tightest of each.
    pub fn limits(&self, row: &Row, fault: &str) -> Limits {
        let mut limits = Limits::default();
        for expectation in self.expectations.iter().filter(|expectation| expectation.covers(row, fault)) {
            let Demand::Promises(promises) = &expectation.demand else { continue };
            for Promise { guarantee, often } in promises {
                let Some(span) = often.limit() else { continue };
                let limit =
                    if *guarantee == Guarantee::Ack { &mut limits.ack_p99 } else { &mut limits.longest_unavailable };
                *limit = Some(limit.map_or(span, |tighter| tighter.min(span)));
            }
        }
        limits
    }
    /// The guarantees that somebody wants to know of in a cell: those that every cell is judged by, then those that
    /// expectations speak of, in their order.
    pub fn asked(&self, row: &Row, fault: &str) -> Vec<Guarantee> {
        let mut asked = Guarantee::OF_EVERY_CELL.to_vec();
        asked.extend(self.expected(row, fault));
        let mut seen = BTreeSet::new();
        asked.retain(|guarantee| seen.insert(*guarantee));
        asked
    }
    /// The guarantees that expectations speak of in a cell.
    pub fn expected(&self, row: &Row, fault: &str) -> Vec<Guarantee> {
        let covering = self.expectations.iter().filter(|expectation| expectation.covers(row, fault));
        let named = covering.flat_map(|expectation| match &expectation.demand {
            Demand::Canary(breaks) => vec![*breaks],
            Demand::Promises(promises) => promises.iter().map(|promise| promise.guarantee).collect(),
        });
        named.collect()
    }
    /// Every cell: row and column.
    pub fn cells(&self) -> impl Iterator<Item = (&Row, &FaultClass)> {
        self.rows.iter().flat_map(|row| self.classes.iter().map(move |class| (row, class)))
    }
}
