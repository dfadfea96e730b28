//! The forms in which `report` renders results. A form is a file of its own and a line here.

use crate::store::Results;
use crate::text::{self, Look};
use crate::{annotations, csv, github, html, junit, markdown};

/// A form of the report.
#[derive(Copy, Clone, Debug)]
pub struct Format {
    /// As it is typed behind `--format`.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// The whole report. The look says how a terminal wants text; other forms take from it what they need.
    pub render: fn(&Results, &Look) -> String,
}

/// Every form; the first is the one that is meant when none is named.
pub const FORMATS: [Format; 8] = [
    Format { name: "text", about: "for a terminal", render: |results, look| text::render(&results.summary, look) },
    Format {
        name: "markdown",
        about: "for a pull request",
        render: |results, look| markdown::render(&results.summary, &look.folder),
    },
    Format { name: "json", about: "the summary, for programs", render: |results, _| results.summary.json() },
    Format { name: "html", about: "one page to open in a browser", render: |results, _| html::render(results) },
    Format {
        name: "junit",
        about: "tests, for CI systems that list them",
        render: |results, look| junit::render(&results.summary, &look.folder),
    },
    Format {
        name: "csv",
        about: "a line a cell, for spreadsheets",
        render: |results, _| csv::render(&results.summary),
    },
    Format {
        name: "github",
        about: "Markdown for the summary of a step on GitHub, with a diagram",
        render: |results, look| github::render(results, &look.folder),
    },
    Format {
        name: "annotations",
        about: "workflow commands for GitHub",
        render: |results, _| annotations::render(results),
    },
];

/// The form of this name.
pub fn named(name: &str) -> Option<Format> {
    FORMATS.into_iter().find(|format| format.name == name)
}
