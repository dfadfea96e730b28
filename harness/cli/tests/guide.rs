//! The guide under `docs/`: every transcript is run, every YAML example is checked, every page is in the table of contents.
//!
//! A page has a folder of its own. `<!-- file: NAME -->` before a block writes the block there; `<!-- section -->` puts it
//! over the parts of a scenario that it names and checks the whole. Lines behind `$ ackproof ...` are what is printed: `...`
//! stands for any lines, `[..]` for anything within one, `? 1` for an exit code.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/src");

/// What a section is put over.
const BASE: &str = "broker: kafka@4.1\nconfig: { topic: { replication.factor: 3 } }\nmatrix: { acks: [1, all] }\n\
    faults:\n  none: []\n  leader-killed: [ { kill: leader } ]\n  all-power: [ { power_loss: all-brokers } ]\n";

macro_rules! pages {
    ($($name:ident => $file:literal,)*) => {
        const PAGES: &[&str] = &[$($file),*];
        $(#[test] fn $name() { run_page($file); })*
    };
}

pages! {
    what_it_is => "what-it-is.md",
    first_run => "first-run.md",
    reading_a_matrix => "reading-a-matrix.md",
    writing_scenarios => "writing-scenarios.md",
    your_own_files => "your-own-files.md",
    expectations => "expectations.md",
    replay_and_explain => "replay-and-explain.md",
    results => "results.md",
    ci => "ci.md",
    testing => "testing.md",
    models => "models.md",
    statistics => "statistics.md",
    extending => "extending.md",
}

fn read(name: &str) -> String {
    let path = Path::new(FOLDER).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files that a page links to, without their anchors.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.map(|target| target.split('#').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_page_is_in_the_table_of_contents_and_every_link_leads_somewhere() {
    assert_eq!(links(&read("SUMMARY.md")), PAGES);
    let mut found: Vec<String> = std::fs::read_dir(FOLDER)
        .expect("the guide is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "SUMMARY.md")
        .collect();
    found.sort();
    let mut listed: Vec<&str> = PAGES.to_vec();
    listed.sort_unstable();
    assert_eq!(found, listed);
    for page in PAGES {
        for link in links(&read(page)).iter().filter(|link| !link.is_empty() && !link.starts_with("http")) {
            assert!(Path::new(FOLDER).join(link).exists(), "{page} links to {link}");
        }
    }
}

/// A fenced block: its language, the comment before it, its lines.
struct Block {
    language: String,
    mark: String,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut all, mut open): (Vec<Block>, Option<Block>) = (Vec::new(), None);
    let mut last = String::new();
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let mark = last.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")).unwrap_or_default();
                open = Some(Block { language: language.to_owned(), mark: mark.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => all.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
        line.clone_into(&mut last);
    }
    assert!(open.is_none(), "a block does not end");
    all
}

fn run_page(page: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    for block in blocks(&read(page)) {
        if let Some(name) = block.mark.strip_prefix("file: ") {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
            std::fs::write(path, &block.text).expect("a file can be written");
        } else if block.mark == "section" {
            check_section(page, &block.text, &folder);
        } else if block.language == "console" {
            run_transcript(page, &block.text, &folder);
        } else {
            assert!(block.language != "yaml", "{page}: a YAML example that nothing checks:\n{}", block.text);
        }
    }
}

fn check_section(page: &str, text: &str, folder: &TempDir) {
    let parse = |text: &str| -> serde_json::Map<String, Value> {
        let value: serde_yaml::Value =
            serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{page}: {error}\n{text}"));
        serde_json::to_value(value).expect("plain data").as_object().expect("a map").clone()
    };
    let mut whole = parse(BASE);
    whole.extend(parse(text));
    // JSON is YAML.
    std::fs::write(folder.path().join("section.yaml"), Value::Object(whole).to_string()).expect("it can be written");
    let (code, printed) = ackproof(&["check".to_owned(), "section.yaml".to_owned()], folder);
    assert_eq!(code, 0, "{page}:\n{text}\n{printed}");
}

fn run_transcript(page: &str, text: &str, folder: &TempDir) {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((_, expected))) => {
                expected.push_str(line);
                expected.push('\n');
            }
            (None, None) => panic!("{page}: a transcript begins with `$ `:\n{text}"),
        }
    }
    for (command, expected) in commands {
        let (code, expected) = match expected.strip_prefix("? ").and_then(|rest| rest.split_once('\n')) {
            Some((code, rest)) => (code.parse().expect("an exit code"), rest.to_owned()),
            None => (0, expected),
        };
        let words = words(&command, folder.path());
        assert_eq!(words[0], "ackproof", "{page}: {command}");
        let (ended, printed) = ackproof(&words[1..], folder);
        assert_eq!(ended, code, "{page}: {command}\n{printed}");
        if !expected.is_empty() {
            let trimmed: String = printed.trim_end().lines().map(|line| format!("{}\n", line.trim_end())).collect();
            let outcome =
                snapbox::Assert::new().try_eq(Some(&format!("{page}: {command}")), trimmed.into(), expected.into());
            outcome.unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// The words of a command, without its comment, with each pattern replaced by the one file that fits.
fn words(command: &str, folder: &Path) -> Vec<String> {
    let command = command.split(" #").next().unwrap_or(command);
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.trim_end().chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("there is always one").push(c),
        }
    }
    for word in words.iter_mut().filter(|word| word.contains('*')) {
        let files = files(folder, folder);
        let fitting: Vec<&String> = files.iter().filter(|file| fits(word, file)).collect();
        assert_eq!(fitting.len(), 1, "{word} in {files:?}");
        *word = fitting[0].clone();
    }
    words
}

fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        let at = if index + 1 == parts.len() {
            rest.ends_with(part).then(|| rest.len() - part.len())
        } else {
            rest.find(part)
        };
        let Some(at) = at else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

fn files(folder: &Path, root: &Path) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        if path.is_dir() { all.extend(files(&path, root)) } else { all.push(name) }
    }
    all
}

/// Exit code, and what was printed: to standard output, then to standard error.
fn ackproof(arguments: &[String], folder: &TempDir) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ackproof"));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, "ackproof");
    for name in ["CARGO", "ACKPROOF_LOG", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    let output =
        command.current_dir(folder).args(arguments).env("CI", "1").stdin(Stdio::null()).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let errors = text(&output.stderr);
    assert!(!errors.contains("panicked at"), "{errors}");
    // What goes to standard error beside an answer is progress.
    let printed = if output.stdout.is_empty() { errors } else { text(&output.stdout) };
    (output.status.code().unwrap_or(-1), printed)
}
