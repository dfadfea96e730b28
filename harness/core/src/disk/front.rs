//! Files that lose their beginning: a broker deletes the oldest records of a log, and positions stay what they were.
//!
//! Stands for logs that are kept in several files, of which whole ones are deleted.

use super::{Disk, File, FileId};

impl<R: Clone, C: Clone> Disk<R, C> {
    /// Position of the first record that is left; one past the last one when none is.
    pub fn start(&self, file: FileId) -> u64 {
        self.files.get(usize::from(file.0)).map_or(0, |file| file.start)
    }

    /// Drops every record before `start`, which is no later than the end of the file. What is left keeps its position
    /// and is as durable as it was.
    pub fn drop_front(&mut self, file: FileId, start: u64) {
        self.writes += 1;
        let file = self.file_mut(file);
        assert!(start <= file.len(), "records from {} on were to be dropped up to {start}", file.len());
        if start > file.start {
            file.records.drain(..(start - file.start) as usize);
            file.start = start;
            file.durable = file.durable.max(start);
            file.hole = file.hole.map(|hole| hole.max(start));
        }
    }

    /// Drops every record; the next one will be at `start`.
    pub fn restart(&mut self, file: FileId, start: u64) {
        self.writes += 1;
        self.pending.retain(|sync| sync.target.file() != Some(file));
        *self.file_mut(file) = File { start, durable: start, ..File::default() };
    }
}
