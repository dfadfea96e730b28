//! The results folder: `results/<scenario>/<run>/` with `manifest.json`, `cells/<id>.jsonl`, `failures/` and
//! `summary.json`, and `results/<scenario>/latest` beside it.
//!
//! The name of a run comes from its plan and not from a clock, so running the same command again finds the folder of
//! an interrupted sweep and goes on there. A line is in the file as soon as its run has ended. What is replaced is
//! replaced as a whole, so a reader never sees half a summary.

pub mod lines;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ackproof_core::seed::Seed;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::result::{Manifest, RunLine, Summary, VERSION};

use lines::{Line, Lines};
pub use page::Results;

/// Why results could not be written or read; each names the path.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("cannot {verb} {path}: {why}", path = path.display())]
    Io { verb: &'static str, path: PathBuf, why: io::Error },
    #[error("{path}:{line}: not a result of this program: {why}", path = path.display())]
    BadLine { path: PathBuf, line: usize, why: String },
    #[error("{path}: written in version {found} of the format; this program reads version {VERSION}", path = path.display())]
    OtherVersion { path: PathBuf, found: u64 },
    #[error(
        "{path}: these results belong to another plan ({found}, now {wanted}); move the folder away or pass another --out",
        path = path.display()
    )]
    OtherPlan { path: PathBuf, found: String, wanted: String },
    #[error("{path}: another process is writing results here", path = path.display())]
    InUse { path: PathBuf },
    #[error(
        "{path}: the sweep has not ended, so there is no summary; run the same command again to go on with it",
        path = path.display()
    )]
    NoSummary { path: PathBuf },
    #[error(
        "{path}:{line}: seed {seed} has another result in {other}:{other_line}: two runs that should be the same differ",
        path = path.display(), other = other.display()
    )]
    Conflict { path: PathBuf, line: usize, other: PathBuf, other_line: usize, seed: u64 },
    #[error("{path}: larger than {max} bytes, which no such file is", path = path.display())]
    TooLarge { path: PathBuf, max: u64 },
    #[error("{path}: no results here; expected a folder with a manifest.json, or a file named `latest`", path = path.display())]
    NoResults { path: PathBuf },
}

/// The last line of a file that was cut short when the sweep was interrupted. Its run is repeated.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct DroppedLine {
    pub path: PathBuf,
    /// From 1.
    pub line: usize,
}

/// What a results folder held, or holds.
#[derive(Debug, Default)]
pub struct Recorded {
    /// By cell id. Each seed once; runs that broke are here too.
    pub runs: BTreeMap<String, Vec<RunLine>>,
    pub dropped: Vec<DroppedLine>,
    /// Runs that are there twice with the same result, of which one is left out.
    pub repeated: u64,
}

impl Recorded {
    /// Seeds of the cell that need not be run again: those that ended without a bug of ours.
    pub fn done(&self, cell: &str) -> BTreeSet<Seed> {
        self.runs(cell).iter().filter(|run| run.broken.is_none()).map(|run| run.seed).collect()
    }
    pub fn runs(&self, cell: &str) -> &[RunLine] {
        self.runs.get(cell).map_or(&[], Vec::as_slice)
    }
}

/// A results folder that is being written. May be shared between threads.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    appending: Mutex<()>,
    /// Held for as long as the store lives, so that no second process writes here.
    _lock: Option<File>,
}

/// The name of a run's folder: twelve digits of its plan, and its shard.
pub fn run_name(plan: &str, shard: Option<&str>) -> String {
    let plan: String = plan.chars().take(12).collect();
    match shard {
        Some(shard) => file_name(&format!("{plan}-shard-{}", shard.replace('/', "-of-"))),
        None => file_name(&plan),
    }
}

/// The id of a cell: its row (from 1), its column (from 1) and the fault class, `r2-f3-all-power`. Unique in a plan
/// and safe as the name of a file.
pub fn cell_id(row: usize, column: usize, fault: &str) -> String {
    file_name(&format!("r{row}-f{column}-{fault}"))
}

/// `name` with everything but letters, digits, `.`, `_` and `-` replaced, so that it is one file name everywhere.
pub fn file_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .take(100)
        .collect();
    match safe.trim_start_matches('.') {
        "" => "unnamed".to_owned(),
        visible => visible.to_owned(),
    }
}

