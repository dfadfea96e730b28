//! The results folder: what survives an interruption, and what is refused.

use std::fs;
use std::io::Write;
use std::path::Path;

use ackproof_core::guarantee::Guarantee;
use ackproof_core::history::Digest;
use ackproof_core::recording::Recording;
use ackproof_core::seed::Seed;
use ackproof_core::verdict::{Judgement, Verdict};
use ackproof_report::result::{CellPlan, Manifest, RunLine, Summary};
use ackproof_report::store::{self, Store, StoreError};

pub fn manifest(plan: &str) -> Manifest {
    Manifest {
        v: Manifest::VERSION,
        ackproof: "0.1.0".into(),
        scenario: "orders".into(),
        file: Some("scenarios/orders.yaml".into()),
        title: "Which settings keep orders?".into(),
        broker: "kafka@4.1".into(),
        engine: "event".into(),
        plan: plan.into(),
        shard: None,
        set: Vec::new(),
        seed: 1,
        runs: 2,
        resolved: None,
        rows: Vec::new(),
        cells: vec![CellPlan {
            id: "r1-f1-kill".into(),
            settings: Default::default(),
            fault: "kill".into(),
            runs: 2,
            asked: Vec::new(),
        }],
    }
}

fn run(seed: u64) -> RunLine {
    let mut verdict = Verdict::default();
    verdict.guarantees.insert(Guarantee::NoAckedLoss, Judgement::Holds);
    verdict.ack_ms = vec![3, 3, 900];
    RunLine::new(Seed(seed), Digest("00ff".into()), &Recording::default(), &verdict)
}

const PLAN: &str = "0123456789abcdef";

fn open(out: &Path) -> (Store, store::Recorded) {
    Store::open(out, &manifest(PLAN)).expect("the folder is writable")
}

#[test]
fn the_same_plan_finds_the_runs_that_ended() {
    let out = tempfile::tempdir().unwrap();
    let (first, nothing) = open(out.path());
    assert!(nothing.done("r1-f1-kill").is_empty());
    first.append("r1-f1-kill", &run(7)).unwrap();
    first.append("r1-f1-kill", &run(3)).unwrap();
    let folder = first.folder().to_owned();
    drop(first);

    let (again, recorded) = open(out.path());
    assert_eq!(again.folder(), folder);
    assert_eq!(recorded.done("r1-f1-kill").into_iter().collect::<Vec<_>>(), [Seed(3), Seed(7)]);
    assert_eq!(recorded.runs("r1-f1-kill"), [run(3), run(7)]);
    assert!(recorded.dropped.is_empty());
    assert_eq!(store::find(&out.path().join("orders")).unwrap(), folder);
    assert_eq!(store::find(&folder).unwrap(), folder);
    assert_eq!(store::read_manifest(&folder).unwrap(), manifest(PLAN));
}

#[test]
fn a_line_cut_short_by_an_interruption_is_dropped_reported_and_written_again() {
    let out = tempfile::tempdir().unwrap();
    let (first, _) = open(out.path());
    first.append("r1-f1-kill", &run(1)).unwrap();
    let path = first.folder().join("cells/r1-f1-kill.jsonl");
    drop(first);
    let half = &serde_json::to_string(&run(2)).unwrap()[..40];
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(half.as_bytes()).unwrap();

    let untouched = store::read_runs(path.parent().unwrap().parent().unwrap()).unwrap();
    assert_eq!((untouched.runs("r1-f1-kill").len(), untouched.dropped.len()), (1, 1));
    let (again, recorded) = open(out.path());
    assert_eq!(recorded.dropped, [store::DroppedLine { path: path.clone(), line: 2 }]);
    again.append("r1-f1-kill", &run(2)).unwrap();
    drop(again);
    let (_, recorded) = open(out.path());
    assert_eq!(recorded.runs("r1-f1-kill"), [run(1), run(2)]);
    assert!(recorded.dropped.is_empty());
}

