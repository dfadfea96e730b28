//! A sweep in parts: which part, and that the parts come to the whole.

use ackproof::plan::Plan;
use ackproof_report::result::Manifest;
use ackproof_sim::Engine;
use snapbox::IntoData;

use crate::workplace::{ALL_KEEPS, CANARY, Ran, Workplace, expecting};

/// Runs every shard of `orders.yaml` into a folder of its own under `shards/`.
pub fn run_shards(place: &Workplace, total: u32, more: &[&str]) {
    for number in 1..=total {
        let (shard, out) = (format!("{number}/{total}"), format!("shards/{number}"));
        place.run(&[&["run", "orders.yaml", "--shard", &shard, "--out", &out], more].concat()).ended(0);
    }
}

/// That two folders hold the same files with the same bytes.
#[track_caller]
pub fn same_files(place: &Workplace, other: &Workplace, folder: &str) {
    assert!(place.files(folder).len() > 3, "nothing is compared: {:?}", place.files(folder));
    assert_eq!(place.files(folder), other.files(folder));
    for file in place.files(folder) {
        snapbox::assert_data_eq!(place.read(&file), other.read(&file).raw());
    }
}

/// The folders of `shards/`, and nothing else, in a place of their own.
pub fn moved(place: &Workplace) -> Workplace {
    let other = Workplace::with(&[]);
    std::fs::rename(place.path("shards"), other.path("shards")).expect("it can be moved");
    other
}

/// The scenario, with files of the user's and secrets in them.
fn with_files() -> Workplace {
    let text = expecting(&[CANARY, ALL_KEEPS])
        .replace("config:\n", "config:\n  from: [server.properties, producer.properties]\n")
        .replace("app: {", "app: { producer: { transaction: none },")
        .replace("runs: 8", "runs: 9");
    Workplace::with(&[
        ("orders.yaml", &text),
        ("server.properties", "num.network.threads=3\nssl.keystore.password=hunter2-keystore\n"),
        ("producer.properties", "linger.ms=5\nsasl.jaas.config=Login required password=\"hunter2-jaas\";\n"),
    ])
}

#[test]
fn shards_joined_elsewhere_without_the_scenario_are_the_whole_sweep_byte_for_byte() {
    let whole = with_files();
    let sharded = with_files();
    run_shards(&sharded, 4, &["-j", "2"]);
    let joined = moved(&sharded);
    assert!(joined.files("shards").iter().all(|file| !joined.read(file).contains("hunter2")), "a secret is kept");
    for format in ["text", "json", "markdown"] {
        let run = whole.run(&["run", "orders.yaml", "--format", format]).ended(0);
        let merged = joined.run(&["merge", "shards", "-o", "results", "--format", format]).ended(0);
        snapbox::assert_data_eq!(merged.out, run.out.raw());
        assert_eq!(merged.err, "");
    }
    same_files(&joined, &whole, "results");
}

/// Whatever a scenario can say survives being carried along: every one of the project's own.
#[test]
fn every_scenario_is_planned_again_from_its_manifest_alone() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    let (mut folders, mut planned) = (vec![root.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".yaml") && !name.ends_with(".replay.yaml") {
                let scenario = ackproof_scenario::load(&path, &ackproof::registry::brokers()).expect(&name);
                let plan = Plan::of(scenario, Engine::Event);
                let text = serde_json::to_string_pretty(&plan.manifest()).expect(&name);
                let manifest: Manifest = serde_json::from_str(&text).expect(&name);
                let again = Plan::again(&manifest).unwrap_or_else(|why| panic!("{name}: {why}"));
                assert_eq!(again.manifest(), plan.manifest(), "{name}");
                assert_eq!(again.scenario.notes, plan.scenario.notes, "{name}");
                planned += 1;
            }
        }
    }
    assert!(planned > 10, "{planned} scenarios");
}

