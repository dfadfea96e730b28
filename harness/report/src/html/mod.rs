//! One page to open in a browser: the answer, the matrix as a heat map, loss against cost, and for each cell what
//! became of its messages.
//!
//! Everything is in the one file: no network, no other file. Scripts select a cell and copy a command; without them all
//! cells stand one below the other and links lead to them. The same results give the same bytes. What users wrote
//! reaches the page only through templates that escape it.

mod diagram;
mod heat;
mod lines;
mod panel;
mod plot;
mod remarks;
mod scatter;
mod settings;
mod strip;
mod verdict;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::headline;
use crate::matrix::Matrix;
use crate::result::{Cell, CellVerdict, Summary};
use crate::store::Results;

/// Name and text of each template; those that end in `.html` escape what they are given.
const TEMPLATES: [(&str, &str); 8] = [
    ("page.html", include_str!("../../templates/page.html")),
    ("heat.html", include_str!("../../templates/heat.html")),
    ("scatter.html", include_str!("../../templates/scatter.html")),
    ("panel.html", include_str!("../../templates/panel.html")),
    ("strip.html", include_str!("../../templates/strip.html")),
    ("diagram.html", include_str!("../../templates/diagram.html")),
    ("settings.html", include_str!("../../templates/settings.html")),
    ("remarks.html", include_str!("../../templates/remarks.html")),
];

/// What the page is filled with.
#[derive(Serialize)]
struct Page<'a> {
    style: &'static str,
    script: &'static str,
    summary: &'a Summary,
    version: &'a str,
    title: &'a str,
    answer: String,
    /// `loss`, `holds` or `doubt`.
    tone: &'static str,
    /// How the first example is lost, and what prevents it.
    example: Vec<String>,
    about: String,
    /// The cell that is selected unless the address names another.
    selected: &'a str,
    heat: heat::Heat<'a>,
    scatter: scatter::Scatter,
    panels: Vec<panel::Panel<'a>>,
    settings: settings::Settings,
    remarks: remarks::Remarks<'a>,
}

/// The whole page.
///
/// # Panics
/// Never on what results hold: the templates are fixed and tested.
pub fn render(results: &Results) -> String {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters are no contradiction"));
    if cfg!(test) {
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
    }
    for (name, text) in TEMPLATES {
        environment.add_template(name, text).expect("the templates are part of this program");
    }
    let page = environment.get_template("page.html").expect("it was added");
    let mut text = page.render(Serde(content(results))).expect("every value that a template names is given");
    text.push('\n');
    text
}

fn content(results: &Results) -> Page<'_> {
    let summary = &results.summary;
    let matrix = Matrix::of(summary);
    let example = headline::example(&matrix);
    let told = example.as_ref().map(|it| vec![headline::how(it, &matrix), headline::prevention(it)]);
    let first = |is_it: fn(&&Cell) -> bool| summary.cells.iter().find(is_it);
    let breaking = first(|cell| cell.witness.is_some());
    let doubtful = first(|cell| cell.keeps() == CellVerdict::Inconclusive);
    let selected = example.map(|it| it.cell).or(breaking).or(doubtful).or(summary.cells.first());
    let settings = settings::Settings::of(results, &matrix);
    Page {
        style: include_str!("../../templates/style.css"),
        script: include_str!("../../templates/script.js"),
        summary,
        version: &results.manifest.ackproof,
        title: if summary.title.is_empty() { &summary.scenario } else { &summary.title },
        answer: headline::answer(summary, &matrix),
        tone: tone(summary),
        example: told.unwrap_or_default(),
        about: crate::remarks::about(summary),
        selected: selected.map_or("", |cell| &cell.id),
        heat: heat::Heat::of(&matrix),
        scatter: scatter::Scatter::of(&matrix),
        panels: panel::panels(results, &matrix),
        settings,
        remarks: remarks::Remarks::of(summary, &matrix),
    }
}

fn tone(summary: &Summary) -> &'static str {
    if summary.cells.iter().any(|cell| cell.keeps() == CellVerdict::Violated) {
        "loss"
    } else if summary.cells.iter().all(|cell| cell.keeps() == CellVerdict::Holds && cell.doubt().is_none()) {
        "holds"
    } else {
        "doubt"
    }
}
