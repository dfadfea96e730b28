//! What Kafka promises under any faults, and what each promise hangs on: for every "never" a neighbour that does.

mod stand;

use std::collections::{BTreeMap, BTreeSet};

use ackproof::plan::Plan;
use ackproof::registry;
use ackproof::trial::Trial;
use ackproof_core::app::MsgId;
use ackproof_core::recording::Detail;
use ackproof_core::schedule::{At, Schedule};
use ackproof_core::seed::Seed;
use ackproof_search::hunt::{hunt, proposals};
use ackproof_search::storm::Storm;
use ackproof_search::trace::Trace;
use ackproof_search::{Candidate, Verbs};
use ackproof_sim::Engine;
use stand::{HARMLESS, Stand, counterexample, holds};

/// No acknowledged message is lost to its consumers, or gone from the broker.
fn keeps(trial: &Trial) -> Result<(), String> {
    let tally = &trial.verdict.tally;
    if tally.lost + tally.vanished == 0 {
        return Ok(());
    }
    let first: Vec<MsgId> =
        trial.verdict.lost.iter().map(|(msg, _)| *msg).chain(trial.verdict.vanished.clone()).collect();
    let (lost, vanished, acked) = (tally.lost, tally.vanished, tally.acked);
    Err(format!("of {acked} acknowledged, {lost} lost and {vanished} vanished, the first {}", first[0]))
}

#[test]
fn acks_all_with_two_in_sync_loses_nothing_under_any_kills_pauses_and_partitions() {
    holds(&Stand::with(&[]), &["kill", "pause", "partition"], 1500, Detail::Verdict, keeps);
}

#[test]
fn acks_all_with_two_in_sync_loses_nothing_under_anything_that_destroys_no_data_in_any_version() {
    for version in ["kafka@2.8", "kafka@3.6", "kafka@3.9", "kafka"] {
        holds(&Stand::on(version, &[]), &HARMLESS, 500, Detail::Verdict, keeps);
    }
}

#[test]
fn with_every_message_flushed_it_survives_any_power_loss_as_well() {
    let stand = Stand::with(&[("flush.messages", "1"), ("disk.writeback", "never")]);
    holds(&stand, &["kill", "pause", "partition", "shutdown", "power_loss"], 1500, Detail::Verdict, keeps);
}

/// Runs a schedule under the workload of the stand.
fn meet(stand: &Stand, schedule: &Schedule, seed: Seed, detail: Detail) -> Trial {
    let candidate = Candidate { schedule: schedule.clone(), workload: stand.bed().setup.workload.clone() };
    stand.run(&candidate, seed, Engine::Event, detail)
}

/// Searches for a loss as long as a sweep would: with faults aligned to what a run without faults did, aimed at the
/// copies of its messages, and in storms. How many runs it took; `None` when there was none to be found.
fn runs_until_a_loss(changed: &[(&str, &str)], verbs: &[&str], budget: u32) -> Option<u32> {
    // Long enough for a replica that is cut off to leave the in-sync set while messages go on.
    let mut settings = vec![("workload.producers", "1"), ("workload.messages", "120"), ("workload.interval", "500ms")];
    settings.extend(changed);
    let (stand, seed) = (Stand::with(&settings), Seed(1));
    let storm = stand.storm(verbs);
    let undisturbed = meet(&stand, &Schedule::default(), seed, Detail::Trace);
    assert_eq!(keeps(&undisturbed), Ok(()), "without a fault nothing is lost");
    let trace = Trace::read(&undisturbed.recording);
    let fails = |schedule: &Schedule| keeps(&meet(&stand, schedule, seed, Detail::Verdict)).is_err();
    hunt(proposals(seed, &storm, &trace), budget, fails).map(|found| found.runs)
}

/// The check can fail: with one thing changed a loss is found, and soon.
fn sometimes_loses(changed: &[(&str, &str)], verbs: &[&str]) {
    let runs = runs_until_a_loss(changed, verbs, 300);
    assert!(runs.is_some(), "{changed:?} lost nothing in 300 runs");
}

const KILLS: [&str; 3] = ["kill", "pause", "partition"];
const WITH_POWER_LOSS: [&str; 4] = ["kill", "pause", "partition", "power_loss"];

#[test]
fn the_search_that_finds_a_loss_in_every_neighbour_finds_none_where_none_can_be() {
    assert_eq!(runs_until_a_loss(&[], &HARMLESS, 800), None);
    let flushed = [("flush.messages", "1"), ("disk.writeback", "never")];
    assert_eq!(runs_until_a_loss(&flushed, &WITH_POWER_LOSS, 800), None);
}

#[test]
fn with_acks_1_it_sometimes_loses() {
    sometimes_loses(&[("acks", "1")], &KILLS);
}

#[test]
fn with_unclean_elections_it_sometimes_loses() {
    sometimes_loses(&[("topic.unclean.leader.election.enable", "true")], &KILLS);
}

#[test]
fn with_one_in_sync_it_sometimes_loses_when_power_fails() {
    sometimes_loses(&[("topic.min.insync.replicas", "1")], &WITH_POWER_LOSS);
}

#[test]
fn without_flushes_it_sometimes_loses_when_power_fails() {
    sometimes_loses(&[], &WITH_POWER_LOSS);
}

