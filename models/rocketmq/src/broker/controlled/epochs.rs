//! `epochFileCheckpoint`: at which position each master's epoch begins in this broker's log. By it two brokers find out
//! where their logs are the same.

use ackproof_core::disk::DiskError;
use ackproof_log::Epoch;

use crate::cell::{self, Cell};
use crate::store::Platter;

/// An epoch, and where it begins.
pub type Beginning = (Epoch, u64);

/// Epochs ascend, and so do their beginnings. Nobody syncs the file.
///
/// Source: `EpochFileCache`, store; `CheckpointFile.write`, common, 5.3.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct EpochFile {
    entries: Vec<Beginning>,
}

impl EpochFile {
    pub fn load(disk: &Platter) -> EpochFile {
        match disk.load(cell::EPOCHS) {
            Some(Cell::Epochs(entries)) => EpochFile { entries: entries.clone() },
            Some(_) | None => EpochFile::default(),
        }
    }
    pub fn entries(&self) -> &[Beginning] {
        &self.entries
    }
    pub fn last(&self) -> Option<(Epoch, u64)> {
        self.entries.last().copied()
    }

    /// A file is never written without an entry: the last one stays in it.
    fn save(&self, disk: &mut Platter) -> Result<(), DiskError> {
        match self.entries.is_empty() {
            true => Ok(()),
            false => disk.store(cell::EPOCHS, Cell::Epochs(self.entries.clone())),
        }
    }

    /// An epoch that is not newer than the last one, or begins where that one does, is not taken down.
    ///
    /// # Errors
    /// [`DiskError::Full`], and the process knows it all the same.
    pub fn append(&mut self, disk: &mut Platter, epoch: Epoch, start: u64) -> Result<(), DiskError> {
        if self.last().is_some_and(|(last, begun)| last >= epoch || begun >= start) {
            return Ok(());
        }
        self.entries.push((epoch, start));
        self.save(disk)
    }

    /// Forgets this epoch and those after it.
    ///
    /// # Errors
    /// [`DiskError::Full`]
    pub fn forget_from(&mut self, disk: &mut Platter, epoch: Epoch) -> Result<(), DiskError> {
        self.entries.retain(|(known, _)| *known < epoch);
        self.save(disk)
    }

    /// Forgets the epochs that begin at `end` or behind it.
    ///
    /// # Errors
    /// [`DiskError::Full`]
    pub fn truncate(&mut self, disk: &mut Platter, end: u64) -> Result<(), DiskError> {
        self.entries.retain(|(_, start)| *start < end);
        self.save(disk)
    }

    /// The epoch in which a position stands, where it ends, and which one comes next. A position before the first epoch
    /// counts to that one.
    pub fn around(&self, position: u64) -> Option<(Beginning, Option<Beginning>)> {
        let after = self.entries.partition_point(|(_, start)| *start <= position).max(1);
        Some((*self.entries.get(after - 1)?, self.entries.get(after).copied()))
    }

    /// How far this log, which ends at `end`, is that of a master: the newest epoch that begins at the same position in
    /// both, up to where the first of the two leaves it. `None` where there is no such epoch.
    ///
    /// Source: `EpochFileCache.findConsistentPoint`, store, 5.3.
    pub fn consistent_point(&self, end: u64, masters: &[Beginning], masters_end: u64) -> Option<u64> {
        let shared = self.entries.iter().rev().find(|entry| masters.contains(entry))?;
        Some(leaves(&self.entries, *shared, end).min(leaves(masters, *shared, masters_end)))
    }
}

/// Where a log that ends at `end` leaves an epoch.
fn leaves(entries: &[Beginning], epoch: Beginning, end: u64) -> u64 {
    let next = entries.iter().find(|(known, _)| *known > epoch.0);
    match next {
        Some((_, start)) => *start,
        // An end before the beginning of the last epoch is not believed.
        None if epoch.1 > end => u64::MAX,
        None => end,
    }
}

#[cfg(test)]
mod tests {
    use ackproof_core::disk::Disk;
    use ackproof_core::time::Span;

    use super::*;

    fn file(entries: &[(u32, u64)]) -> (EpochFile, Platter) {
        let (mut file, mut disk) = (EpochFile::default(), Disk::new(None, Span::ZERO));
        for &(epoch, start) in entries {
            file.append(&mut disk, Epoch(epoch), start).expect("there is room");
        }
        (file, disk)
    }
    fn point(own: &[(u32, u64)], end: u64, masters: &[(u32, u64)], masters_end: u64) -> Option<u64> {
        let (own, masters) = (file(own).0, file(masters).0);
        own.consistent_point(end, masters.entries(), masters_end)
    }

    #[test]
    fn two_logs_are_the_same_up_to_where_the_first_of_them_leaves_the_newest_epoch_that_both_have() {
        assert_eq!(point(&[(1, 0), (2, 50)], 90, &[(1, 0), (2, 50)], 70), Some(70));
        assert_eq!(point(&[(1, 0)], 90, &[(1, 0), (2, 50)], 70), Some(50));
        assert_eq!(point(&[(1, 0), (3, 60)], 90, &[(1, 0), (2, 50)], 70), Some(50));
    }

    #[test]
    fn an_epoch_that_begins_elsewhere_is_not_the_same_epoch() {
        assert_eq!(point(&[(1, 0), (2, 50)], 90, &[(1, 0), (2, 80)], 85), Some(50));
        assert_eq!(point(&[(1, 0)], 90, &[(1, 80)], 85), None);
    }

    #[test]
    fn an_epoch_without_entries_is_never_taken_down_and_the_last_one_is_never_taken_out_of_the_file() {
        let (mut file, mut disk) = file(&[(1, 0), (2, 0), (3, 10)]);
        assert_eq!(file.entries(), [(Epoch(1), 0), (Epoch(3), 10)]);
        file.truncate(&mut disk, 0).expect("there is room");
        assert_eq!((file.entries(), EpochFile::load(&disk).entries().len()), (&[][..], 2));
    }
}
