//! What differs between two results beside what they came to: the reader must know it before believing a comparison.

use crate::baseline::{Baseline, Settings};

/// So many settings are named.
const NAMED: usize = 8;

pub(super) fn differs(base: &Baseline, head: &Baseline) -> Vec<String> {
    let mut differs = Vec::new();
    let mut note = |what: &str, before: &str, after: &str| {
        if before != after {
            differs.push(format!("{what}: {before}, now {after}"));
        }
    };
    note("scenario", &base.scenario, &head.scenario);
    note("broker", &base.broker, &head.broker);
    note("engine", &base.engine, &head.engine);
    note("ackproof", &base.ackproof, &head.ackproof);
    note("first seed", &base.seed.to_string(), &head.seed.to_string());
    note("runs per cell", &base.runs.to_string(), &head.runs.to_string());
    differs.extend(settings(&base.config, &head.config));
    if let (Some(before), Some(after)) = (&base.setup, &head.setup) {
        differs.extend(settings(before, after));
    }
    differs
}

fn settings(base: &Settings, head: &Settings) -> Vec<String> {
    let default = "not set".to_owned();
    let mut names: Vec<&String> = base.keys().chain(head.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names.into_iter().filter_map(|name| {
        let (before, after) = (base.get(name).unwrap_or(&default), head.get(name).unwrap_or(&default));
        (before != after).then(|| format!("{name}: {before}, now {after}"))
    });
    let mut changed: Vec<String> = changed.collect();
    if changed.len() > NAMED {
        let more = changed.len() - NAMED;
        changed.truncate(NAMED);
        changed.push(format!("and {more} more settings"));
    }
    changed
}
