//! `exhibits/<cell>.json`, `exhibits/<cell>.run.yaml` and `report.html`: what is shown of a run's folder, and everything
//! that is read to show it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Store, StoreError, file_name, read_json, read_manifest, read_summary, remove, write_whole};
use crate::exhibit::Exhibit;
use crate::html;
use crate::result::{Manifest, Summary};

/// Everything that a report is made of, read from the folder of a run.
#[derive(Clone, Debug)]
pub struct Results {
    pub manifest: Manifest,
    pub summary: Summary,
    /// By cell id; cells of shards, and of results that were written before there were exhibits, have none.
    pub exhibits: BTreeMap<String, Exhibit>,
}

impl Results {
    /// # Errors
    /// A file is missing, of another version, or cut off.
    pub fn read(folder: &Path) -> Result<Results, StoreError> {
        let (manifest, summary) = (read_manifest(folder)?, read_summary(folder)?);
        let mut exhibits = BTreeMap::new();
        for cell in &summary.cells {
            let path = exhibit_path(folder, &cell.id);
            if !path.exists() {
                continue;
            }
            let exhibit: Exhibit = read_json(&path)?;
            // One that an interrupted sweep left behind may be of another run.
            if cell.witness.as_ref().is_none_or(|witness| witness.seed == exhibit.seed) {
                exhibits.insert(cell.id.clone(), exhibit);
            }
        }
        Ok(Results { manifest, summary, exhibits })
    }
}

impl Store {
    /// Writes what the page shows of a cell, in place of what it showed before.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be written.
    pub fn write_exhibit(&self, exhibit: &Exhibit) -> Result<(), StoreError> {
        // An interrupted sweep may have shown a run of a cell that was not yet known to fail.
        let sample = sample_name(&exhibit.cell);
        if exhibit.file != sample {
            remove(&self.folder.join(sample))?;
        }
        let mut text = serde_json::to_string(exhibit).expect("an exhibit has only string keys");
        text.push('\n');
        write_whole(&exhibit_path(&self.folder, &exhibit.cell), &text)
    }

    /// Writes the replay of a run of a cell that breaks nothing; returns its path relative to the run's folder.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be written.
    pub fn write_sample(&self, cell: &str, text: &str) -> Result<String, StoreError> {
        let relative = sample_name(cell);
        write_whole(&self.folder.join(&relative), text)?;
        Ok(relative)
    }

    pub(super) fn remove_exhibit(&self, cell: &str) -> Result<(), StoreError> {
        remove(&self.folder.join(sample_name(cell)))?;
        remove(&exhibit_path(&self.folder, cell))
    }

    /// Where the page of the run is.
    pub fn page(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// Replaces `report.html` by the page of what the folder holds now.
    ///
    /// # Errors
    /// The folder cannot be read, or the file cannot be written.
    pub fn write_page(&self) -> Result<(), StoreError> {
        let results = Results::read(&self.folder)?;
        write_whole(&self.page(), &html::render(&results))
    }
}

fn exhibit_path(folder: &Path, cell: &str) -> PathBuf {
    folder.join("exhibits").join(format!("{}.json", file_name(cell)))
}

fn sample_name(cell: &str) -> String {
    format!("exhibits/{}.run.yaml", file_name(cell))
}