#[test]
fn with_every_message_flushed_a_disk_that_lies_or_is_lost_sometimes_loses() {
    sometimes_loses(&[("flush.messages", "1")], &["lying_sync", "power_loss"]);
    sometimes_loses(&[("flush.messages", "1")], &["lose_disk", "partition"]);
}

/// Rows as far apart as settings can be, under classes of every shape.
const MATRIX: &str = "broker: kafka
config: { topic: { replication.factor: 3, partitions: 2 } }
workload: { messages: 60, interval: 100ms }
matrix:
  acks: [0, 1, all]
  min.insync.replicas: [1, 3]
  unclean.leader.election.enable: [true, false]
  flush.messages: [1, 1000]
  linger.ms: [0, 200]
faults:
  storm:
    - random: { kinds: [kill, power_loss, lose_disk, shutdown, pause, partition, hold, latency, slow_disk], count: 1..8 }
  roll: [ { roll: { nodes: brokers, pause: 1s }, at: 0s..3s, restart_after: 1s..4s } ]
  aimed:
    - { kill: leader, at: 1s..5s, restart_after: 1s..20s }
    - { pause: any-broker, for: 100ms..3s }
    - { partition: { isolate: isr-follower, from: brokers } }
    - { power_loss: all-brokers, at: { after: sent, nth: 20, plus: 0ms..50ms }, restart_after: 5s }
";

fn matrix() -> Plan {
    let scenario = ackproof_scenario::parse("matrix", MATRIX, &registry::brokers(), &[]);
    Plan::of(scenario.unwrap_or_else(|errors| panic!("{errors}")), Engine::Event)
}

#[test]
fn settings_meet_the_same_storms() {
    let plan = matrix();
    assert!(plan.scenario.rows.len() > 20);
    let (mut storms, mut distinct) = (0, BTreeSet::new());
    for index in 0..20 {
        let seed = plan.seed(index);
        let mut first: BTreeMap<usize, Schedule> = BTreeMap::new();
        for cell in &plan.cells {
            let schedule = plan.bed(cell).schedule(seed);
            distinct.insert(format!("{schedule:?}"));
            let expected = first.entry(cell.column).or_insert_with(|| schedule.clone());
            assert_eq!(schedule, *expected, "seed {}, {}", seed.0, plan.row(cell).label());
            storms += 1;
        }
    }
    // One for each seed and class, however many rows there are.
    assert_eq!((storms, distinct.len()), (20 * plan.cells.len(), 20 * 3));
}

#[test]
fn a_fault_with_a_fixed_time_fires_at_that_time_under_every_setting() {
    let plan = matrix();
    let mut fired = 0;
    for cell in &plan.cells {
        let (bed, seed) = (plan.bed(cell), plan.seed(0));
        let schedule = bed.schedule(seed);
        let trial = bed.run_schedule(&schedule, seed, Engine::Event, Detail::Verdict).expect("nothing breaks");
        for (fault, report) in schedule.faults.iter().zip(&trial.recording.faults) {
            if let (At::Offset(offset), Some(at)) = (&fault.at, report.fired_at) {
                assert_eq!(at.since(trial.recording.chaos_began), *offset, "{} under {}", fault.kind, cell.plan.id);
                fired += 1;
            }
        }
    }
    assert!(fired > 3 * plan.cells.len(), "{fired} faults fired");
}

#[test]
fn the_same_run_twice_has_the_same_text_and_digest_and_another_text_another_digest() {
    let stand = Stand::with(&[]);
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let verbs = Verbs::all();
    let draw = |number: u64| {
        let schedule = Storm { verbs: verbs.clone(), ..stand.storm(&HARMLESS) }.draw(Seed(number));
        meet(&stand, &schedule, Seed(number), Detail::Verdict).recording.history
    };
    for number in 0..150 {
        let (once, again) = (draw(number), draw(number));
        assert_eq!(once, again);
        assert_eq!((once.text(), once.digest()), (again.text(), again.digest()));
        texts.insert(once.digest().0, once.text());
    }
    let distinct: BTreeSet<&String> = texts.values().collect();
    assert!(distinct.len() == texts.len() && texts.len() > 140, "{} digests, {} texts", texts.len(), distinct.len());
}

/// The machinery of these properties, on a promise that is broken.
#[test]
fn a_counterexample_is_small_and_its_replay_file_shows_it_on_both_engines() {
    let stand = Stand::with(&[("acks", "1")]);
    let found = counterexample(&stand, &HARMLESS, 1000, Detail::Verdict, None, keeps).expect("acks=1 loses");
    assert!(found.seen.contains("lost"), "{}", found.seen);
    assert!(found.candidate.schedule.faults.len() <= 2, "{:?}", found.candidate.schedule);
    assert!(found.candidate.workload.messages <= 3, "{:?}", found.candidate.workload);
    let replay = ackproof_scenario::parse_replay("found", &found.replay, &registry::brokers(), &[]);
    let replay = replay.unwrap_or_else(|errors| panic!("{errors}\n{}", found.replay));
    assert_eq!(replay.scenario.seed, found.seed);
    let (digest, plan) = (replay.origin.digest.clone(), Plan::of(replay.scenario, Engine::Event));
    for engine in [Engine::Event, Engine::Turmoil] {
        let trial = plan.bed(&plan.cells[0]).run(found.seed, engine, Detail::Verdict).expect("nothing breaks");
        assert_eq!((trial.recording.history.digest().0, keeps(&trial).is_err()), (digest.clone(), true), "{engine}");
    }
}
