//! The folders that shards left behind: found at any depth, read as far as it takes to know which plan and which part of
//! it each belongs to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ackproof_report::result::Manifest;
use ackproof_report::store;

use super::Trouble;
use crate::shard::{Asked, Shard};

/// The results of one shard.
#[derive(Clone, Debug)]
pub struct Part {
    pub folder: PathBuf,
    pub manifest: Manifest,
    pub shard: Shard,
}

/// Every shard under these folders, by scenario; of each scenario those that are of one plan and one cut of it.
pub fn find(roots: &[PathBuf], troubles: &mut Vec<Trouble>) -> BTreeMap<String, Vec<Part>> {
    let mut scenarios: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    let mut seen = Vec::new();
    for root in roots {
        let before = (seen.len(), troubles.len());
        for folder in folders(root, troubles) {
            // The same folder may be given twice, or be reached by two ways.
            let place = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
            if seen.contains(&place) {
                continue;
            }
            match read(folder, root) {
                Ok(None) => continue,
                Ok(Some(part)) => scenarios.entry(part.manifest.scenario.clone()).or_default().push(part),
                Err(trouble) => troubles.push(trouble),
            }
            seen.push(place);
        }
        if before == (seen.len(), troubles.len()) {
            troubles.push(Trouble::input(format!(
                "{}: no results of shards here; expected folders with a manifest.json, as `run --shard` makes them",
                root.display()
            )));
        }
    }
    scenarios.into_iter().map(|(scenario, parts)| (scenario, of_one_cut(parts, troubles))).collect()
}

/// Every folder with a manifest from `root` on, in the order of their paths. What is behind a link to a folder is not
/// looked at: links may go in circles.
fn folders(root: &Path, troubles: &mut Vec<Trouble>) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = left.pop() {
        let entries = fs::read_dir(&folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let entries = match entries {
            Ok(entries) => entries,
            Err(why) => {
                troubles.push(Trouble::input(format!("cannot read {}: {why}", folder.display())));
                continue;
            }
        };
        if entries.iter().any(|entry| entry.file_name() == "manifest.json") {
            found.push(folder);
        } else {
            let inner = entries.into_iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            left.extend(inner.map(|entry| entry.path()));
        }
    }
    found.sort();
    found
}

/// `None` for a whole sweep's folder that lies among those of shards.
fn read(folder: PathBuf, root: &Path) -> Result<Option<Part>, Trouble> {
    let manifest = store::read_manifest(&folder).map_err(Trouble::from)?;
    let shown = folder.display();
    let Some(shard) = &manifest.shard else {
        return if folder == root {
            Err(Trouble::input(format!(
                "{shown}: the results of a whole sweep, not of a shard: there is nothing to join"
            )))
        } else {
            Ok(None)
        };
    };
    match shard.parse::<Asked>() {
        Ok(Asked(Some(shard))) => Ok(Some(Part { folder, manifest, shard })),
        Ok(Asked(None)) | Err(_) => {
            Err(Trouble::input(format!("{shown}/manifest.json: `{shard}` is no part of several, such as 2/5")))
        }
    }
}

/// Of these parts those that most others are of one plan with, and of these those that cut it into as many shards.
fn of_one_cut(parts: Vec<Part>, troubles: &mut Vec<Trouble>) -> Vec<Part> {
    let same_plan = keep_most(
        parts,
        |part| part.manifest.plan.clone(),
        |left_out, kept| {
            let plan = |part: &Part| part.manifest.plan.chars().take(12).collect::<String>();
            let (shown, other) = (left_out.folder.display(), kept.folder.display());
            let (found, wanted) = (plan(left_out), plan(kept));
            let what = "the scenario, its files, an option or the program has changed in between";
            troubles
                .push(Trouble::input(format!("{shown}: of another plan ({found}) than {other} ({wanted}): {what}")));
        },
    );
    keep_most(
        same_plan,
        |part| part.shard.total(),
        |left_out, kept| {
            let (shown, other) = (left_out.folder.display(), kept.folder.display());
            let (found, wanted) = (left_out.shard, kept.shard);
            troubles.push(Trouble::input(format!(
                "{shown}: shard {found}, where {other} is shard {wanted}: two ways to cut one plan do not fit together"
            )));
        },
    )
}

/// The parts with the commonest key, the first of several; every other one is told, beside the first that is kept. In the
/// order of their shards, then of their folders.
fn keep_most<K: Ord>(parts: Vec<Part>, key: impl Fn(&Part) -> K, mut tell: impl FnMut(&Part, &Part)) -> Vec<Part> {
    let mut groups: Vec<(K, Vec<Part>)> = Vec::new();
    for part in parts {
        let key = key(&part);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(part),
            None => groups.push((key, vec![part])),
        }
    }
    let most = groups.iter().map(|(_, group)| group.len()).max().unwrap_or(0);
    let Some(kept) = groups.iter().position(|(_, group)| group.len() == most) else { return Vec::new() };
    let (_, mut kept) = groups.remove(kept);
    for left_out in groups.iter().flat_map(|(_, group)| group) {
        tell(left_out, &kept[0]);
    }
    kept.sort_by(|a, b| (a.shard, &a.folder).cmp(&(b.shard, &b.folder)));
    kept
}