#[test]
fn what_was_expected_decides_how_merge_ends_and_not_how_a_shard_does() {
    let place = Workplace::with(&[("orders.yaml", &expecting(&["{ when: { acks: 1 }, no-acked-loss: always }"]))]);
    run_shards(&place, 2, &[]);
    let summary = format!("shards/1/orders/{}/summary.json", place.read("shards/1/orders/latest").trim());
    let summary: serde_json::Value = serde_json::from_str(&place.read(&summary)).expect("json");
    assert_eq!((summary["shard"].as_str(), summary["complete"].as_bool()), (Some("1/2"), Some(true)));
    assert!(summary["expectations"].is_null() && summary["cells"][1]["witness"].is_null(), "{summary}");
    assert_eq!(summary["cells"][1]["planned_runs"], 4);
    place.run(&["merge", "shards"]).ended(1).says("NOT SO").says("violated in 8 of 8 runs");
}

#[test]
fn a_shard_tells_its_own_matrix_and_of_which_part_it_is() {
    let place = Workplace::orders();
    let ran = place.run(&["run", "orders.yaml", "--shard", "2/3"]).ended(0);
    ran.says("orders: shard 2/3, from --shard: 11 of 32 runs")
        .says("Only shard 2/3 of the runs.")
        .says("11 runs, shard 2/3, seed 1")
        .says("3/3")
        .says("`ackproof merge` joins the shards");
    assert!(place.files("results").iter().all(|file| !file.contains("replay")), "a part has no witness");
    place.run(&["run", "orders.yaml", "--shard", "2/3"]).ended(0).says("11 of 11 runs were recorded before");
}

#[test]
fn the_only_shard_is_an_ordinary_run_and_one_without_runs_is_none_the_less_a_shard() {
    let place = Workplace::orders();
    let ran = place.run(&["run", "orders.yaml", "--shard", "1/1"]).ended(0);
    assert!(ran.err.is_empty() && !ran.out.contains("shard"), "{}", ran.err);
    let place = Workplace::orders();
    let few = ["--runs", "1", "--only", "acks=1", "--fault", "leader-cut-off"];
    run_shards(&place, 3, &few);
    let merged = place.run(&["merge", "shards"]).ended(0);
    let whole = Workplace::orders();
    let ran = whole.run(&[&["run", "orders.yaml"], &few[..]].concat()).ended(0);
    snapbox::assert_data_eq!(merged.out, ran.out.raw());
}

#[test]
fn schedulers_say_which_shard_it_is_and_the_source_is_told() {
    let place = Workplace::orders();
    let ran = |set: &[(&str, &str)], more: &[&str]| {
        let mut command = place.command(&[&["run", "orders.yaml", "--runs", "2"], more].concat());
        Ran::of(command.envs(set.iter().copied()).output().expect("it can be started"))
    };
    for (set, says) in [
        (
            &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "2")][..],
            "shard 1/2, from CI_NODE_INDEX and CI_NODE_TOTAL: 4 of 8",
        ),
        (
            &[("AWS_BATCH_JOB_ARRAY_INDEX", "1"), ("AWS_BATCH_JOB_ARRAY_SIZE", "2")],
            "shard 2/2, from AWS_BATCH_JOB_ARRAY_INDEX and AWS_BATCH_JOB_ARRAY_SIZE",
        ),
        (
            &[("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_MIN", "1"), ("SLURM_ARRAY_TASK_COUNT", "2")],
            "shard 1/2, from SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT",
        ),
        (&[("JOB_COMPLETION_INDEX", "1"), ("ACKPROOF_SHARDS", "2")], "shard 2/2, from JOB_COMPLETION_INDEX and"),
    ] {
        ran(set, &[]).ended(0).says(says);
        ran(set, &["--shard", "1/2"]).ended(0).says("shard 1/2, from --shard");
        assert!(!ran(set, &["--shard", "1/1"]).ended(0).err.contains("shard"), "it was told to do everything");
    }
    ran(&[("JOB_COMPLETION_INDEX", "1")], &[]).ended(2).says("ACKPROOF_SHARDS is not set").says("--shard k/n");
    assert!(ran(&[("CI_NODE_TOTAL", "1")], &[]).ended(0).err.contains("recorded before"), "an ordinary job");
    place.run(&["run", "orders.yaml", "--shard", "3/2"]).ended(2).says("numbered from 1 to 2");
}

