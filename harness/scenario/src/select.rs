//! `--only` and `--fault`: part of a scenario.

use std::fmt;

use crate::diagnostics::{Diagnostics, nearest};
use crate::row::Row;
use crate::scenario::Scenario;

/// Why there is nothing to do.
#[derive(Debug)]
pub enum Unselected {
    /// What was asked for cannot be understood.
    Bad(Diagnostics),
    /// It can, and no cell is like that; in words.
    Nothing(String),
}

impl fmt::Display for Unselected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unselected::Bad(diagnostics) => diagnostics.fmt(f),
            Unselected::Nothing(words) => f.write_str(words),
        }
    }
}
impl std::error::Error for Unselected {}

impl Scenario {
    /// Keeps the rows that every word of `only` speaks of (`acks=all,min.insync.replicas=2`) and the columns named in
    /// `faults`; an empty list keeps all.
    ///
    /// # Errors
    /// A word that cannot be understood, or nothing left; the scenario is then as it was.
    pub fn select(&mut self, only: &[String], faults: &[String]) -> Result<(), Unselected> {
        let mut kept: Vec<&Row> = self.rows.iter().collect();
        let mut columns: Vec<String> = self.classes.iter().map(|class| class.name.clone()).collect();
        let mut before = Vec::new();
        for pair in only.iter().flat_map(|words| words.split(',')) {
            let Some((key, value)) = pair.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
                return Err(bad(pair, "expected key=value", "as in --only 'acks=all,min.insync.replicas=2'"));
            };
            if key == "fault" {
                columns.retain(|name| name == value);
                if columns.is_empty() {
                    return Err(self.no_fault(value));
                }
                continue;
            }
            let known: Vec<Vec<String>> = self.rows.iter().map(|row| values_of(row, key)).collect();
            if known.iter().all(Vec::is_empty) {
                let axes =
                    self.rows.first().map_or(Vec::new(), |row| row.cells.iter().map(|c| c.axis.clone()).collect());
                let near = nearest(key, axes.iter().flat_map(|axis| [axis.as_str(), bare(axis)]));
                let help =
                    near.map_or_else(|| format!("axes: {}", axes.join(", ")), |near| format!("did you mean `{near}`?"));
                return Err(bad(pair, &format!("no axis and no setting `{key}`"), &help));
            }
            kept.retain(|row| values_of(row, key).iter().any(|known| known.eq_ignore_ascii_case(value)));
            if kept.is_empty() {
                let mut all: Vec<String> = known.into_iter().flatten().collect();
                all.sort();
                all.dedup();
                let with = if before.is_empty() { String::new() } else { format!(" with {}", before.join(",")) };
                let words = format!("no row{with} has {key}={value}; values of {key}: {}", all.join(", "));
                return Err(Unselected::Nothing(words));
            }
            before.push(pair.trim());
        }
        if let Some(unknown) = faults.iter().find(|name| !self.classes.iter().any(|class| class.name == **name)) {
            return Err(self.no_fault(unknown));
        }
        columns.retain(|name| faults.is_empty() || faults.contains(name));
        if columns.is_empty() {
            return Err(Unselected::Nothing("no fault class is in both --only and --fault".to_owned()));
        }
        self.rows = kept.into_iter().cloned().collect();
        self.classes.retain(|class| columns.contains(&class.name));
        Ok(())
    }

    fn no_fault(&self, name: &str) -> Unselected {
        let known: Vec<&str> = self.classes.iter().map(|class| class.name.as_str()).collect();
        let hint =
            nearest(name, known.iter().copied()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        Unselected::Nothing(format!("no fault class `{name}` in {}: {}{hint}", self.name, known.join(", ")))
    }
}

fn bad(text: &str, message: &str, help: &str) -> Unselected {
    let mut out = Diagnostics::default();
    let whole = out.add_source("--only", text);
    out.error(whole, message).help(help);
    Unselected::Bad(out)
}

/// `acks` of `producer.acks`.
fn bare(axis: &str) -> &str {
    axis.split_once('.').map_or(axis, |(_, key)| key)
}

/// The values that a row stands for under a key: of an axis, or of a setting that is the same in all rows.
fn values_of(row: &Row, key: &str) -> Vec<String> {
    let means = |section: &str, name: &str| {
        name == key || key.strip_prefix(section).and_then(|rest| rest.strip_prefix('.')) == Some(name)
    };
    let cells: Vec<String> = row
        .cells
        .iter()
        .filter(|cell| cell.axis == key || cell.setting.as_ref().is_some_and(|s| means(&s.section, &s.key)))
        .flat_map(|cell| cell.values.clone())
        .collect();
    if !cells.is_empty() {
        return cells;
    }
    let settings = row.effective.iter().filter(|(name, _, _)| means(&name.section, &name.key));
    let setup = row.setup_values().into_iter().filter(|(path, _, _)| *path == key).map(|(_, value, _)| value);
    settings.map(|(_, value, _)| value.to_owned()).chain(setup).collect()
}