#[test]
fn a_whole_line_that_lacks_its_end_is_run_again_too() {
    let out = tempfile::tempdir().unwrap();
    let (first, _) = open(out.path());
    let path = first.folder().join("cells/r1-f1-kill.jsonl");
    drop(first);
    fs::write(&path, serde_json::to_string(&run(1)).unwrap()).unwrap();
    let (_, recorded) = open(out.path());
    assert!(recorded.done("r1-f1-kill").is_empty());
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn a_bad_line_in_the_middle_is_an_error_that_names_file_and_line() {
    let out = tempfile::tempdir().unwrap();
    let (first, _) = open(out.path());
    let path = first.folder().join("cells/r1-f1-kill.jsonl");
    first.append("r1-f1-kill", &run(1)).unwrap();
    drop(first);
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{good}not a result\n{good}")).unwrap();
    let error = Store::open(out.path(), &manifest(PLAN)).unwrap_err();
    assert!(matches!(&error, StoreError::BadLine { line: 2, .. }), "{error}");
    assert!(error.to_string().starts_with(&format!("{}:2: ", path.display())), "{error}");
}

#[test]
fn a_run_that_broke_is_recorded_and_run_again_and_the_later_line_wins() {
    let out = tempfile::tempdir().unwrap();
    let (store, _) = open(out.path());
    store.append("r1-f1-kill", &RunLine::broken(Seed(5), "index out of bounds")).unwrap();
    drop(store);
    let (store, recorded) = open(out.path());
    assert_eq!(recorded.runs("r1-f1-kill")[0].broken.as_deref(), Some("index out of bounds"));
    assert!(recorded.done("r1-f1-kill").is_empty());
    store.append("r1-f1-kill", &run(5)).unwrap();
    drop(store);
    let (_, recorded) = open(out.path());
    assert_eq!(recorded.runs("r1-f1-kill"), [run(5)]);
}

#[test]
fn a_second_writer_is_turned_away() {
    let out = tempfile::tempdir().unwrap();
    let (_first, _) = open(out.path());
    let error = Store::open(out.path(), &manifest(PLAN)).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
}

#[test]
fn a_folder_of_another_plan_or_another_version_is_refused() {
    let out = tempfile::tempdir().unwrap();
    drop(open(out.path()));
    let same_folder = format!("{}-later", &PLAN[..12]);
    let error = Store::open(out.path(), &manifest(&same_folder)).unwrap_err();
    assert!(matches!(error, StoreError::OtherPlan { .. }), "{error}");

    let path = out.path().join("orders").join(store::run_name(PLAN, None)).join("manifest.json");
    let text = fs::read_to_string(&path).unwrap().replacen("\"v\": 1", "\"v\": 2", 1);
    fs::write(&path, text).unwrap();
    let error = Store::open(out.path(), &manifest(PLAN)).unwrap_err();
    assert!(matches!(error, StoreError::OtherVersion { found: 2, .. }), "{error}");
}

#[test]
fn an_unwritable_folder_is_named() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("taken");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file, &manifest(PLAN)).unwrap_err();
    assert!(error.to_string().contains("taken"), "{error}");
    let error = store::find(out.path()).unwrap_err();
    assert!(matches!(error, StoreError::NoResults { .. }), "{error}");
}

#[test]
fn a_full_disk_names_the_path_and_keeps_what_is_there() {
    // /dev/full refuses every write with "no space left on device".
    if !Path::new("/dev/full").exists() {
        return;
    }
    #[cfg(unix)]
    {
        let out = tempfile::tempdir().unwrap();
        let (store, _) = open(out.path());
        store.append("r1-f1-kill", &run(1)).unwrap();
        std::os::unix::fs::symlink("/dev/full", store.folder().join("cells/full.jsonl")).unwrap();
        let error = store.append("full", &run(2)).unwrap_err();
        assert!(error.to_string().contains("full.jsonl") && error.to_string().contains("space"), "{error}");
        fs::remove_file(store.folder().join("cells/full.jsonl")).unwrap();
        drop(store);
        assert_eq!(open(out.path()).1.runs("r1-f1-kill").len(), 1);
    }
}

#[test]
fn a_summary_is_replaced_as_a_whole() {
    let out = tempfile::tempdir().unwrap();
    let (store, _) = open(out.path());
    let mut summary = Summary::new("orders", "kafka@4.1", "event");
    store.write_summary(&summary).unwrap();
    summary.exit_with(3);
    store.write_summary(&summary).unwrap();
    assert_eq!(store::read_summary(store.folder()).unwrap(), summary);
    let left: Vec<_> = fs::read_dir(store.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
    assert_eq!(store.write_failure("all-power-17.replay.yaml", "v: 1\n").unwrap(), "failures/all-power-17.replay.yaml");
}

#[test]
fn names_are_one_safe_file_name() {
    assert_eq!(store::cell_id(2, 3, "all power/../x"), "r2-f3-all-power-..-x");
    assert_eq!(store::file_name(".."), "unnamed");
    assert_eq!(store::file_name(".hidden"), "hidden");
    assert_eq!(store::run_name(PLAN, Some("2/5")), "0123456789ab-shard-2-of-5");
}

#[test]
fn threads_share_a_store_without_tearing_lines() {
    let out = tempfile::tempdir().unwrap();
    let (store, _) = open(out.path());
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..50 {
                    store.append("r1-f1-kill", &run(thread * 50 + n)).unwrap();
                }
            });
        }
    });
    drop(store);
    let (_, recorded) = open(out.path());
    assert_eq!(recorded.done("r1-f1-kill").len(), 200);
}
