//! Where things are written, and that nothing is lost by it.

use super::place;

#[test]
fn without_files_there_is_a_scenario_to_start_from() {
    let place = place(&[]);
    place.run(&["init"]).ended(0).says("ackproof.yaml: kafka@").says("ackproof run ackproof.yaml");
    let text = place.read("ackproof.yaml");
    assert!(text.starts_with("# Written by `ackproof init` without files of yours."), "{text}");
    place.run(&["check", "ackproof.yaml"]).ended(0);
    place.run(&["run", "ackproof.yaml", "--runs", "2", "--verify", "0%"]).ended(0);
}

#[test]
fn nothing_is_overwritten_unless_forced() {
    let place = place(&[]);
    place.write("ackproof.yaml", "mine\n");
    place.run(&["init"]).ended(2).says("ackproof.yaml exists; -o names another file, --force overwrites it");
    assert_eq!(place.read("ackproof.yaml"), "mine\n");
    place.run(&["init", "--force"]).ended(0);
    assert!(place.read("ackproof.yaml").contains("broker: kafka@"));
    place.run(&["init", "-o", "nowhere/a.yaml"]).ended(2).says("nowhere/a.yaml cannot be written");
}

#[test]
fn standard_output_gets_the_scenario_alone() {
    let place = place(&[]);
    let ran = place.run(&["init", "-o", "-"]).ended(0);
    assert!(ran.out.starts_with("# Written by") && ran.out.contains("ackproof run FILE\n"), "{}", ran.out);
    assert!(place.files(".").is_empty());
    place.run(&["init", "-o", "-", "--ci", "github"]).ended(2).says("--ci needs a scenario in a file");
}

#[test]
fn files_are_named_as_seen_from_the_scenario() {
    let place = place(&["broker.env"]);
    std::fs::create_dir_all(place.path("tests/loss")).expect("a folder can be made");
    place.write("producer.properties", "acks=1\nlinger.ms=7\n");
    place.run(&["init", "--from", "producer.properties", "-o", "tests/loss/orders.yaml"]).ended(0);
    assert!(place.read("tests/loss/orders.yaml").contains("    - \"../../producer.properties\"\n"));
    place.run(&["plan", "tests/loss/orders.yaml"]).ended(0).says("../../producer.properties:2");
}

#[test]
fn a_template_runs_the_scenario() {
    let place = place(&[]);
    place
        .run(&["init", "-o", "orders.yaml", "--ci", "github"])
        .ended(0)
        .says(".github/workflows/ackproof.yaml: for orders.yaml");
    let template = place.read(".github/workflows/ackproof.yaml");
    assert!(template.contains("  SCENARIOS: orders.yaml\n"), "{template}");
    // Again: for the scenario that is there, but never over a template that is.
    place.run(&["init", "-o", "orders.yaml", "--ci", "github"]).ended(2).says("ackproof.yaml exists");
    std::fs::remove_file(place.path(".github/workflows/ackproof.yaml")).expect("it can be removed");
    let before = place.read("orders.yaml");
    place.run(&["init", "-o", "orders.yaml", "--ci", "github"]).ended(0);
    assert_eq!(place.read("orders.yaml"), before);
    let ran = place.run(&["init", "-o", "orders.yaml", "--ci", "gitlab"]).ended(0);
    let _ = ran.says(".gitlab/ackproof.yaml: for orders.yaml").says("include: { local: .gitlab/ackproof.yaml }");
    assert!(place.read(".gitlab/ackproof.yaml").contains("  SCENARIOS: orders.yaml\n"));
    place.run(&["init", "--broker", "rabbit"]).ended(2).says("no broker `rabbit`; known: kafka");
}
