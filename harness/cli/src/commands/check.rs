//! `check`: validate without running.

use ackproof_report::words::number_of;
use ackproof_scenario::{Diagnostics, Note};
use serde_json::json;

use super::print;
use crate::aloud::say;
use crate::args::{CheckArgs, Format};
use crate::exit::Exit;
use crate::registry;

pub(super) fn check(args: &CheckArgs) -> anyhow::Result<Exit> {
    let brokers = registry::brokers();
    let mut exit = Exit::AsExpected;
    let mut objects = Vec::new();
    for file in &args.files {
        let is_replay = file.to_string_lossy().ends_with(".replay.yaml");
        let read = if is_replay {
            ackproof_scenario::load_replay(file, &brokers, &[]).map(|replay| replay.scenario)
        } else {
            ackproof_scenario::load(file, &brokers)
        };
        let name = file.display();
        match read {
            Ok(scenario) => match args.format {
                Format::Json => objects.push(json!({
                    "file": name.to_string(), "ok": true, "rows": scenario.rows.len(),
                    "faults": scenario.classes.len(), "runs": scenario.runs,
                    "notes": scenario.notes, "diagnostics": scenario.warnings.located(),
                })),
                Format::Text | Format::Markdown => {
                    let (rows, classes) = (scenario.rows.len(), scenario.classes.len());
                    let parts = [(rows as u64, "row"), (classes as u64, "fault class"), (scenario.runs.into(), "run")];
                    let cells = parts.map(|(n, what)| number_of(n, what)).join(" x ");
                    print(&format!("{name}: ok, {}: {cells}\n", scenario.broker_version()))?;
                    print_warnings(&scenario.warnings)?;
                    for note in scenario.notes.iter().filter(|note| !is_warned_of(note)) {
                        print(&format!("  note: {note}\n"))?;
                    }
                }
            },
            Err(diagnostics) => {
                exit = Exit::BadInput;
                match args.format {
                    Format::Json => objects.push(json!({
                        "file": name.to_string(), "ok": false, "diagnostics": diagnostics.located(),
                    })),
                    Format::Text | Format::Markdown => {
                        say(format_args!("{}\n", super::bad_input(&diagnostics).text));
                    }
                }
            }
        }
    }
    if args.format == Format::Json {
        print(&format!("{:#}\n", json!(objects)))?;
    }
    Ok(exit)
}

/// Whether a warning, which has its file, says the same.
fn is_warned_of(note: &Note) -> bool {
    match note {
        Note::Trap { .. } => true,
        Note::NotModelled { .. } | Note::Collapsed { .. } | Note::FromFile { .. } | Note::Fixed { .. } => false,
    }
}

fn print_warnings(warnings: &Diagnostics) -> anyhow::Result<()> {
    if warnings.is_empty() { Ok(()) } else { print(&format!("{}\n", warnings.render(false))) }
}
