//! The JSON Schema of scenario and replay files, for editors: draft 7, because the YAML language server still reads
//! that one.

use std::collections::BTreeMap;

use ackproof_core::fault::{FaultKind, Random};
use ackproof_core::guarantee::Guarantee;
use ackproof_core::node::Part;
use ackproof_core::observe::Probe;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json, json};

use crate::expect::needs_limit;
use crate::reader::RUNS_MAX;
use crate::setup::{self, range_schema, span_schema};

/// The schema of a scenario file.
pub fn schema() -> Json {
    let settings = SchemaSettings::draft07();
    let mut schema = settings.into_generator().into_root_schema_for::<Document>();
    schema.insert("title".to_owned(), json!("ackproof scenario"));
    // Everything else may be left out, and nothing may be null.
    schema.insert("required".to_owned(), json!(["broker", "faults"]));
    schema.to_value()
}

/// Broker settings swept against faults, and what the result is expected to show.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct Document {
    /// The question, as an operator would ask it.
    title: String,
    /// `model@version`; without a version the newest that is known and released.
    broker: String,
    /// Which client library the applications use, where their behaviour differs.
    client: String,
    /// The machines.
    #[schemars(schema_with = "cluster")]
    cluster: Json,
    /// The broker's own settings, by section, spelled and valued as the broker does.
    config: Config,
    /// What the user's own code does.
    #[schemars(schema_with = "app")]
    app: Json,
    /// What is sent and consumed.
    #[schemars(schema_with = "workload")]
    workload: Json,
    #[schemars(schema_with = "network")]
    network: Json,
    #[schemars(schema_with = "disk")]
    disk: Json,
    /// Rows: every combination of the values of each axis. A key may carry its section (`producer.acks`).
    matrix: Matrix,
    /// Columns: named fault classes, each a list of steps.
    #[schemars(schema_with = "faults")]
    faults: Json,
    /// Seeds per cell.
    #[schemars(range(min = 1, max = RUNS_MAX))]
    runs: u32,
    seed: u64,
    /// What the result must show; it decides the exit code.
    #[schemars(schema_with = "expectations")]
    expect: Json,
    replay: Origin,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Config {
    /// The user's own files, relative to this one; later files win over earlier ones, the scenario over files.
    #[serde(default)]
    from: Vec<FromItem>,
    #[serde(flatten)]
    sections: BTreeMap<String, BTreeMap<String, Scalar>>,
}

