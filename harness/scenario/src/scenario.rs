//! A scenario, whole: what is read from a file and handed to whoever plans, runs or reports.

use std::path::Path;

use ackproof_core::model::Broker;
use ackproof_core::seed::Seed;
use ackproof_core::setting::{Effective, Problem};
use ackproof_core::setup::Setup;
use indexmap::IndexMap;

use crate::axis::Fixed;
use crate::catalogue::Catalogue;
use crate::config::{self, Chosen};
use crate::diagnostics::{Diagnostics, Place, nearest};
use crate::expect::{self, Expectation, Placed, Scope};
use crate::faults::{self, Aims, FaultClass};
use crate::files::{self, Folder};
use crate::matrix::{self, Matrix};
use crate::node::{Fields, Node};
use crate::notes::Note;
use crate::replay::{self, Origin};
use crate::row::{self, Draft, Row};
use crate::setup::{self, SetupPlaces};
use crate::yaml;

/// One question about a broker: rows of settings, columns of faults, and what the answer is expected to be.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file's name without its ending; names the folder of results.
    pub name: String,
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
    /// Every cell: row and column.
    pub fn cells(&self) -> impl Iterator<Item = (&Row, &FaultClass)> {
        self.rows.iter().flat_map(|row| self.classes.iter().map(move |class| (row, class)))
    }
}

pub(crate) const RUNS_MAX: u64 = 1_000_000;
const RUNS_DEFAULT: u32 = 200;
const CELLS_MAX: usize = 100_000;

/// A document read as a scenario; `origin` when it is a replay.
pub(crate) struct Read {
    pub scenario: Scenario,
    pub origin: Option<Origin>,
}

pub(crate) fn read_path(path: &Path, brokers: &[&dyn Broker], overrides: &[String]) -> Result<Read, Diagnostics> {
    let mut out = Diagnostics::default();
    let shown = path.display().to_string();
    match files::read(path) {
        Ok(text) => {
            let name = path.file_name().map_or(shown.clone(), |name| name.to_string_lossy().into_owned());
            read_text(&shown, &stem(&name), &text, &Folder::of(path), brokers, overrides)
        }
        Err(why) => {
            out.error_without_place(format!("`{shown}` {why}"));
            Err(out)
        }
    }
}

/// `orders.yaml` and `orders.replay.yaml` are both about `orders`.
fn stem(file: &str) -> String {
    let stem = file.strip_suffix(".yaml").or(file.strip_suffix(".yml")).unwrap_or(file);
    stem.strip_suffix(".replay").unwrap_or(stem).to_owned()
}

pub(crate) fn read_text(
    shown: &str,
    name: &str,
    text: &str,
    folder: &Folder,
    brokers: &[&dyn Broker],
    overrides: &[String],
) -> Result<Read, Diagnostics> {
    let mut out = Diagnostics::default();
    let whole = out.add_source(shown, text);
    let read = yaml::parse(text, whole, &mut out)
        .and_then(|root| Reader { name, folder, brokers, overrides }.read(&root, &mut out));
    match read {
        Some(mut read) if !out.has_errors() => {
            read.scenario.warnings = out;
            Ok(read)
        }
        Some(_) | None => Err(out),
    }
}

struct Reader<'r> {
    name: &'r str,
    folder: &'r Folder,
    brokers: &'r [&'r dyn Broker],
    overrides: &'r [String],
}

/// What can be read of a document before its parts are put together.
struct Parts<'r> {
    catalogue: Catalogue<'r>,
    broker_place: Place,
    setup: Setup,
    setup_places: SetupPlaces,
    chosen: Chosen,
    matrix: Option<Matrix>,
    fixed: Vec<Fixed>,
    aims: Aims,
    classes: Vec<FaultClass>,
}

