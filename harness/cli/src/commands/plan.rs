//! `plan`: the expanded matrix, and where each value comes from.

use ackproof_core::setting::ValueSource;
use ackproof_report::words;
use ackproof_scenario::{Row, Scenario};
use serde_json::{Value, json};

use super::{bad_input, print};
use crate::args::{Format, PlanArgs};
use crate::exit::Exit;
use crate::registry;

pub(super) fn plan(args: &PlanArgs) -> anyhow::Result<Exit> {
    let scenario = ackproof_scenario::load_with(&args.file, &registry::brokers(), &args.set)
        .map_err(|diagnostics| bad_input(&diagnostics))?;
    match args.format {
        Format::Json => print(&format!("{:#}\n", as_json(&scenario)))?,
        Format::Text | Format::Markdown => print(&as_text(&scenario))?,
    }
    Ok(Exit::AsExpected)
}

fn as_json(scenario: &Scenario) -> Value {
    let settings = |row: &Row| -> Value {
        let values = row
            .effective
            .iter()
            .map(|(name, value, source)| (name.to_string(), json!({ "value": value, "source": source.to_string() })));
        Value::Object(values.collect())
    };
    let setup = |row: &Row| -> Value {
        let values = row
            .setup_values()
            .into_iter()
            .map(|(path, value, source)| (path.to_owned(), json!({ "value": value, "source": source.to_string() })));
        Value::Object(values.collect())
    };
    json!({
        "scenario": scenario.name, "title": scenario.title, "broker": scenario.broker_version(),
        "client": scenario.client, "seed": scenario.seed.0, "runs": scenario.runs,
        "faults": scenario.classes.iter().map(|class| json!({ "name": class.name, "steps": class.steps, "words": words::class(&class.steps) })).collect::<Vec<_>>(),
        "rows": scenario.rows.iter().map(|row| json!({
            "id": row.id, "row": row.settings(), "settings": settings(row), "setup": setup(row),
        })).collect::<Vec<_>>(),
        "notes": scenario.notes,
    })
}

fn as_text(scenario: &Scenario) -> String {
    let mut text = format!("{}\n", scenario.title);
    let runs = scenario.rows.len() * scenario.classes.len() * scenario.runs as usize;
    text.push_str(&format!(
        "{}, {} client; {} x {} x {} (from {}) = {}\n\nColumns\n",
        scenario.broker_version(),
        scenario.client,
        words::number_of(scenario.rows.len() as u64, "row"),
        words::number_of(scenario.classes.len() as u64, "fault class"),
        words::number_of(scenario.runs.into(), "seed"),
        scenario.seed.0,
        words::number_of(runs as u64, "run"),
    ));
    for class in &scenario.classes {
        text.push_str(&format!("  {}: {}\n", class.name, words::class(&class.steps)));
    }
    text.push_str("\nRows\n");
    for row in &scenario.rows {
        let label = row.label();
        text.push_str(&format!("  {}: {}\n", row.id, if label.is_empty() { "the only row" } else { label.as_str() }));
    }
    if let Some(row) = scenario.rows.first() {
        text.push_str("\nSettings in force in the first row, with where each comes from\n");
        let width = row.effective.iter().map(|(name, _, _)| name.to_string().len()).max().unwrap_or(0);
        let known = registry::entry(scenario.broker).broker.settings_of(scenario.client);
        for (name, value, source) in row.effective.iter() {
            let modelled = known.iter().any(|s| s.section == name.section && s.key == name.key && s.modelled);
            // A default that does not act would only bury the values that do.
            if modelled || *source != ValueSource::Default {
                let inert = if modelled { "" } else { ", not modelled" };
                text.push_str(&format!("  {:width$}  {value}  ({source}{inert})\n", name.to_string()));
            }
        }
        text.push_str("\nCluster, application, workload, network, disk\n");
        for (path, value, source) in row.setup_values() {
            text.push_str(&format!("  {path:width$}  {value}  ({source})\n"));
        }
    }
    if !scenario.notes.is_empty() {
        text.push_str("\nNotes\n");
        for note in &scenario.notes {
            text.push_str(&format!("  {note}\n"));
        }
    }
    text
}