impl Store {
    /// Opens the folder of this plan under `out`, makes it where there is none, and reads what is already there.
    ///
    /// # Errors
    /// The folder cannot be made or written, belongs to another plan, is being written by another process, or holds
    /// a line that is no result.
    pub fn open(out: &Path, manifest: &Manifest) -> Result<(Store, Recorded), StoreError> {
        let scenario = out.join(file_name(&manifest.scenario));
        let name = run_name(&manifest.plan, manifest.shard.as_deref());
        let folder = scenario.join(&name);
        for path in ["cells", "failures", "exhibits"].map(|name| folder.join(name)) {
            fs::create_dir_all(&path).map_err(|why| io_error("make the folder", &path, why))?;
        }
        let path = folder.join("manifest.json");
        if path.exists() {
            let found: Manifest = read_json(&path)?;
            if found.plan != manifest.plan {
                return Err(StoreError::OtherPlan { path, found: found.plan, wanted: manifest.plan.clone() });
            }
        } else {
            write_whole(&path, &to_json(manifest))?;
        }
        let lock = lock(&path)?;
        let recorded = read_cells(&folder, Damage::Repair)?;
        write_whole(&scenario.join("latest"), &format!("{name}\n"))?;
        Ok((Store { folder, appending: Mutex::new(()), _lock: lock }, recorded))
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds the line of a run that ended. Either the whole line is there afterwards, or nothing of it.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be written.
    pub fn append(&self, cell: &str, run: &RunLine) -> Result<(), StoreError> {
        let path = cell_path(&self.folder, cell);
        let line = to_line(run);
        let _one_at_a_time = self.appending.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let failed = |why| io_error("write", &path, why);
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        file.write_all(line.as_bytes()).map_err(|why| {
            // Half a line in the middle of a file would make the whole file unreadable.
            let _ = file.set_len(length);
            io_error("write", &path, why)
        })
    }

    /// Replaces the file of a cell by these runs; without any, there is none afterwards.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be written.
    pub fn write_cell(&self, cell: &str, runs: &[RunLine]) -> Result<(), StoreError> {
        let path = cell_path(&self.folder, cell);
        if runs.is_empty() {
            return match fs::remove_file(&path) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => Err(io_error("remove", &path, why)),
                Ok(()) | Err(_) => Ok(()),
            };
        }
        write_with(&path, |file| {
            let mut file = BufWriter::new(file);
            runs.iter().try_for_each(|run| file.write_all(to_line(run).as_bytes()))?;
            file.flush()
        })
    }

    /// Writes `failures/<name>` and returns its path relative to the run's folder, as [`crate::result::Witness`]
    /// names it.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be written.
    pub fn write_failure(&self, name: &str, text: &str) -> Result<String, StoreError> {
        let relative = format!("failures/{}", file_name(name));
        write_whole(&self.folder.join(&relative), text)?;
        Ok(relative)
    }

    /// Removes what is kept of a cell's failures, and its exhibit.
    ///
    /// # Errors
    /// The folder cannot be read, or a file not removed.
    pub fn remove_failures(&self, cell: &str) -> Result<(), StoreError> {
        let folder = self.folder.join("failures");
        let begins = format!("{}-", file_name(cell));
        for entry in fs::read_dir(&folder).map_err(|why| io_error("read", &folder, why))? {
            let path = entry.map_err(|why| io_error("read", &folder, why))?.path();
            let is_of_it =
                path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&begins));
            if is_of_it {
                remove(&path)?;
            }
        }
        self.remove_exhibit(cell)
    }

    /// Replaces `summary.json`.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be written.
    pub fn write_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        write_whole(&self.folder.join("summary.json"), &summary.json())
    }
}

/// Bytes of the longest name of a folder.
const NAME_MAX: u64 = 4096;

/// The run folder that `path` means: itself, or the one that its `latest` names.
///
/// # Errors
/// Neither is there.
pub fn find(path: &Path) -> Result<PathBuf, StoreError> {
    if path.join("manifest.json").is_file() {
        return Ok(path.to_owned());
    }
    let latest = path.join("latest");
    let mut name = String::new();
    let read = lines::open(&latest).map(|(file, _)| file.take(NAME_MAX).read_to_string(&mut name));
    if !matches!(read, Ok(Ok(_))) {
        return Err(StoreError::NoResults { path: path.to_owned() });
    }
    let folder = path.join(file_name(name.trim()));
    if folder.join("manifest.json").is_file() { Ok(folder) } else { Err(StoreError::NoResults { path: folder }) }
}

/// # Errors
/// The file is missing, of another version, or no manifest.
pub fn read_manifest(folder: &Path) -> Result<Manifest, StoreError> {
    read_json(&folder.join("manifest.json"))
}

/// # Errors
/// The file is missing, of another version, or no summary.
pub fn read_summary(folder: &Path) -> Result<Summary, StoreError> {
    let path = folder.join("summary.json");
    if path.exists() { read_json(&path) } else { Err(StoreError::NoSummary { path: folder.to_owned() }) }
}

/// Every run that ended, without touching the folder.
///
/// # Errors
/// A file cannot be read, or a line other than the last of its file is no result.
pub fn read_runs(folder: &Path) -> Result<Recorded, StoreError> {
    read_cells(folder, Damage::Leave)
}