#[derive(JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
#[allow(dead_code)]
enum FromItem {
    File(String),
    /// Where neither name nor content tells what the file is about, or by which rule it is read.
    Hinted {
        file: String,
        /// Of `config`, for a properties file.
        section: Option<String>,
        /// The container image that an image of your own is built from, with its tag.
        image: Option<String>,
        /// Active profiles of Spring Boot.
        profile: Option<OneOrMore>,
    },
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Scalar {
    Flag(bool),
    Number(f64),
    Text(String),
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Matrix {
    /// Rows to leave out; each pattern matches at least one.
    #[serde(default)]
    exclude: Vec<BTreeMap<String, Json>>,
    /// Complete rows to add.
    #[serde(default)]
    include: Vec<BTreeMap<String, Json>>,
    #[serde(flatten)]
    axes: BTreeMap<String, Vec<Json>>,
}

/// Makes a file a replay: one run, with what is expected of it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct Origin {
    #[serde(default)]
    v: u32,
    #[serde(default)]
    scenario: String,
    #[serde(default)]
    row: String,
    #[serde(default)]
    ackproof: String,
    /// Digest of the history.
    digest: String,
    #[serde(default)]
    shows: String,
    /// The guarantee that the run breaks.
    breaks: Option<String>,
    /// What it goes beyond, where the guarantee is a limit.
    limit: Option<String>,
}

fn cluster(_: &mut SchemaGenerator) -> Schema {
    section("cluster")
}
fn app(_: &mut SchemaGenerator) -> Schema {
    section("app")
}
fn workload(_: &mut SchemaGenerator) -> Schema {
    section("workload")
}
fn network(_: &mut SchemaGenerator) -> Schema {
    section("network")
}
fn disk(_: &mut SchemaGenerator) -> Schema {
    section("disk")
}

fn wrap(schema: Json) -> Schema {
    Schema::try_from(schema).expect("an object is a schema")
}

/// A section of the setup, from its table of keys.
fn section(path: &str) -> Schema {
    wrap(keys_under(path))
}

fn keys_under(path: &str) -> Json {
    let mut properties = Map::new();
    for name in setup::names_under(path) {
        let inner = format!("{path}.{name}");
        let schema = match setup::key_at(&inner) {
            Some(key) => {
                let mut schema = (key.schema)();
                schema["description"] = json!(key.about);
                schema
            }
            None => keys_under(&inner),
        };
        properties.insert(name.to_owned(), schema);
    }
    closed(Json::Object(properties))
}

fn closed(properties: Json) -> Json {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// Names, parts, racks, or a list of them. A name cannot be told from a misspelt part here.
fn nodes() -> Json {
    let words: Vec<&str> = Part::ALL.iter().map(|(word, _)| *word).collect();
    let word = json!({"anyOf": [{"enum": words}, {"type": "string"}]});
    json!({"anyOf": [word, {"type": "array", "minItems": 1, "items": word}]})
}

fn faults(_: &mut SchemaGenerator) -> Schema {
    let mut properties = Map::new();
    let mut one_verb = Vec::new();
    for (verb, meaning, example) in FaultKind::ALL {
        let mut schema = parameters(verb);
        schema["description"] = json!(format!("{meaning}. As in `{example}`"));
        properties.insert((*verb).to_owned(), schema);
        one_verb.push(json!({"required": [verb]}));
    }
    let probes: Vec<&str> = Probe::ALL.iter().map(|(word, _, _)| *word).collect();
    let mut anchor = closed(json!({
        "after": {"enum": probes, "description": "What is waited for."},
        "nth": {"type": "integer", "minimum": 1, "description": "Which time it happens in the chaos phase."},
        "of": nodes(),
        "plus": range_schema(),
    }));
    anchor["required"] = json!(["after"]);
    let times = json!({"anyOf": [range_schema(), anchor], "description": "When it fires; drawn by the seed without."});
    properties.insert("at".to_owned(), times);
    let mut ending = |key: &str, about: &str| {
        let mut schema = range_schema();
        schema["description"] = json!(about);
        properties.insert(key.to_owned(), schema);
    };
    ending("for", "How long it lasts; until everything is healed without.");
    ending("restart_after", "How long the process is down; until everything is healed without.");
    properties.insert("gone".to_owned(), json!({"type": "boolean", "description": "It never returns."}));
    let mut step = closed(Json::Object(properties));
    step["oneOf"] = json!(one_verb);
    wrap(json!({
        "type": "object", "minProperties": 1,
        "additionalProperties": {"type": "array", "items": step},
    }))
}

/// What follows a verb. A kind of fault that is not listed here takes nodes.
fn parameters(verb: &str) -> Json {
    let required = |mut schema: Json, keys: &[&str]| {
        schema["required"] = json!(keys);
        schema
    };
    let ends = || json!({"type": "array", "minItems": 2, "maxItems": 2, "items": nodes()});
    let flag = || json!({"type": "boolean"});
    match verb {
        "roll" => required(closed(json!({"nodes": nodes(), "pause": span_schema()})), &["nodes", "pause"]),
        "partition" => closed(json!({"isolate": nodes(), "from": nodes(), "between": ends(), "one_way": flag()})),
        "hold" => required(closed(json!({"between": ends(), "one_way": flag()})), &["between"]),
        "drop" => {
            let rate = json!({"type": "number", "minimum": 0, "exclusiveMaximum": 1});
            required(closed(json!({"between": ends(), "rate": rate, "one_way": flag()})), &["between", "rate"])
        }
        "latency" => {
            let keys = json!({"between": ends(), "add": range_schema(), "one_way": flag()});
            required(closed(keys), &["between", "add"])
        }
        "clock" => required(closed(json!({"node": nodes(), "offset": {"type": "string"}})), &["node", "offset"]),
        "slow_disk" => required(closed(json!({"node": nodes(), "sync": range_schema()})), &["node", "sync"]),
        "move_leader" => required(closed(json!({"to": nodes(), "of": {"type": "integer", "minimum": 0}})), &["to"]),
        "random" => {
            let kinds = json!({"type": "array", "minItems": 1, "items": {"enum": Random::KINDS}});
            let count = json!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\d+(\.\.\d+)?$"}]});
            required(closed(json!({"kinds": kinds, "count": count})), &["kinds", "count"])
        }
        _ => nodes(),
    }
}

const OFTEN: [&str; 2] = ["always", "sometimes-violated"];

fn expectations(_: &mut SchemaGenerator) -> Schema {
    let cells = json!({"type": "object", "minProperties": 1});
    let mut properties = Map::new();
    let promises = Guarantee::ALL.iter().filter(|(_, guarantee, _)| !needs_limit(*guarantee));
    let promises: Vec<&str> = promises.map(|(word, _, _)| *word).collect();
    let mut canary = cells.clone();
    let about = "The promise that must be broken there; no-acked-loss without.";
    canary["properties"] = json!({"breaks": {"enum": promises, "description": about}});
    properties.insert("canary".to_owned(), canary);
    properties.insert("when".to_owned(), cells.clone());
    properties.insert("except".to_owned(), json!({"anyOf": [cells, {"type": "array", "items": cells}]}));
    properties.insert("reason".to_owned(), json!({"type": "string"}));
    properties.insert("source".to_owned(), json!({"type": "string"}));
    for (word, guarantee, meaning) in Guarantee::ALL {
        let limit = |key: &str| {
            let mut schema = closed(json!({ key: span_schema(), "often": {"enum": OFTEN} }));
            schema["required"] = json!([key]);
            schema
        };
        let mut schema = match guarantee {
            Guarantee::Available => limit("longest"),
            Guarantee::Ack => limit("p99"),
            Guarantee::NoAckedLoss
            | Guarantee::Durable
            | Guarantee::NoUnreportedLoss
            | Guarantee::NoDuplicates
            | Guarantee::InOrder
            | Guarantee::NoGhosts
            | Guarantee::ExactlyOnce
            | Guarantee::NoAbortedReads => json!({"enum": OFTEN}),
        };
        schema["description"] = json!(meaning);
        properties.insert(word.to_owned(), schema);
    }
    wrap(json!({"type": "array", "items": closed(Json::Object(properties))}))
}
