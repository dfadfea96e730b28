//! What a scenario asks: the settings to vary, the faults to meet, and what is expected.

use std::collections::BTreeMap;

use ackproof_core::setting::{Effective, ValueSource};

/// What is known of the user's cluster and clients.
pub struct Ground<'g> {
    pub effective: &'g Effective,
    pub brokers: u8,
    /// Whether the files speak of a section at all.
    pub speaks_of: &'g dyn Fn(&str) -> bool,
    /// Keys of the scenario's own sections that follow from the files.
    pub told: &'g BTreeMap<String, String>,
    /// Names that the files leave open.
    pub open: &'g [String],
}

impl Ground<'_> {
    /// Whether the user chose a value; a default that a framework sets counts as theirs.
    pub fn is_set(&self, section: &str, key: &str) -> bool {
        self.effective.is_set(section, key)
    }
    /// Where a value stands, `producer.properties:7`; `None` for a default.
    pub fn place(&self, section: &str, key: &str) -> Option<String> {
        match self.effective.source(section, key)? {
            ValueSource::File { file, line } => Some(format!("{file}:{line}")),
            ValueSource::Default | ValueSource::Scenario { .. } | ValueSource::Matrix | ValueSource::CommandLine => {
                None
            }
        }
    }
}

/// A question about one broker.
#[derive(Default)]
pub struct Inquiry {
    pub title: String,
    /// The line of the cluster, where brokers are not all alike.
    pub cluster: Option<Line>,
    /// Section, key, value and why: what the scenario has to say because no file does.
    pub config: Vec<(&'static str, &'static str, String, String)>,
    /// Lines of `app`.
    pub app: Vec<Line>,
    /// The map of `workload`.
    pub workload: String,
    pub axes: Vec<Axis>,
    pub faults: Vec<Fault>,
    pub expectations: Vec<Expectation>,
    /// Seeds per cell.
    pub runs: u32,
    /// What was decided for the user, in a line each.
    pub assumed: Vec<String>,
}

/// A line of YAML and what stands behind it.
pub struct Line {
    pub text: String,
    pub comment: String,
}

/// A setting to vary: the user's value first, then its neighbours.
pub struct Axis {
    pub name: &'static str,
    pub values: Vec<String>,
    pub comment: String,
}

/// A fault class with its steps.
pub struct Fault {
    pub name: &'static str,
    pub comment: &'static str,
    pub steps: Vec<String>,
}

/// What should come out: keys and values, and the reason.
pub struct Expectation {
    pub lines: Vec<String>,
    pub reason: &'static str,
}
