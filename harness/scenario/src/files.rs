//! The one place that reads files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Scenarios and configuration files are small; whatever is larger is not one of them.
pub(crate) const BYTES_MAX: u64 = 1 << 20;

/// Where the files are that a scenario names.
#[derive(Clone, Debug)]
pub(crate) enum Folder {
    /// Relative to this path.
    At(PathBuf),
    /// Nowhere: the scenario is built in and names none.
    Nowhere,
}

impl Folder {
    /// The folder of a file.
    pub fn of(path: &Path) -> Folder {
        Folder::At(path.parent().map_or_else(PathBuf::new, Path::to_path_buf))
    }

    /// # Errors
    /// Why there is no such text, in words that follow the file's name.
    pub fn read(&self, name: &str) -> Result<String, String> {
        match self {
            Folder::At(folder) => read(&folder.join(name)),
            Folder::Nowhere => Err("a built-in scenario cannot read files: copy it to a file of your own".to_owned()),
        }
    }
}

/// The text of a small file. A file that is too large is refused without being read whole.
///
/// # Errors
/// Why there is no such text, in words that follow the file's name.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {}", reason(&error)))?;
    let is_folder = file.metadata().is_ok_and(|metadata| metadata.is_dir());
    if is_folder {
        return Err("is a folder, not a file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {}", reason(&error)))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err("is larger than 1 MiB, which no scenario and no configuration file needs".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes[..valid].iter().filter(|&&byte| byte == b'\n').count() + 1;
        format!("is not UTF-8 text: byte 0x{:02x} in line {line}", bytes[valid])
    })
}

/// The system's words without its error number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}
