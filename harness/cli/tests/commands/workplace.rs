//! A folder of its own for each test, and the binary run in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Two rows under two fault classes: acks=1 loses when the leader is cut off, acks=all does not.
pub const SCENARIO: &str =
    concat!("title: Does acks=all keep what it acknowledged?\n", include_str!("../orders.yaml"), "runs: 8\n");

/// [`SCENARIO`] with what comes out of it.
pub fn expecting(expected: &[&str]) -> String {
    let lines: String = expected.iter().map(|line| format!("  - {line}\n")).collect();
    format!("{SCENARIO}expect:\n{lines}")
}

pub const CANARY: &str = "{ canary: { acks: 1, fault: leader-cut-off } }";
pub const ALL_KEEPS: &str = "{ when: { acks: all }, no-acked-loss: always }";

/// A folder with files, where commands run.
pub struct Workplace {
    folder: TempDir,
}

/// What a command came to.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Workplace {
    pub fn with(files: &[(&str, &str)]) -> Workplace {
        let place = Workplace { folder: tempfile::tempdir().expect("a folder") };
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    /// With [`SCENARIO`] as `orders.yaml`, and nothing but its canary expected.
    pub fn orders() -> Workplace {
        Workplace::with(&[("orders.yaml", &expecting(&[CANARY, ALL_KEEPS]))])
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).expect("a file can be written");
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The binary, not yet started; plain, and without what the environment of the tests would change.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ackproof"));
        // As it is called when it is on the path: what it proposes to type next begins so.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, "ackproof");
        command.current_dir(self.folder.path()).args(arguments);
        for name in ["CARGO", "ACKPROOF_LOG", "RUST_LOG", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        // What schedulers say of shards: these tests may run on one of them.
        for start in ["CI_NODE_", "AWS_BATCH_JOB_ARRAY_", "SLURM_ARRAY_TASK_"] {
            ["INDEX", "TOTAL", "SIZE", "ID", "COUNT", "MIN", "MAX", "STEP"].iter().for_each(|end| {
                command.env_remove(format!("{start}{end}"));
            });
        }
        command.env_remove("JOB_COMPLETION_INDEX").env_remove("ACKPROOF_SHARDS").env_remove("HEROKU_TEST_RUN_ID");
        command.env("CI", "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("the binary can be started"))
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the binary can be started")
    }

    /// The folder of the newest run of a scenario.
    pub fn newest(&self, scenario: &str) -> String {
        let name = self.read(&format!("results/{scenario}/latest"));
        format!("results/{scenario}/{}", name.trim())
    }

    /// Every file below a folder with its path from here, in order.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let (mut found, mut folders) = (Vec::new(), vec![self.path(folder)]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { folders.push(path) } else { found.push(self.relative(&path)) }
            }
        }
        found.sort();
        found
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(self.folder.path()).expect("a file of this folder").to_string_lossy().into_owned()
    }

    /// The replay file of a run that has exactly one.
    pub fn replay_file(&self) -> String {
        let files = self.files("results");
        let replays: Vec<&String> = files.iter().filter(|file| file.ends_with(".replay.yaml")).collect();
        assert_eq!(replays.len(), 1, "{files:?}");
        replays[0].clone()
    }
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).expect("output is text");
        let code = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {}", output.status));
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Asserts how it ended, and that it was no panic.
    #[track_caller]
    pub fn ended(self, code: i32) -> Ran {
        let Ran { out, err, .. } = &self;
        assert_eq!(self.code, code, "stdout:\n{out}\nstderr:\n{err}");
        assert!(!err.contains("panicked at"), "{err}");
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Ran {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let all = format!("{}\n{}", self.out, self.err);
        assert!(flat(&all).contains(&flat(words)), "`{words}` is missing in\n{all}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in\n{}", self.out))
    }
}
