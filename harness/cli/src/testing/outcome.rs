//! What a check came to.

use ackproof_report::result::{Cell, ExpectationOutcome, Summary};
use ackproof_report::text::{self, Look};

use crate::exit::Exit;

/// Everything that came of a check.
#[derive(Clone, Debug)]
pub struct Outcome {
    summary: Summary,
    folder: String,
}

impl Outcome {
    pub(super) fn new(summary: Summary, folder: String) -> Outcome {
        Outcome { summary, folder }
    }

    /// What `summary.json` holds.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The folder with results and replay files; empty when nothing was kept.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The report as `ackproof run` prints it, without colours.
    pub fn report(&self) -> String {
        let look = Look { columns: 100, color: false, unicode: true, folder: self.folder.clone(), ..Look::default() };
        text::render(&self.summary, &look)
    }

    /// The cell of this row and fault class. A key may be written without its section, as in a scenario; `None` when
    /// there is no such cell, or more than one.
    pub fn cell(&self, row: &[(&str, &str)], fault: &str) -> Option<&Cell> {
        let is = |cell: &&Cell| {
            cell.fault == fault
                && row.iter().all(|(key, value)| {
                    let mut axes = cell.settings.iter();
                    axes.any(|(name, values)| is_named(name, key) && values.split('|').any(|one| one == *value))
                })
        };
        let mut found = self.summary.cells.iter().filter(is);
        found.next().filter(|_| found.next().is_none())
    }

    /// Whether everything came out as the scenario expects. A scenario that expects nothing has shown nothing.
    pub fn is_as_expected(&self) -> bool {
        self.summary.exit == Exit::AsExpected.code() && self.promises()
    }

    fn promises(&self) -> bool {
        self.summary.expectations.iter().any(|expected| !expected.canary)
    }

    /// Fails the test unless everything came out as the scenario expects.
    ///
    /// # Panics
    /// With the report.
    #[track_caller]
    pub fn assert(&self) {
        if self.is_as_expected() {
            return;
        }
        let unmet = |outcome| self.summary.expectations.iter().filter(move |expected| expected.outcome == outcome);
        let violated = unmet(ExpectationOutcome::Violated).count();
        let undecided = unmet(ExpectationOutcome::Inconclusive).count();
        let why = match () {
            () if !self.promises() => "the scenario promises nothing, so no result could fail this test".to_owned(),
            () if violated > 0 => {
                format!("{violated} of {} expectations are violated", self.summary.expectations.len())
            }
            () if undecided > 0 => {
                format!("{undecided} of {} expectations are undecided", self.summary.expectations.len())
            }
            () => format!("the sweep ends with exit code {}", self.summary.exit),
        };
        panic!("{why}\n\n{}", self.report());
    }
}

/// Whether `key` names this setting: in full, or without its section.
fn is_named(name: &str, key: &str) -> bool {
    name == key || name.split_once('.').is_some_and(|(_, own)| own == key)
}
