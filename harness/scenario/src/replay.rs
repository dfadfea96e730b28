//! Replay files: a scenario reduced to one row and one schedule, standing alone, with the digest that is expected.
//!
//! A replay is written as a scenario that has a `replay` section. It can be read, edited and committed like any other.

use ackproof_core::guarantee::Guarantee;
use ackproof_core::schedule::Step;
use ackproof_core::seed::Seed;
use ackproof_core::setting::ValueSource;
use ackproof_core::setup::Setup;
use ackproof_core::time::Span;
use serde_json::{Map, Value as Json, json};

use crate::diagnostics::Diagnostics;
use crate::expect::{Demand, Expectation, Matcher, Often, Promise, needs_limit};
use crate::faults::FaultClass;
use crate::node::{Fields, Node};
use crate::reader::Read;
use crate::row::Row;
use crate::scenario::Scenario;
use crate::{setup, typed};

/// Where a replay comes from, and what it is expected to give.
#[derive(Clone, PartialEq, Debug)]
pub struct Origin {
    /// Name of the scenario that it was found in.
    pub scenario: String,
    /// The row it was found in, in words.
    pub row: String,
    /// Version of ackproof that found it.
    pub ackproof: String,
    /// Digest of the history that the run gave.
    pub digest: String,
    /// What is seen in it, in words.
    pub shows: String,
    /// The promise that the run breaks; `None` where nobody said so.
    pub breaks: Option<Promise>,
}

/// The form that this version writes and reads.
pub const REPLAY_VERSION: u64 = 1;

/// One run, ready to be run again. Its `scenario` has one row and one fault class, whose steps are the schedule.
#[derive(Clone, Debug)]
pub struct Replay {
    pub origin: Origin,
    pub scenario: Scenario,
}

/// What a search found in one cell.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    pub class: String,
    pub seed: Seed,
    /// With the workload as small as it was shrunk to.
    pub setup: Setup,
    pub steps: Vec<Step>,
    pub digest: String,
    pub shows: String,
    pub breaks: Option<Promise>,
}

impl Replay {
    /// A finding in a row of a scenario.
    pub fn of(scenario: &Scenario, row: &Row, finding: Finding) -> Replay {
        let Finding { class, seed, setup, steps, digest, shows, breaks } = finding;
        let origin = Origin {
            scenario: scenario.name.clone(),
            row: row.label(),
            ackproof: env!("CARGO_PKG_VERSION").to_owned(),
            digest,
            shows,
            breaks,
        };
        let row = Row { setup: setup.clone(), cells: Vec::new(), ..row.clone() };
        let scenario = Scenario {
            setup,
            rows: vec![row],
            classes: vec![FaultClass { name: class, steps }],
            runs: 1,
            seed,
            expectations: expected(breaks),
            notes: Vec::new(),
            warnings: Diagnostics::default(),
            ..scenario.clone()
        };
        Replay { origin, scenario }
    }

    pub fn row(&self) -> &Row {
        self.scenario.rows.first().expect("a replay has one row")
    }
    pub fn class(&self) -> &FaultClass {
        self.scenario.classes.first().expect("a replay has one fault class")
    }

    /// The text of a replay file.
    pub fn to_yaml(&self) -> String {
        let Scenario { title, client, seed, .. } = &self.scenario;
        let Origin { scenario, row, ackproof, digest, shows, breaks } = &self.origin;
        let mut document = Map::new();
        document.insert("title".into(), json!(title));
        let mut about = json!({
            "v": REPLAY_VERSION, "scenario": scenario, "row": row, "ackproof": ackproof, "digest": digest, "shows": shows,
        });
        if let Some(Promise { guarantee, often }) = breaks {
            about["breaks"] = json!(guarantee);
            if let Some(limit) = often.limit() {
                about["limit"] = json!(limit);
            }
        }
        document.insert("replay".into(), about);
        document.insert("broker".into(), json!(self.scenario.broker_version()));
        document.insert("client".into(), json!(client));
        document.insert("config".into(), self.config());
        for key in setup::KEYS.iter().filter(|key| (key.exists)(&self.row().setup)) {
            // An acknowledgement that is left to the broker's settings is written by leaving it out.
            let value = (key.show)(&self.row().setup);
            if value != Json::Null {
                insert_at(&mut document, key.path, value);
            }
        }
        document.insert("seed".into(), json!(seed.0));
        let class = self.class();
        document.insert("faults".into(), json!({ class.name.as_str(): class.steps }));
        let body = serde_yaml::to_string(&document).expect("maps with text keys can be written");
        format!("# One run, found by ackproof; run it again with: ackproof replay THIS_FILE\n{body}")
    }

