//! The broker's own properties files.

use super::{assert_from_files, axes, chosen, place};

/// As Kafka ships it: one node, with comments and all.
const SHIPPED: &str = "# Licensed to somebody\nprocess.roles=broker,controller\nnode.id=1\n\
    listeners=PLAINTEXT://:9092,CONTROLLER://:9093\nlog.dirs=/tmp/kraft-combined-logs\nnum.partitions=1\n\
    offsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1\n\
    transaction.state.log.min.isr=1\nlog.retention.hours=168\n";

#[test]
fn the_files_that_kafka_ships_become_a_scenario_that_runs() {
    let place = place(&[]);
    place.write("server.properties", SHIPPED);
    place.write("producer.properties", "bootstrap.servers=localhost:9092\ncompression.type=none\n");
    place.write("consumer.properties", "bootstrap.servers=localhost:9092\ngroup.id=test-consumer-group\n");
    let files = ["init", "--from", "server.properties", "producer.properties", "consumer.properties"];
    place
        .run(&files)
        .ended(0)
        .says("ackproof.yaml: kafka@")
        .says("your files do not say how many copies topics have")
        .says("auto.offset.reset is latest (Kafka's default)")
        .says("ackproof run ackproof.yaml");
    assert_from_files(
        &place,
        "ackproof.yaml",
        &[
            ("broker.log.retention.hours", "168", "server.properties:10"),
            ("broker.num.partitions", "1", "server.properties:6"),
            ("broker.offsets.topic.replication.factor", "1", "server.properties:7"),
            ("broker.process.roles", "broker,controller", "server.properties:2"),
            ("broker.transaction.state.log.min.isr", "1", "server.properties:9"),
            ("broker.transaction.state.log.replication.factor", "1", "server.properties:8"),
        ],
    );
    let plan = place.run(&["plan", "ackproof.yaml", "--format", "json"]).ended(0).json();
    assert_eq!(axes(&plan), ["producer.acks", "topic.min.insync.replicas", "app.consumer.processing"]);
    // The user's own row comes first.
    assert_eq!(plan["rows"][0]["row"]["producer.acks"], "all");
    place.run(&["run", "ackproof.yaml", "--runs", "2", "--verify", "0%"]).ended(0).says("acks=all instead of 1");
}

#[test]
fn the_users_own_value_comes_first_and_its_neighbours_follow() {
    let place = place(&[]);
    place.write("producer.properties", "acks=0\nlinger.ms=20\n");
    place.write("topic.properties", "replication.factor=3\nmin.insync.replicas=2\n");
    place.run(&["init", "--from", "producer.properties", "topic.properties", "-o", "a.yaml"]).ended(0);
    let text = place.read("a.yaml");
    assert!(text.contains("  acks: [0, 1, all] # yours first (producer.properties:1)\n"), "{text}");
    assert!(text.contains("  min.insync.replicas: [2, 1] # yours first (topic.properties:2)\n"), "{text}");
    let chosen = chosen(&place, "a.yaml");
    assert_eq!(chosen["producer.linger.ms"], ("20".to_owned(), "producer.properties:2".to_owned()));
    assert_eq!(chosen["topic.replication.factor"], ("3".to_owned(), "topic.properties:1".to_owned()));
}

#[test]
fn acks_do_not_vary_where_the_client_would_not_start_with_another() {
    let place = place(&[]);
    place.write("producer.properties", "enable.idempotence=true\nacks=all\n");
    place.write("server.properties", "default.replication.factor=3\nlog.flush.interval.messages=1\n");
    place.run(&["init", "--from", "producer.properties", "server.properties"]).ended(0);
    let text = place.read("ackproof.yaml");
    assert!(!text.contains("  acks: ["), "{text}");
    // Nothing else would lose, so that nothing would prove that a loss is seen.
    assert!(text.contains("canary: { fault: disks-lie }"), "{text}");
    place.run(&["run", "ackproof.yaml", "--runs", "2", "--verify", "0%"]).ended(0);
}

#[test]
fn a_transactional_producer_sends_in_transactions() {
    let place = place(&[]);
    place.write("producer.properties", "transactional.id=orders\n");
    place.run(&["init", "--from", "producer.properties"]).ended(0);
    assert!(place.read("ackproof.yaml").contains("transaction: { messages: 10 }"));
    place.run(&["run", "ackproof.yaml", "--runs", "1", "--verify", "0%"]).ended(0);
}

#[test]
fn an_unclean_election_and_a_single_copy_are_varied() {
    let place = place(&[]);
    place.write("server.properties", "default.replication.factor=3\nunclean.leader.election.enable=true\n");
    place.run(&["init", "--from", "server.properties", "-o", "a.yaml"]).ended(0);
    let text = place.read("a.yaml");
    assert!(
        text.contains("unclean.leader.election.enable: [true, false] # yours first (server.properties:2)"),
        "{text}"
    );
    place.write("server.properties", "default.replication.factor=1\n");
    place.run(&["init", "--from", "server.properties", "-o", "b.yaml"]).ended(0);
    let text = place.read("b.yaml");
    assert!(text.contains("topic.replication.factor: [1, 3] # yours first (server.properties:1)"), "{text}");
    place.run(&["run", "b.yaml", "--runs", "4", "--verify", "0%"]).ended(0);
}

#[test]
fn unknown_keys_are_listed_and_the_rest_is_written_out() {
    let place = place(&[]);
    place.write("producer.properties", "acks=1\nlinger.ms=5\nackz=all\nssl.key.password=hunter2\n");
    let ran = place.run(&["init", "--from", "producer.properties"]).ended(0);
    let ran = ran.says("producer.properties:3: kafka has no producer setting `ackz`, did you mean `acks`?");
    let text = place.read("ackproof.yaml");
    assert!(text.contains("    acks: 1 # from producer.properties:1\n"), "{text}");
    assert!(text.contains("    linger.ms: 5 # from producer.properties:2\n"), "{text}");
    assert!(text.contains("# - producer.properties:3: kafka has no producer setting `ackz`"), "{text}");
    assert!(!text.contains("  from:\n") && !text.contains("hunter2") && !ran.out.contains("hunter2"), "{text}");
    place.run(&["plan", "ackproof.yaml"]).ended(0);
}

#[test]
fn keys_of_another_client_choose_it() {
    let place = place(&[]);
    place.write("producer.properties", "queue.buffering.max.ms=5\nmessage.send.max.retries=3\n");
    place.run(&["init", "--from", "producer.properties"]).ended(0);
    assert!(place.read("ackproof.yaml").contains("client: librdkafka # it alone has every key of your files\n"));
}

#[test]
fn a_file_that_does_not_tell_its_section_can_be_told() {
    let place = place(&[]);
    place.write("app.properties", "bootstrap.servers=a:9092\n");
    place.run(&["init", "--from", "app.properties"]).ended(2).says("could be about producer or consumer");
    place.run(&["init", "--from", "producer=app.properties"]).ended(0);
    assert!(place.read("ackproof.yaml").contains("- { file: app.properties, section: producer }\n"));
}

#[test]
fn files_that_no_client_starts_with_are_refused_with_their_lines() {
    let place = place(&[]);
    place.write("producer.properties", "enable.idempotence=true\nmax.in.flight.requests.per.connection=9\n");
    place
        .run(&["init", "--from", "producer.properties"])
        .ended(2)
        .says("producer.properties:2:")
        .says("ackproof.yaml was not written: your files together are not what a cluster starts with");
    assert!(!place.path("ackproof.yaml").exists());
}