#[test]
fn what_is_missing_is_listed_and_the_rest_is_reported_only_on_request() {
    let place = Workplace::orders();
    run_shards(&place, 3, &[]);
    std::fs::remove_dir_all(place.path("shards/2")).expect("it was there");
    let says =
        ["11 of 32 runs are missing", "shard 2/3 is nowhere: run it with --shard 2/3", "r1-f1-none: seeds 2, 5, 8"];
    let ran = says.iter().fold(place.run(&["merge", "shards"]).ended(3), |ran, words| ran.says(words));
    assert!(ran.out.is_empty() && place.files("results").is_empty(), "{}", ran.out);
    let ran = place.run(&["merge", "shards", "--allow-missing", "--format", "json"]).ended(3);
    let summary = says.iter().fold(ran, |ran, words| ran.says(words)).json();
    assert_eq!((summary["complete"].as_bool(), summary["exit"].as_u64()), (Some(false), Some(3)));
    let cell = &summary["cells"][1];
    assert_eq!((cell["runs"].as_u64(), cell["planned_runs"].as_u64()), (Some(5), Some(8)));
    let text = place.run(&["merge", "shards", "--allow-missing"]).ended(3);
    text.says("Incomplete: 21 of 32 runs.").says("5 of 8 runs").says("some runs are missing");
    // What came later takes the place of what was incomplete.
    place.run(&["run", "orders.yaml", "--shard", "2/3", "--out", "shards/2"]).ended(0);
    place.run(&["merge", "shards"]).ended(0);
    let whole = Workplace::orders();
    whole.run(&["run", "orders.yaml"]).ended(0);
    same_files(&place, &whole, "results");
}

#[test]
fn several_scenarios_in_one_folder_are_joined_each_by_itself() {
    let place = Workplace::orders();
    place.write("payments.yaml", expecting(&[ALL_KEEPS]));
    for shard in ["1/2", "2/2"] {
        place.run(&["run", "orders.yaml", "payments.yaml", "--runs", "2", "--shard", shard]).ended(0);
    }
    let merged = place.run(&["merge", "results"]).ended(0);
    assert_eq!(merged.out.matches("Does acks=all keep").count(), 2, "{}", merged.out);
    // The result lies beside its shards, and joining them again changes nothing.
    let again = place.run(&["merge", "results"]).ended(0);
    assert_eq!((again.out, again.err), (merged.out, merged.err));
}

/// Shards often share one log: a line that left in pieces could be torn by another's.
#[cfg(unix)]
#[test]
fn what_is_said_to_a_shared_log_leaves_line_by_line() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    let place = Workplace::orders();
    let said = |arguments: &[&str]| {
        let (log, theirs) = UnixDatagram::pair().expect("two ends");
        let mut command = place.command(arguments);
        let ended = command.stderr(OwnedFd::from(theirs)).stdout(std::process::Stdio::null()).status();
        drop(command);
        assert!(ended.is_ok());
        log.set_nonblocking(true).expect("a socket");
        let mut piece = [0; 65_536];
        let mut pieces = Vec::new();
        while let Ok(length) = log.recv(&mut piece) {
            pieces.push(String::from_utf8_lossy(&piece[..length]).into_owned());
        }
        pieces
    };
    let shard = said(&["run", "orders.yaml", "--shard", "1/4", "--out", "parts"]);
    assert!(shard.iter().any(|piece| piece.contains("shard 1/4, from --shard")), "{shard:?}");
    let missing = said(&["merge", "parts"]);
    assert!(missing.iter().any(|piece| piece.contains("shard 2/4 is nowhere")), "{missing:?}");
    for piece in shard.iter().chain(&missing) {
        assert!(piece.ends_with('\n'), "a line in pieces: {piece:?}");
    }
}