    /// Every setting that somebody chose and that makes a difference, by section.
    fn config(&self) -> Json {
        let mut config = Map::new();
        for (name, value, source) in self.row().effective.iter() {
            if *source != ValueSource::Default {
                let section = config.entry(name.section.clone()).or_insert_with(|| json!({}));
                section[name.key.as_str()] = plain(value);
            }
        }
        Json::Object(config)
    }
}

/// A number or a truth value where the text is one, so that the file needs no quotes.
fn plain(text: &str) -> Json {
    match text {
        "true" => json!(true),
        "false" => json!(false),
        _ => text.parse::<i64>().ok().filter(|number| number.to_string() == text).map_or(json!(text), |n| json!(n)),
    }
}

fn insert_at(map: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        None => {
            map.insert(path.to_owned(), value);
        }
        Some((head, rest)) => {
            if let Json::Object(inner) = map.entry(head.to_owned()).or_insert_with(|| json!({})) {
                insert_at(inner, rest, value);
            }
        }
    }
}

/// Reads the `replay` section.
pub(crate) fn read_origin(node: &Node, out: &mut Diagnostics) -> Option<Origin> {
    let mut fields = Fields::of(node, "`replay`", out)?;
    if let Some(v) = fields.take("v")
        && let Some(version) = v.whole("`v`", 1, u64::MAX, out)
        && version != REPLAY_VERSION
    {
        out.error(v.place, format!("this replay has form {version}; this ackproof knows {REPLAY_VERSION}"));
    }
    let (breaks, limit) = (fields.take("breaks"), fields.take("limit"));
    let breaks = read_breaks(breaks, limit, out);
    let mut text = |key: &'static str, out: &mut Diagnostics| match fields.take(key) {
        Some(node) => node.word(&format!("`{key}`"), out),
        None => Some(String::new()),
    };
    let origin = Origin {
        scenario: text("scenario", out)?,
        row: text("row", out)?,
        ackproof: text("ackproof", out)?,
        digest: text("digest", out)?,
        shows: text("shows", out)?,
        breaks,
    };
    if origin.digest.is_empty() {
        out.error(node.place, "a replay needs the `digest` that is expected");
    }
    fields.finish(out);
    Some(origin)
}

/// The promise that the run is said to break, with its limit where it is one.
fn read_breaks(breaks: Option<&Node>, limit: Option<&Node>, out: &mut Diagnostics) -> Option<Promise> {
    let Some(node) = breaks else {
        if let Some(limit) = limit {
            out.error(limit.place, "a limit of no promise").help("say which with `breaks: available`");
        }
        return None;
    };
    let word = node.word("`breaks`", out)?;
    let Some(guarantee) = Guarantee::named(&word) else {
        let known = Guarantee::ALL.iter().map(|(word, _, _)| *word);
        out.error(node.place, format!("`{word}` is no guarantee")).suggest(&word, known);
        return None;
    };
    let often = match (needs_limit(guarantee), limit) {
        (false, None) => Often::SometimesViolated,
        (true, Some(limit)) => Often::SometimesBeyond(typed::read::<Span>(limit, out)?),
        (true, None) => {
            out.error(node.place, format!("`{word}` needs the `limit` that the run goes beyond"));
            return None;
        }
        (false, Some(limit)) => {
            out.error(limit.place, format!("`{word}` has no limit"));
            return None;
        }
    };
    Some(Promise { guarantee, often })
}

/// What a replay expects of its one run: that it breaks this.
fn expected(breaks: Option<Promise>) -> Vec<Expectation> {
    let demand = breaks.map(|promise| Demand::Promises(vec![promise]));
    let of = |demand| Expectation {
        when: Matcher::default(),
        except: Vec::new(),
        demand,
        reason: None,
        source: None,
        line: 0,
    };
    demand.into_iter().map(of).collect()
}

/// A document as the replay that it is meant to be.
pub(crate) fn whole(read: Read, shown: &str) -> Result<Replay, Diagnostics> {
    match read.origin {
        Some(origin) => {
            let scenario = Scenario { expectations: expected(origin.breaks), ..read.scenario };
            Ok(Replay { origin, scenario })
        }
        None => Err(mistaken(
            format!("`{shown}` is a scenario, not a replay: it has no `replay` section"),
            "run it with `ackproof run`",
        )),
    }
}

pub(crate) fn not_a_scenario(shown: &str) -> Diagnostics {
    mistaken(format!("`{shown}` is a replay of one run, not a scenario"), "run it with `ackproof replay`")
}

fn mistaken(message: String, help: &str) -> Diagnostics {
    let mut out = Diagnostics::default();
    out.error_without_place(message).help(help);
    out
}