impl<'r> Reader<'r> {
    fn read(&self, root: &Node, out: &mut Diagnostics) -> Option<Read> {
        let mut fields = Fields::of(root, "a scenario", out)?;
        let origin = fields.take("replay").and_then(|node| replay::read_origin(node, out));
        let is_replay = root.get("replay").is_some();
        let title = fields.take("title").and_then(|node| node.word("`title`", out));
        let catalogue = self.read_broker(root, &mut fields, out);
        let (mut setup, mut setup_places) = (Setup::default(), SetupPlaces::new());
        for section in setup::SECTIONS {
            if let Some((key, node)) = fields.take_entry(section) {
                setup::read_section(key, node, &mut setup, &mut setup_places, out);
            }
        }
        let (config, matrix, expect) =
            (fields.take("config"), fields.take_entry("matrix"), fields.take_entry("expect"));
        let mut aims = Aims::new();
        let classes = match fields.take("faults") {
            Some(node) => faults::read(node, &mut aims, out),
            None => {
                out.error(root.place, "a scenario needs `faults`")
                    .help("as in `faults: {leader-killed: [{kill: leader, restart_after: 10s}]}`");
                Vec::new()
            }
        };
        let runs = fields.take("runs").map(|node| node.whole("`runs`", 1, RUNS_MAX, out));
        let seed = fields.take("seed").map(|node| node.whole("`seed`", 0, u64::MAX, out));
        fields.finish(out);
        if is_replay {
            self.check_replay(root, matrix.map(|(key, _)| key.place), expect.map(|(key, _)| key.place), &classes, out);
        }

        let (catalogue, broker_place) = catalogue?;
        let chosen = config.map_or_else(Chosen::default, |node| config::read(node, catalogue, self.folder, out));
        let fixed = self.overrides.iter().filter_map(|given| Fixed::parse(given, catalogue, out)).collect();
        let matrix = match matrix {
            Some((_, node)) => matrix::read(node, catalogue, out),
            None => Some(Matrix::single()),
        };
        let axes = matrix.as_ref().map_or(&[][..], |matrix| &matrix.axes);
        let scope = Scope { catalogue, axes, classes: &classes };
        // Without its rows, a matrix gives expectations nothing to be checked against.
        let expect = expect.filter(|_| matrix.is_some());
        let expectations = expect.map_or(Vec::new(), |(_, node)| expect::read(node, &scope, out));
        if out.has_errors() {
            return None;
        }
        let parts = Parts { catalogue, broker_place, setup, setup_places, chosen, matrix, fixed, aims, classes };
        let mut scenario = self.assemble(parts, &expectations, out)?;
        scenario.title = title.unwrap_or_else(|| self.name.to_owned());
        scenario.runs = runs.flatten().map_or(RUNS_DEFAULT, |runs| runs as u32);
        scenario.seed = Seed(seed.flatten().unwrap_or(1));
        scenario.expectations = expectations.into_iter().map(|placed| placed.expectation).collect();
        Some(Read { scenario, origin })
    }

    fn check_replay(
        &self,
        root: &Node,
        matrix: Option<Place>,
        expect: Option<Place>,
        classes: &[FaultClass],
        out: &mut Diagnostics,
    ) {
        for place in [matrix, expect].into_iter().flatten() {
            out.error(place, "a replay is one row under one schedule: it has neither `matrix` nor `expect`");
        }
        if root.get("seed").is_none() {
            out.error(root.place, "a replay needs its `seed`");
        }
        if classes.len() != 1 {
            out.error(root.place, format!("a replay has one fault class, not {}", classes.len()));
        }
    }

    fn read_broker(
        &self,
        root: &Node,
        fields: &mut Fields<'_>,
        out: &mut Diagnostics,
    ) -> Option<(Catalogue<'r>, Place)> {
        let (node, client) = (fields.take("broker"), fields.take("client"));
        let names = || self.brokers.iter().map(|broker| broker.name());
        let Some(node) = node else {
            let known: Vec<&str> = names().collect();
            out.error(root.place, "a scenario needs `broker`").help(format!("one of {}", known.join(", ")));
            return None;
        };
        let written = node.word("`broker`", out)?;
        let (name, version) = match written.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (written.as_str(), None),
        };
        let Some(broker) = self.brokers.iter().copied().find(|broker| broker.name() == name) else {
            out.error(node.place, format!("no broker `{name}`")).suggest(name, names());
            return None;
        };
        let versions = broker.versions();
        let version = match version {
            None => *versions.last()?,
            Some(version) => match versions.iter().find(|known| **known == version) {
                Some(known) => known,
                None => {
                    let error = out.error(node.place, format!("no version `{version}` of {name}"));
                    match nearest(version, versions.iter().copied()) {
                        Some(near) => {
                            error.help(format!("did you mean `{name}@{near}`? known: {}", versions.join(", ")))
                        }
                        None => error.help(format!("known: {}", versions.join(", "))),
                    };
                    return None;
                }
            },
        };
        let client = match client {
            None => *broker.clients().first()?,
            Some(node) => {
                let word = node.word("`client`", out)?;
                match broker.clients().iter().find(|known| **known == word) {
                    Some(known) => known,
                    None => {
                        out.error(node.place, format!("no client `{word}` of {name}"))
                            .suggest(&word, broker.clients().iter().copied());
                        return None;
                    }
                }
            }
        };
        Some((Catalogue { broker, version, client }, node.place))
    }

    /// Puts the parts together into rows, and lets the broker judge each.
    fn assemble(&self, parts: Parts<'r>, expectations: &[Placed], out: &mut Diagnostics) -> Option<Scenario> {
        let Catalogue { broker, version, client } = parts.catalogue;
        let matrix = parts.matrix.as_ref()?;
        let mut effective = Effective::defaults(version, client, broker.versions(), broker.settings());
        parts.chosen.apply(&mut effective);
        let setup_sources = parts.setup_places.iter().map(|(path, (source, _))| (*path, source.clone())).collect();
        let base = Draft { texts: Vec::new(), effective, setup: parts.setup.clone(), setup_sources };
        let drafts = row::draft(matrix, &base, &parts.fixed);
        if drafts.len().saturating_mul(parts.classes.len()) > CELLS_MAX {
            let message = format!("{} rows under {} fault classes", drafts.len(), parts.classes.len());
            out.error(parts.broker_place, format!("{message}: at most {CELLS_MAX} cells are possible"));
            return None;
        }
        report_problems(&parts, matrix, &drafts, out);
        if out.has_errors() {
            return None;
        }
        let mut notes = parts.chosen.notes.clone();
        for fixed in &parts.fixed {
            if matrix.axes.iter().any(|axis| axis.name == fixed.target.name()) {
                notes.push(Note::Fixed { axis: fixed.target.name(), value: fixed.choice.text.clone() });
            }
        }
        let rows = row::collapse(matrix, drafts, parts.catalogue, &mut notes);
        let mut topologies = Vec::new();
        for row in &rows {
            let topology = broker.topology(&row.effective, &row.setup);
            if !topologies.contains(&topology) {
                topologies.push(topology);
            }
        }
        faults::check_aims(&parts.aims, &topologies, broker, out);
        if parts.fixed.is_empty() {
            expect::check(expectations, &rows, &parts.classes, out);
        }
        add_traps(&rows, broker, parts.broker_place, &mut notes, out);
        Some(Scenario {
            name: self.name.to_owned(),
            title: String::new(),
            broker: broker.name(),
            version,
            client,
            setup: parts.setup,
            rows,
            classes: parts.classes,
            runs: RUNS_DEFAULT,
            seed: Seed(1),
            expectations: Vec::new(),
            notes,
            warnings: Diagnostics::default(),
        })
    }
}

