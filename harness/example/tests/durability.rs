//! What our Kafka settings must withstand, as tests.

use std::path::Path;

use ackproof::testing::{CellVerdict, Check, Expect, Guarantee, Scenario, Step};

#[test]
fn ours_is_durable() {
    Check::file("tests/orders.yaml").assert();
}

/// The same in Rust, where settings come from the service's own code.
#[test]
fn a_leader_that_is_cut_off_loses_what_it_alone_acknowledged() {
    let scenario = Scenario::of("kafka@4.1")
        .title("What does acks=1 lose when the leader is cut off?")
        .config("topic", "replication.factor", 3)
        .config("consumer", "auto.offset.reset", "earliest")
        .set("workload.messages", 60)
        .set("workload.consumer_start", "heal")
        .axis("acks", ["1", "all"])
        .fault("none", [])
        .fault("leader-cut-off", [Step::cut("leader", ["brokers", "controller"]).at("100ms").lasts("30s")])
        .expect(Expect::sometimes_violated(Guarantee::NoAckedLoss).when("acks", "1").under("leader-cut-off"))
        .expect(Expect::always(Guarantee::NoAckedLoss).when("acks", "all").because("the set keeps every copy"))
        .runs(10);
    let outcome = Check::of(scenario).run().expect("the scenario can be read");
    outcome.assert();

    let lossy = outcome.cell(&[("acks", "1")], "leader-cut-off").expect("there is such a cell");
    assert_eq!((lossy.verdict, lossy.lossy_runs), (CellVerdict::Violated, 10));
    let witness = lossy.witness.as_ref().expect("a failure is kept");
    assert_eq!(witness.faults, 1);
    assert!(Path::new(outcome.folder()).join(&witness.file).is_file(), "{}", witness.file);
}

#[test]
fn a_setting_that_somebody_weakens_fails_the_test_with_the_whole_story() {
    let weakened = || Check::file("tests/orders.yaml").set("auto.offset.reset", "latest").assert();
    let said = *std::panic::catch_unwind(weakened).unwrap_err().downcast::<String>().expect("a text");
    for words in ["1 of 3 expectations are violated", "leader-cut-off", "consumer", ".replay.yaml"] {
        assert!(said.contains(words), "{words} is missing in:\n{said}");
    }
}

#[test]
fn a_scenario_that_promises_nothing_is_no_test() {
    let scenario = Scenario::of("kafka").fault("none", []).set("workload.messages", 10).runs(1);
    let outcome = Check::of(scenario).keep_nothing().run().expect("the scenario can be read");
    assert!(!outcome.is_as_expected());
    let said = std::panic::catch_unwind(|| outcome.assert()).unwrap_err().downcast::<String>().expect("a text");
    assert!(said.starts_with("the scenario promises nothing"), "{said}");
}

#[test]
fn mistakes_are_reported_in_the_words_of_a_scenario_file() {
    let scenario = Scenario::of("kafka@4.1").config("producer", "ack", "all").fault("none", []);
    let failure = Check::of(scenario).run().unwrap_err();
    assert!(failure.text.contains("did you mean `acks`"), "{}", failure.text);
    let failure = Check::file("tests/nowhere.yaml").run().unwrap_err();
    assert!(failure.text.contains("tests/nowhere.yaml"), "{}", failure.text);
    let failure = Check::file("tests/orders.yaml").fault("leader-kild").run().unwrap_err();
    assert!(failure.text.contains("leader-killed"), "{}", failure.text);
}
