//! Runs that have to come to rest after everything was healed, and runs that cannot: their verdict says why.

use ackproof::plan::Plan;
use ackproof::registry;
use ackproof::trial::Trial;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::op::Op;
use ackproof_core::recording::Detail;
use ackproof_core::seed::Seed;
use ackproof_core::verdict::Judgement;
use ackproof_sim::Engine;

/// The only cell of a scenario, run with this seed.
fn run(text: &str, seed: u64) -> Trial {
    let scenario = ackproof_scenario::parse("rest", text, &registry::brokers(), &[])
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let plan = Plan::of(scenario, Engine::Event);
    assert_eq!(plan.cells.len(), 1);
    let bed = plan.bed(&plan.cells[0]);
    bed.run(Seed(seed), Engine::Event, Detail::Verdict).unwrap_or_else(|broken| panic!("a bug of ours: {}", broken.0))
}

fn was_cut(trial: &Trial) -> bool {
    trial.recording.history.entries.iter().any(|entry| matches!(entry.op, Op::PhaseLimit(_)))
}

fn comes_to_a_verdict(text: &str, seeds: impl IntoIterator<Item = u64>) {
    for seed in seeds {
        let trial = run(text, seed);
        assert!(!was_cut(&trial), "seed {seed}: {:?}", trial.verdict.doubt);
        assert!(trial.verdict.tally.consumed > 0, "seed {seed}: nothing was consumed");
    }
}

#[test]
fn two_members_that_commit_by_themselves_all_the_time_come_to_rest() {
    for (protocol, interval) in [("classic", 100), ("classic", 7), ("consumer", 100), ("consumer", 20)] {
        let text = format!(
            "broker: kafka@4.1
config:
  broker: {{ offsets.topic.replication.factor: 3 }}
  topic: {{ replication.factor: 3, min.insync.replicas: 2, partitions: 3 }}
  producer: {{ acks: all }}
  consumer: {{ auto.commit.interval.ms: {interval}, auto.offset.reset: earliest, group.protocol: {protocol} }}
workload: {{ messages: 60, interval: 20ms, consumers: 2 }}
network: {{ latency: 1ms..30ms }}
faults: {{ one: [ {{ kill: coordinator, at: 300ms..900ms, restart_after: 5s }} ] }}
"
        );
        comes_to_a_verdict(&text, 0..6);
    }
}

/// A coordinator that was cut off from the other brokers had told members what nobody else knew, and its successor waited
/// for one of them to give up what it had given up long ago.
#[test]
fn a_member_that_gave_something_up_for_a_coordinator_that_is_cut_off_is_not_waited_for_without_end() {
    let text = "broker: kafka@4.0
config:
  broker: { offsets.topic.replication.factor: 3, broker.session.timeout.ms: 3000 }
  topic: { replication.factor: 3, partitions: 4, min.insync.replicas: 2 }
  producer: { acks: all, delivery.timeout.ms: 2000000, request.timeout.ms: 1500 }
  consumer: { enable.auto.commit: false, auto.offset.reset: earliest, group.protocol: consumer }
app: { consumer: { ack: after-batch } }
workload: { messages: 25, interval: 9ms, consumers: 2 }
faults:
  rolled-behind-a-cut:
    - { partition: { between: [coordinator, brokers] }, at: 3679ms }
    - { shutdown: b1, at: 6758ms, restart_after: 7ms }
    - { shutdown: b2, at: { after: started, of: b1, plus: 27530ms }, restart_after: 7ms }
    - { shutdown: b3, at: { after: started, of: b2, plus: 27530ms }, restart_after: 7ms }
";
    comes_to_a_verdict(text, 0..6);
}

/// What comes before the faults' own words: three runs that say the same.
fn never_rests(text: &str, because: &str) {
    for seed in 0..3 {
        let trial = run(text, seed);
        assert!(was_cut(&trial), "seed {seed} came to rest");
        for guarantee in [Guarantee::NoAckedLoss, Guarantee::ExactlyOnce] {
            let Some(Judgement::Inconclusive { why }) = trial.verdict.guarantees.get(&guarantee) else {
                panic!("seed {seed}: {:?}", trial.verdict.guarantees.get(&guarantee));
            };
            let expected = format!(
                "things did not come to rest within the limit after healing (c1 makes its transaction again and again: \
                 {because}"
            );
            assert!(why.starts_with(&expected), "seed {seed}: {why}");
        }
        assert_eq!(trial.verdict.tally.lost + trial.verdict.tally.unreachable, 0, "seed {seed}");
    }
}

fn results_in_transactions(producer: &str, workload: &str) -> String {
    format!(
        "broker: kafka@4.1
config:
  broker: {{ offsets.topic.replication.factor: 3, transaction.abort.timed.out.transaction.cleanup.interval.ms: 400 }}
  topic: {{ replication.factor: 3, min.insync.replicas: 2 }}
  producer: {{ acks: all, transactional.id: t, {producer} }}
  consumer: {{ enable.auto.commit: false, auto.offset.reset: earliest, isolation.level: read_committed }}
app: {{ consumer: {{ ack: in-transaction }} }}
workload: {{ messages: 60, interval: 5ms, consumer_start: heal, {workload} }}
faults: {{ one: [ {{ kill: leader, at: 100ms, restart_after: 1s }} ] }}
"
    )
}

#[test]
fn a_poll_that_outlives_its_transaction_is_begun_again_without_end_and_the_verdict_says_why() {
    let because = "what goes into one takes longer than transaction.timeout.ms, and its coordinator aborts it";
    never_rests(&results_in_transactions("transaction.timeout.ms: 1000", "processing: 60ms"), because);
    comes_to_a_verdict(&results_in_transactions("transaction.timeout.ms: 5000", "processing: 60ms"), 0..3);
}

#[test]
fn a_handler_that_outlives_max_poll_interval_ms_begins_again_without_end_and_the_verdict_says_why() {
    let scenario = |interval: &str| {
        format!(
            "broker: kafka@4.1
config:
  topic: {{ replication.factor: 3, min.insync.replicas: 2 }}
  producer: {{ acks: all }}
  consumer: {{ enable.auto.commit: false, auto.offset.reset: earliest, max.poll.interval.ms: {interval}, session.timeout.ms: 6000 }}
app: {{ consumer: {{ ack: after-batch }} }}
workload: {{ messages: 200, interval: 5ms, processing: 60ms, consumer_start: heal }}
faults: {{ one: [ {{ kill: leader, at: 100ms, restart_after: 1s }} ] }}
"
        )
    };
    let trial = run(&scenario("7000"), 1);
    assert!(was_cut(&trial));
    let doubt = trial.verdict.doubt.unwrap_or_default();
    let expected = "(c1 begins what one poll brings again and again: its application works on it for longer than \
                    max.poll.interval.ms, and it leaves its group meanwhile)";
    assert!(doubt.contains(expected), "{doubt}");
    comes_to_a_verdict(&scenario("20000"), 0..3);
}

#[test]
fn a_commit_that_outlives_max_block_ms_is_begun_again_without_end_and_the_verdict_says_why() {
    let slowly = "processing: 1ms } \nnetwork: { latency: 20ms..30ms";
    let batches = "batch.size: 250, max.in.flight.requests.per.connection: 1";
    let because = "its end takes longer than max.block.ms";
    never_rests(&results_in_transactions(&format!("{batches}, max.block.ms: 1500"), slowly), because);
    comes_to_a_verdict(&results_in_transactions(&format!("{batches}, max.block.ms: 15000"), slowly), 0..3);
}
