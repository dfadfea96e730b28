//! The short name of a replay file, for `replay TOKEN`: eight letters that are read from a screen without mistakes.

use std::path::{Path, PathBuf};

/// Crockford's alphabet: no I, L, O, U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The token of a replay file's text: `kfk1-9T4M-ZQ2C`.
pub fn of(prefix: &str, replay: &str) -> String {
    let hash = blake3::hash(replay.as_bytes());
    let letters: String =
        hash.as_bytes().iter().take(8).map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect();
    format!("{prefix}-{}-{}", &letters[..4], &letters[4..])
}

/// Whether a word could be a token, and not the name of a file.
pub fn looks_like_one(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let four = |part: &str| part.len() == 4 && part.chars().all(|c| c.is_ascii_alphanumeric());
    matches!(parts[..], [prefix, a, b] if four(prefix) && four(a) && four(b))
}

/// The replay file with this token among the failures, and the runs that pages show, of all results under `out`.
pub fn find(token: &str, out: &Path) -> Option<PathBuf> {
    let prefix = token.split('-').next()?.to_ascii_lowercase();
    let mut files = Vec::new();
    for scenario in folders(out) {
        for run in folders(&scenario) {
            for folder in ["failures", "exhibits"] {
                let entries = std::fs::read_dir(run.join(folder)).into_iter().flatten().flatten();
                let paths = entries.map(|entry| entry.path());
                files.extend(paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")));
            }
        }
    }
    files.sort();
    files
        .into_iter()
        .find(|file| std::fs::read_to_string(file).is_ok_and(|text| of(&prefix, &text).eq_ignore_ascii_case(token)))
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_fixed_by_the_text_and_looks_like_one() {
        let token = of("kfk1", "title: x");
        assert_eq!(token, of("kfk1", "title: x"));
        assert_ne!(token, of("kfk1", "title: y"));
        assert!(looks_like_one(&token) && !looks_like_one("orders.replay.yaml") && !looks_like_one("kfk1-9T4M"));
    }

    #[test]
    fn a_token_finds_its_file_in_any_case() {
        let out = tempfile::tempdir().unwrap();
        let failures = out.path().join("orders/abc/failures");
        std::fs::create_dir_all(&failures).unwrap();
        std::fs::write(failures.join("a.replay.yaml"), "title: x").unwrap();
        let token = of("kfk1", "title: x").to_ascii_lowercase();
        assert_eq!(find(&token, out.path()), Some(failures.join("a.replay.yaml")));
        assert_eq!(find("kfk1-0000-0000", out.path()), None);
    }
}
