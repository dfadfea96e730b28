//! From a document to a scenario: reads every section, puts them together, and lets the broker judge the rows.

use std::path::{Component, Path};

use ackproof_core::model::Broker;
use ackproof_core::seed::Seed;
use ackproof_core::setup::Setup;

use crate::axis::Fixed;
use crate::catalogue::Catalogue;
use crate::config::{self, Chosen};
use crate::diagnostics::{Diagnostics, Place, nearest};
use crate::expect::{self, Placed, Scope};
use crate::faults::{self, Aims, FaultClass};
use crate::files::{self, Folder};
use crate::import;
use crate::matrix::{self, Matrix};
use crate::node::{Fields, Node};
use crate::notes::Note;
use crate::refusal;
use crate::replay::{self, Origin};
use crate::row::{self, Draft};
use crate::scenario::Scenario;
use crate::setup::{self, Sections, SetupPlaces};
use crate::yaml;

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
            let mut read = read_text(&shown, &stem(&name), &text, &Folder::of(path), brokers, overrides)?;
            read.scenario.file = portable(path);
            Ok(read)
        }
        Err(why) => {
            out.error_without_place(format!("`{shown}` {why}"));
            Err(out)
        }
    }
}

/// A path from here on downwards, with `/` between its parts. Any other says where on this machine its user keeps things.
fn portable(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
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
pub(crate) struct Parts<'r> {
    pub catalogue: Catalogue<'r>,
    pub broker_place: Place,
    pub setup: Setup,
    pub setup_places: SetupPlaces,
    pub chosen: Chosen,
    pub matrix: Option<Matrix>,
    pub fixed: Vec<Fixed>,
    pub aims: Aims,
    pub classes: Vec<FaultClass>,
}

impl<'r> Reader<'r> {
    fn read(&self, root: &Node, out: &mut Diagnostics) -> Option<Read> {
        let mut fields = Fields::of(root, "a scenario", out)?;
        let origin = fields.take("replay").and_then(|node| replay::read_origin(node, out));
        let is_replay = root.get("replay").is_some();
        let title = fields.take("title").and_then(|node| node.word("`title`", out));
        let catalogue = self.read_broker(root, &mut fields, out);
        let mut sections = Sections::of(catalogue.as_ref().map(|(catalogue, _)| catalogue.broker));
        let errors_before = out.errors();
        for section in setup::SECTIONS {
            if let Some((key, node)) = fields.take_entry(section) {
                sections.read(key, node, out);
            }
        }
        let Sections { mut setup, places: mut setup_places, .. } = sections;
        let cluster_is_known = out.errors() == errors_before;
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
        self.apply_told(&chosen, &mut setup, &mut setup_places, out);
        let fixed: Vec<Fixed> = self.overrides.iter().filter_map(|given| Fixed::parse(given, catalogue, out)).collect();
        let matrix = match matrix {
            Some((_, node)) => matrix::read(node, catalogue, out),
            None => Some(Matrix::single()),
        };
        let axes = matrix.as_ref().map_or(&[][..], |matrix| &matrix.axes);
        let said = axes.iter().map(|axis| axis.name.clone()).chain(fixed.iter().map(|fixed| fixed.target.name()));
        let said: Vec<String> = said.chain(setup_places.keys().map(|path| (*path).to_owned())).collect();
        import::require_settled(&chosen, &said, out);
        import::compare_cluster(&chosen, catalogue, &setup, out);
        let scope = Scope { catalogue, axes, classes: &classes };
        // Without its rows, a matrix gives expectations nothing to be checked against.
        let expect = expect.filter(|_| matrix.is_some());
        let expectations = expect.map_or(Vec::new(), |(_, node)| expect::read(node, &scope, out));
        if out.has_errors() {
            if cluster_is_known {
                faults::check_names(&aims, &catalogue.defaults(), &setup, catalogue.broker, out);
            }
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

    /// Puts into force what the user's files say about machines and the application, where the scenario itself says
    /// nothing.
    fn apply_told(&self, chosen: &Chosen, setup: &mut Setup, places: &mut SetupPlaces, out: &mut Diagnostics) {
        for told in &chosen.told {
            let Some(key) = setup::key_at(told.path) else { continue };
            let mut as_told = setup.clone();
            key.apply(&told.node, &mut as_told, out);
            match places.get(told.path) {
                None => {
                    *setup = as_told;
                    places.insert(told.path, (told.source.clone(), told.node.place));
                }
                Some((_, place)) if told.is_whole && key.text(&as_told) != key.text(setup) => {
                    let (path, source) = (told.path, &told.source);
                    let (said, told_value) = (key.text(setup), key.text(&as_told));
                    out.error(*place, format!("`{path}` is {said}, and the files describe {told_value} ({source})"))
                        .help(format!("leave `{path}` to the files, or name others"));
                }
                Some(_) => {}
            }
        }
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
            None => broker.default_version(),
            Some(version) => match broker.version(version) {
                Some(known) => known,
                None => {
                    let error = out.error(node.place, format!("no version `{version}` of {name}"));
                    let known = known_versions(broker, version);
                    match nearest(version, versions.iter().copied()) {
                        Some(near) => error.help(format!("did you mean `{name}@{near}`? {known}")),
                        None => error.help(known),
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
        let mut effective = parts.catalogue.defaults();
        parts.chosen.apply(&mut effective);
        let setup_sources = parts.setup_places.iter().map(|(path, (source, _))| (*path, source.clone())).collect();
        let base = Draft { texts: Vec::new(), effective, setup: parts.setup.clone(), setup_sources };
        let drafts = row::draft(matrix, &base, &parts.fixed);
        if drafts.len().saturating_mul(parts.classes.len()) > CELLS_MAX {
            let message = format!("{} rows under {} fault classes", drafts.len(), parts.classes.len());
            out.error(parts.broker_place, format!("{message}: at most {CELLS_MAX} cells are possible"));
            return None;
        }
        refusal::report_problems(&parts, matrix, &drafts, out);
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
        faults::check_aims(&parts.aims, &rows, broker, out);
        if parts.fixed.is_empty() {
            expect::check(expectations, &rows, &parts.classes, out);
        }
        if out.has_errors() {
            return None;
        }
        refusal::add_traps(&rows, broker, &mut notes, out);
        Some(Scenario {
            name: self.name.to_owned(),
            file: None,
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

/// What may be written in place of `unknown`: the releases of its version, if it names one, and every version.
fn known_versions(broker: &dyn Broker, unknown: &str) -> String {
    let mut known = format!("known: {}", broker.versions().join(", "));
    let minor = unknown.rsplit_once('.').map_or("", |(minor, _)| minor);
    let releases = broker.versions().iter().find(|version| **version == minor).map(|version| broker.releases(version));
    if let Some(releases) = releases.filter(|releases| !releases.is_empty()) {
        known.push_str(&format!("; of {minor}: {}", releases.join(", ")));
    }
    known
}
