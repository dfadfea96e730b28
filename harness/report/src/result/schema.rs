//! JSON Schemas (draft 7) of what other programs read, derived from the types that are written.

use ackproof_core::guarantee::Guarantee;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::{Manifest, RunLine, Summary};

/// The schema of `summary.json`, which `run --format json` prints too.
pub fn summary_schema() -> Value {
    root::<Summary>("ackproof summary")
}

/// The schema of one line of `cells/<id>.jsonl`.
pub fn run_schema() -> Value {
    root::<RunLine>("ackproof run")
}

/// The schema of `manifest.json`.
pub fn manifest_schema() -> Value {
    root::<Manifest>("ackproof manifest")
}

/// A field that is missing in what an older program wrote is not required.
fn root<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), json!(title));
    schema.to_value()
}

/// A mapping from guarantees.
pub(super) struct ByGuarantee<T>(std::marker::PhantomData<T>);

impl<T: JsonSchema> JsonSchema for ByGuarantee<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("ByGuarantee_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names: Vec<String> = Guarantee::ALL.iter().map(|(name, _, _)| (*name).to_owned()).collect();
        let each = generator.subschema_for::<T>();
        let mut schema = schemars::json_schema!({ "type": "object", "propertyNames": { "enum": names } });
        schema.insert("additionalProperties".to_owned(), each.to_value());
        schema
    }
}

/// The name of a guarantee.
pub(super) fn guarantee(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = Guarantee::ALL.iter().map(|(name, _, _)| *name).collect();
    schemars::json_schema!({ "type": "string", "enum": names })
}

/// Names of guarantees.
pub(super) fn guarantees(generator: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "array", "items": guarantee(generator) })
}

/// What one guarantee came to in one run.
pub(super) struct Judgement;

impl JsonSchema for Judgement {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Judgement".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "Whether the promise held; the messages that show a violation, by their numbers.",
            "type": "object",
            "required": ["is"],
            "properties": {
                "is": { "enum": ["holds", "violated", "inconclusive"] },
                "messages": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
                "why": { "type": "string" }
            }
        })
    }
}

/// Where an acknowledged message was lost.
pub(super) fn stage(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "enum": ["broker", "disposal", "consumer"] })
}

/// Where a value came from.
pub(super) fn value_source(_: &mut SchemaGenerator) -> Schema {
    let line = json!({ "type": "integer", "minimum": 0 });
    schemars::json_schema!({ "oneOf": [
        { "enum": ["default", "matrix", "command-line"] },
        { "type": "object", "required": ["file"], "properties": { "file": {
            "type": "object", "required": ["file", "line"],
            "properties": { "file": { "type": "string" }, "line": line } } } },
        { "type": "object", "required": ["scenario"], "properties": { "scenario": {
            "type": "object", "required": ["line"], "properties": { "line": line } } } }
    ] })
}
