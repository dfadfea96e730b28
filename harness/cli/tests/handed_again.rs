//! Why a group handed a message out again although nobody had died: whole runs, and what the autopsy says of them.

use ackproof::plan::Plan;
use ackproof::registry;
use ackproof_core::app::MsgId;
use ackproof_core::op::Op;
use ackproof_core::recording::Detail;
use ackproof_core::seed::Seed;
use ackproof_sim::Engine;

/// The causes of what was consumed more than once in the only cell of a scenario.
fn causes(text: &str) -> Vec<String> {
    let scenario = ackproof_scenario::parse("again", text, &registry::brokers(), &[])
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let plan = Plan::of(scenario, Engine::Event);
    let trial = plan.bed(&plan.cells[0]).run(Seed(1), Engine::Event, Detail::Trace);
    let recording = trial.unwrap_or_else(|broken| panic!("a bug of ours: {}", broken.0)).recording;
    let mut sent: Vec<MsgId> = recording
        .history
        .entries
        .iter()
        .filter_map(|entry| match entry.op {
            Op::Send { msg, .. } => Some(msg),
            _ => None,
        })
        .collect();
    sent.sort_unstable();
    sent.dedup();
    let autopsies = sent.into_iter().filter_map(|msg| ackproof_check::autopsy(&recording, msg));
    autopsies.filter(|autopsy| autopsy.fate.duplicated()).map(|autopsy| autopsy.cause).collect()
}

fn scenario(consumer: &str, processing: &str, fault: &str) -> String {
    format!(
        "broker: kafka@4.1
config:
  topic: {{ replication.factor: 3, min.insync.replicas: 2, partitions: PARTITIONS }}
  producer: {{ acks: all }}
  consumer: {{ enable.auto.commit: false, auto.offset.reset: earliest, {consumer} }}
app: {{ consumer: {{ ack: after-batch }} }}
workload: {{ messages: 120, interval: 5ms, processing: {processing}, consumers: 2, consumer_start: heal }}
faults: {{ one: [ {fault} ] }}
"
    )
}

#[test]
fn an_application_that_did_not_poll_in_time_is_named() {
    let slow = scenario("max.poll.interval.ms: 6100, session.timeout.ms: 6000", "60ms", "{ kill: leader, at: 100ms }");
    let causes = causes(&slow.replace("PARTITIONS", "1"));
    let expected = "was out of its group at";
    assert!(!causes.is_empty(), "nothing was handed out again");
    assert!(causes.iter().all(|cause| cause.contains(expected)), "{}", causes[0]);
    assert!(causes[0].contains("since its application had not polled within max.poll.interval.ms"), "{}", causes[0]);
}

#[test]
fn a_session_that_has_run_out_is_named() {
    let paused = "{ pause: c1, at: 1700ms, for: 20s }";
    let text = scenario("session.timeout.ms: 6000, max.poll.records: 20", "60ms", paused)
        .replace("heal", "0s")
        .replace("PARTITIONS", "2");
    let causes = causes(&text);
    assert!(!causes.is_empty(), "nothing was handed out again");
    let expected = "since its session had run out";
    assert!(causes.iter().all(|cause| cause.contains(expected)), "{causes:#?}");
    let unaware = "; it had been out of its group at";
    assert!(causes.iter().any(|cause| cause.contains(unaware)), "it went on when it woke: {causes:#?}");
}
