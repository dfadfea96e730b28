//! Shards whose machine dies: killed without warning, taken up again, joined, and the result is that of a sweep that
//! nobody disturbed.
#![cfg(unix)]

use std::time::Duration;

use snapbox::IntoData;

use crate::shards::same_files;
use crate::workplace::{Ran, Workplace};

const SHARDS: u32 = 3;

fn recorded(place: &Workplace, folder: &str) -> usize {
    let cells = place.files(folder).into_iter().filter(|file| file.ends_with(".jsonl"));
    cells.map(|file| place.read(&file).lines().count()).sum()
}

#[test]
fn shards_that_are_killed_half_way_and_taken_up_again_come_to_the_undisturbed_sweep() {
    let place = Workplace::orders();
    let plan = ["run", "orders.yaml", "--runs", "600", "--only", "acks=1", "-j", "1"];
    let shard = |number: u32| {
        let (shard, out) = (format!("{number}/{SHARDS}"), format!("shards/{number}"));
        let words = plan.iter().map(|word| (*word).to_owned());
        words.chain(["--shard".into(), shard, "--out".into(), out]).collect::<Vec<String>>()
    };
    let words = |words: &[String]| words.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut killed = 0;
    for number in 1..=SHARDS {
        let (arguments, folder) = (shard(number), format!("shards/{number}"));
        let mut child = place.start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        // Another process has no other way to tell how far it is.
        while recorded(&place, &folder) < 20 * number as usize {
            assert!(child.try_wait().expect("it can be asked").is_none(), "{} ended too soon", words(&arguments));
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().expect("it can be killed");
        assert_eq!(child.wait().expect("it ends").code(), None, "a killed process has no exit code");
        killed += recorded(&place, &folder);
    }
    assert!(killed < 900, "they were killed before their end");
    let ran = place.run(&["merge", "shards"]).ended(3);
    let missing = ackproof_report::words::count(1200 - whole_lines(&place) as u64);
    let _ = ran
        .says(&format!("{missing} of 1,200 runs are missing"))
        .says("shard 1/3 lacks")
        .says("shard 3/3 lacks")
        .says("run it again, it goes on");
    for number in 1..=SHARDS {
        let arguments = shard(number);
        place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).ended(0).says("runs were recorded before");
    }
    let merged = place.run(&["merge", "shards"]).ended(0);
    let whole = Workplace::orders();
    let ran: Ran = whole.run(&plan).ended(0);
    snapbox::assert_data_eq!(merged.out, ran.out.raw());
    same_files(&place, &whole, "results");
}

/// Runs whose line has its end.
fn whole_lines(place: &Workplace) -> usize {
    let cells = place.files("shards").into_iter().filter(|file| file.ends_with(".jsonl"));
    cells.map(|file| place.read(&file).matches('\n').count()).sum()
}