/// What to do with a line that was cut short.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Damage {
    /// Cut it off, since the next line would be written right behind it.
    Repair,
    Leave,
}

fn read_cells(folder: &Path, damage: Damage) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded::default();
    for (cell, path) in cell_files(folder)? {
        let runs = read_cell(&path, damage, &mut recorded)?;
        recorded.runs.insert(cell, runs);
    }
    Ok(recorded)
}

/// The files of runs of a run's folder, each with the id of its cell, in the order of their names.
///
/// # Errors
/// The folder of cells cannot be read.
pub fn cell_files(folder: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let cells = folder.join("cells");
    let failed = |why| io_error("read", &cells, why);
    let mut files = Vec::new();
    for entry in fs::read_dir(&cells).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".jsonl"));
        files.extend(name.map(str::to_owned).map(|cell| (cell, path)));
    }
    files.sort();
    Ok(files)
}

fn read_cell(path: &Path, damage: Damage, recorded: &mut Recorded) -> Result<Vec<RunLine>, StoreError> {
    // The last line of a seed that broke wins: it is run again and written again.
    let mut runs: BTreeMap<Seed, (usize, RunLine)> = BTreeMap::new();
    let mut lines = Lines::open(path)?;
    while let Some((line, found)) = lines.next_line()? {
        match found {
            Line::Bad(error) => return Err(error),
            Line::CutShort { begins } => {
                recorded.dropped.push(DroppedLine { path: path.to_owned(), line });
                if damage == Damage::Repair {
                    let file = OpenOptions::new().write(true).open(path);
                    file.and_then(|file| file.set_len(begins)).map_err(|why| io_error("repair", path, why))?;
                }
            }
            Line::Run(run) => match runs.get(&run.seed) {
                Some((_, before)) if before == &*run => recorded.repeated += 1,
                Some((other_line, before)) if before.broken.is_none() && run.broken.is_none() => {
                    let (path, seed) = (path.to_owned(), run.seed.0);
                    return Err(StoreError::Conflict {
                        other: path.clone(),
                        other_line: *other_line,
                        path,
                        line,
                        seed,
                    });
                }
                Some((_, before)) if before.broken.is_none() => recorded.repeated += 1,
                Some(_) | None => {
                    runs.insert(run.seed, (line, *run));
                }
            },
        }
    }
    Ok(runs.into_values().map(|(_, run)| run).collect())
}

fn cell_path(folder: &Path, cell: &str) -> PathBuf {
    folder.join("cells").join(format!("{}.jsonl", file_name(cell)))
}

fn to_line(run: &RunLine) -> String {
    let mut line = serde_json::to_string(run).expect("a run has only string keys and finite numbers");
    line.push('\n');
    line
}

fn to_json(manifest: &Manifest) -> String {
    let mut text = serde_json::to_string_pretty(manifest).expect("a manifest has only string keys");
    text.push('\n');
    text
}

/// The largest file of one object that is read, in bytes: ten times that of the largest matrix here.
const OBJECT_MAX: u64 = 1 << 28;

/// Reads a file of one object, looking at its version before its shape.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let (file, metadata) = lines::open(path)?;
    if metadata.len() > OBJECT_MAX {
        return Err(StoreError::TooLarge { path: path.to_owned(), max: OBJECT_MAX });
    }
    let mut text = String::new();
    file.take(OBJECT_MAX).read_to_string(&mut text).map_err(|why| io_error("read", path, why))?;
    let bad = |error: serde_json::Error| StoreError::BadLine {
        path: path.to_owned(),
        line: error.line(),
        why: error.to_string(),
    };
    #[derive(serde::Deserialize)]
    struct Version {
        v: Option<u64>,
    }
    match serde_json::from_str::<Version>(&text).map_err(bad)?.v {
        Some(found) if found != u64::from(VERSION) => Err(StoreError::OtherVersion { path: path.to_owned(), found }),
        Some(_) | None => serde_json::from_str(&text).map_err(bad),
    }
}

/// Writes beside the file and then renames, so that the file is always whole: the old or the new one.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), StoreError> {
    write_with(path, |file| file.write_all(text.as_bytes()))
}

fn write_with(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = File::create(&beside)
        .and_then(|mut file| write(&mut file).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|why| {
        let _ = fs::remove_file(&beside);
        io_error("write", path, why)
    })
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path, why)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes the folder for this process. A file system without locks is no reason to refuse work.
fn lock(path: &Path) -> Result<Option<File>, StoreError> {
    let file = File::open(path).map_err(|why| io_error("read", path, why))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn io_error(verb: &'static str, path: &Path, why: io::Error) -> StoreError {
    StoreError::Io { verb, path: path.to_owned(), why }
}
