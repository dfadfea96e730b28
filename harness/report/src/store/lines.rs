//! Files of runs, read line by line: whatever such a file holds, and however long it is, no more than one line of it is
//! in memory, and what is wrong with it is said with its line.

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::{StoreError, io_error};
use crate::result::{RunLine, VERSION};

/// The longest line that is read, in bytes. The largest that a run can come to is a tenth of it.
pub const LINE_MAX: usize = 1 << 20;

/// One line of a file of runs.
#[derive(Debug)]
pub enum Line {
    Run(Box<RunLine>),
    /// The last line lacks its end: whoever wrote it was interrupted. `begins` is where, in bytes.
    CutShort {
        begins: u64,
    },
    /// It is no run of this version of the format.
    Bad(StoreError),
}

/// The lines of one file, in order; each with its number, from 1.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: usize,
    /// Bytes before the next line.
    begins: u64,
    text: Vec<u8>,
}

/// What may hold bytes that somebody wrote: an ordinary file, by itself or behind a link.
///
/// # Errors
/// There is none, it cannot be opened, or it is something else, such as a folder or a pipe, which could be read for ever.
pub(super) fn open(path: &Path) -> Result<(File, Metadata), StoreError> {
    let failed = |why| io_error("read", path, why);
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "it is a folder, not a file" } else { "it is no ordinary file" };
        return Err(failed(io::Error::other(what)));
    }
    Ok((File::open(path).map_err(failed)?, metadata))
}

impl Lines {
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Lines, StoreError> {
        let (file, _) = open(path)?;
        Ok(Lines { path: path.to_owned(), reader: BufReader::new(file), line: 0, begins: 0, text: Vec::new() })
    }

    /// The next line; `None` at the end of the file.
    ///
    /// # Errors
    /// The file cannot be read on.
    pub fn next_line(&mut self) -> Result<Option<(usize, Line)>, StoreError> {
        let begins = self.begins;
        let read = self.read_line().map_err(|why| io_error("read", &self.path, why))?;
        let (line, path) = (self.line + 1, &self.path);
        let bad = |why: String| Line::Bad(StoreError::BadLine { path: path.clone(), line, why });
        let found = match read {
            Read::Nothing => return Ok(None),
            Read::TooLong => bad(format!("longer than {LINE_MAX} bytes, which no run's line is")),
            Read::CutShort => Line::CutShort { begins },
            Read::Whole => match parse(&self.text) {
                Ok(run) => Line::Run(Box::new(run)),
                Err(Unread::OtherVersion(found)) => Line::Bad(StoreError::OtherVersion { path: path.clone(), found }),
                Err(Unread::NoRun(why)) => bad(why),
            },
        };
        self.line = line;
        Ok(Some((line, found)))
    }

    /// Reads up to the next end of a line, and keeps no more than [`LINE_MAX`] bytes of it.
    fn read_line(&mut self) -> io::Result<Read> {
        self.text.clear();
        let mut is_too_long = false;
        loop {
            let read = match self.reader.fill_buf() {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if read.is_empty() {
                return Ok(match (is_too_long, self.text.is_empty()) {
                    (true, _) => Read::TooLong,
                    (false, true) => Read::Nothing,
                    (false, false) => Read::CutShort,
                });
            }
            let end = read.iter().position(|&byte| byte == b'\n');
            let part = end.map_or(read.len(), |end| end + 1);
            is_too_long |= self.text.len() + part > LINE_MAX;
            if !is_too_long {
                self.text.extend_from_slice(&read[..part]);
            }
            self.reader.consume(part);
            self.begins += part as u64;
            if end.is_some() {
                return Ok(if is_too_long { Read::TooLong } else { Read::Whole });
            }
        }
    }
}

/// What was read up to the end of a line.
enum Read {
    Nothing,
    Whole,
    CutShort,
    TooLong,
}

/// Why a line is no run.
enum Unread {
    OtherVersion(u64),
    NoRun(String),
}

fn parse(text: &[u8]) -> Result<RunLine, Unread> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u64,
    }
    match serde_json::from_slice::<RunLine>(text) {
        Ok(run) if run.v == VERSION => Ok(run),
        Ok(run) => Err(Unread::OtherVersion(u64::from(run.v))),
        // Another version may have another shape: what to say of it depends on that.
        Err(error) => match serde_json::from_slice::<Version>(text) {
            Ok(Version { v }) if v != u64::from(VERSION) => Err(Unread::OtherVersion(v)),
            Ok(_) | Err(_) => Err(Unread::NoRun(without_its_line(&error))),
        },
    }
}

/// An error of a text of one line, without its line, which is that of a larger text.
fn without_its_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what} in column {}", error.column()),
        None => text,
    }
}