/// What the broker itself would refuse, pointed at where the value came from; once for all rows that share it.
fn report_problems(parts: &Parts<'_>, matrix: &Matrix, drafts: &[Draft], out: &mut Diagnostics) {
    let broker = parts.catalogue.broker;
    let mut rows_of: IndexMap<(String, String), (Problem, Vec<usize>)> = IndexMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        for problem in broker.refuse(&draft.effective, &draft.setup) {
            let key = (problem.name.to_string(), problem.message.clone());
            rows_of.entry(key).or_insert_with(|| (problem, Vec::new())).1.push(index);
        }
    }
    for ((name, message), (problem, rows)) in rows_of {
        let draft = &drafts[rows[0]];
        let place = place_of(&name, parts, matrix, &draft.texts).unwrap_or(parts.broker_place);
        let is_default = place == parts.broker_place;
        let error = out.error(place, message);
        if is_default {
            error.label(format!("`{name}` has its default"));
        }
        if !problem.source.is_empty() {
            error.note(format!("source: {}", problem.source));
        }
        if !matrix.axes.is_empty() {
            let pairs: Vec<String> =
                matrix.axes.iter().zip(&draft.texts).map(|(axis, text)| format!("{}: {text}", axis.name)).collect();
            let more = if rows.len() > 1 { format!(", and in {} more rows", rows.len() - 1) } else { String::new() };
            error.note(format!("in the row {}{more}", pairs.join(", ")));
            if rows.len() < drafts.len() {
                error.help(format!("exclude such rows: `exclude: [{{{}}}]`", pairs.join(", ")));
            }
        }
    }
}

/// Where the value in force was written.
fn place_of(name: &str, parts: &Parts<'_>, matrix: &Matrix, texts: &[String]) -> Option<Place> {
    if let Some(fixed) = parts.fixed.iter().rev().find(|fixed| fixed.target.name() == name) {
        return Some(fixed.choice.node.place);
    }
    let axis = matrix.axes.iter().zip(texts).find(|(axis, _)| axis.name == name);
    if let Some((axis, text)) = axis {
        return axis.values.iter().find(|choice| choice.text == *text).map(|choice| choice.node.place);
    }
    parts.chosen.place(name).or_else(|| parts.setup_places.get(name).map(|(_, place)| *place))
}

/// One note and one warning a trap, with the rows it is in.
fn add_traps(rows: &[Row], broker: &dyn Broker, place: Place, notes: &mut Vec<Note>, out: &mut Diagnostics) {
    let mut traps: IndexMap<(&'static str, String), (&'static str, Vec<String>)> = IndexMap::new();
    for row in rows {
        for trap in broker.traps(&row.effective, &row.setup) {
            traps.entry((trap.id, trap.message)).or_insert((trap.source, Vec::new())).1.push(row.label());
        }
    }
    for ((id, message), (source, labels)) in traps {
        let in_all = labels.len() == rows.len();
        let warning = out.warning(Some(place), message.clone());
        warning.note(format!("source: {source}"));
        let rows = if in_all { Vec::new() } else { labels };
        if !rows.is_empty() {
            warning.note(format!("in {}", rows.join("; ")));
        }
        notes.push(Note::Trap { id, message, source, rows });
    }
}
