//! Compose files and environment files.

use super::{assert_from_files, chosen, naming, place};

#[test]
fn brokers_that_share_an_anchor_are_one_cluster() {
    let place = place(&["compose-confluent.yaml"]);
    let ran = place.run(&["init", "--from", "compose-confluent.yaml", "-o", "orders.yaml"]).ended(0);
    ran.says("orders.yaml: kafka@3.6")
        .says("read as confluentinc/cp-kafka: `_` is a dot, `__` an underscore, `___` a dash")
        .says("KAFKA_MIN_INSYNC_REPLICAS: nothing defines `MIN_ISR`, so its default is in force")
        .says("KAFKA_UNCLEAN_LEADER_ELECTION is read as `unclean.leader.election`, which kafka does not have")
        .says("did you mean `unclean.leader.election.enable`?");
    let text = place.read("orders.yaml");
    for line in [
        "broker: kafka@3.6 # confluentinc/cp-kafka:7.6.1 (compose-confluent.yaml:5)\n",
        "cluster: { brokers: 3, racks: [a, b, c] } # kafka-1, kafka-2, kafka-3 in compose-confluent.yaml\n",
        "    - compose-confluent.yaml\n",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
    assert_from_files(
        &place,
        "orders.yaml",
        &[
            ("broker.default.replication.factor", "3", "compose-confluent.yaml:15"),
            ("broker.min.insync.replicas", "2", "compose-confluent.yaml:16"),
            ("broker.offsets.topic.replication.factor", "3", "compose-confluent.yaml:17"),
            ("broker.process.roles", "broker", "compose-confluent.yaml:11"),
            ("broker.replica.lag.time.max.ms", "10000", "compose-confluent.yaml:18"),
            ("producer.delivery.timeout.ms", "60000", "compose-confluent.yaml:52"),
        ],
    );
    place.run(&["run", "orders.yaml", "--runs", "2", "--verify", "0%"]).ended(0).says("acks=all instead of 1");
}

#[test]
fn an_env_file_defines_what_placeholders_need() {
    let place = place(&["compose-confluent.yaml"]);
    place.write(".env", "MIN_ISR=1\nCP_VERSION=8.0.0\n");
    place.run(&["init", "--from", "compose-confluent.yaml", ".env"]).ended(0).says("kafka@4.0");
    let chosen = chosen(&place, "ackproof.yaml");
    assert_eq!(chosen["broker.min.insync.replicas"], ("1".to_owned(), "compose-confluent.yaml:16".to_owned()));
}

#[test]
fn what_confluents_documentation_told_the_other_way_round_is_said() {
    let place = place(&["compose-confluent.yaml"]);
    place.write(".env", "CP_VERSION=7.5.3\n");
    let ran = place.run(&["init", "--from", "compose-confluent.yaml", ".env"]).ended(0);
    ran.says(
        "KAFKA_LISTENER_NAME_SASL__SSL_SASL_ENABLED_MECHANISMS is `listener.name.sasl_ssl.sasl.enabled.mechanisms`",
    )
    .says("documentation up to 7.5 told it the other way round");
    let old = "services:\n  k:\n    image: confluentinc/cp-kafka:5.4.1\n    environment:\n      KAFKA_ZOOKEEPER_CONNECT: z\n      KAFKA_A__B: 1\n";
    place.write("old.yaml", old);
    let ran = place.run(&["init", "--from", "old.yaml", "-o", "old-scenario.yaml"]).ended(0);
    ran.says("kafka@2.8: the nearest known one: confluentinc/cp-kafka:5.4.1 (old.yaml:3) is 2.4")
        .says("KAFKA_A__B is `a..b` or `a_b`, depending on the release of confluentinc/cp-kafka");
}

#[test]
fn each_image_has_its_own_rule() {
    let place = place(&["compose-bitnami.yaml", "compose-wurstmeister.yml", "compose-apache.yaml", "broker.env"]);
    let ran = place.run(&["init", "--from", "compose-bitnami.yaml", "-o", "b.yaml"]).ended(0);
    ran.says("b.yaml: kafka@3.6.1").says("only KAFKA_CFG_* are settings").says("offsets.topic.replication.factor=1");
    let bitnami = chosen(&place, "b.yaml");
    assert_eq!(bitnami["broker.log.flush.interval.messages"].0, "10000");
    assert_eq!(bitnami["cluster.brokers"].0, "1");
    let ran = place.run(&["init", "--from", "compose-wurstmeister.yml", "-o", "w.yaml"]).ended(0);
    ran.says("w.yaml: kafka@2.8.1").says("every `_` is a dot");
    let wurstmeister = chosen(&place, "w.yaml");
    assert_eq!(wurstmeister["broker.min.insync.replicas"], ("1".to_owned(), "compose-wurstmeister.yml:12".to_owned()));
    assert_eq!(wurstmeister["cluster.brokers"].0, "3");
    place.run(&["init", "--from", "compose-apache.yaml", "-o", "a.yaml"]).ended(0).says("a.yaml: kafka@3.9.0");
    let apache = chosen(&place, "a.yaml");
    assert_eq!(apache["broker.log.flush.interval.messages"], ("1".to_owned(), "broker.env:4".to_owned()));
    for scenario in ["b.yaml", "a.yaml"] {
        place.run(&["run", scenario, "--runs", "4", "--verify", "0%"]).ended(0);
    }
}

#[test]
fn an_unknown_image_is_not_guessed_at() {
    let place = place(&["compose-unknown.yaml"]);
    let ran = place.run(&["init", "--from", "compose-unknown.yaml", "-o", "a.yaml"]).ended(0);
    ran.says("the image `registry.example.net/platform/kafka:14` is unknown")
        .says("broker.min.insync.replicas is open")
        .says("known: confluentinc/cp-kafka, apache/kafka, bitnami/kafka");
    assert!(!chosen(&place, "a.yaml").contains_key("broker.min.insync.replicas"));
    let image = ["--image", "confluentinc/cp-kafka:7.9.0"];
    place
        .run(&[&["init", "--from", "compose-unknown.yaml", "-o", "b.yaml"], &image[..]].concat())
        .ended(0)
        .says("kafka@3.9");
    let text = place.read("b.yaml");
    assert!(text.contains("- { file: compose-unknown.yaml, image: \"confluentinc/cp-kafka:7.9.0\" }"), "{text}");
    let chosen = chosen(&place, "b.yaml");
    assert_eq!(chosen["broker.min.insync.replicas"], ("2".to_owned(), "compose-unknown.yaml:6".to_owned()));
    place
        .run(&["init", "--from", "compose-unknown.yaml", "--image", "mine:1", "-o", "c.yaml"])
        .ended(2)
        .says("`mine:1` is no image");
}

#[test]
fn brokers_that_differ_leave_a_setting_open_until_the_scenario_says_it() {
    let place = place(&["compose-confluent.yaml"]);
    let text = place.read("compose-confluent.yaml");
    let text = text.replace("KAFKA_NODE_ID: 3,", "KAFKA_NODE_ID: 3, KAFKA_MIN_INSYNC_REPLICAS: 1,");
    place.write("compose.yaml", &text);
    place
        .run(&["init", "--from", "compose.yaml"])
        .ended(0)
        .says("broker.min.insync.replicas is open: kafka-1 has 2, kafka-3 has 1");
    let written = place.read("ackproof.yaml");
    assert!(written.contains("    replica.lag.time.max.ms: 10000 # from compose.yaml:18\n"), "{written}");
    place.write("t.yaml", naming("[compose.yaml]", ""));
    place
        .run(&["plan", "t.yaml"])
        .ended(2)
        .says("the value of `broker.min.insync.replicas` cannot be told from this file")
        .says("kafka-1 has 2, kafka-3 has 1")
        .says("say it in the scenario, as in `config: { broker: { min.insync.replicas: ... } }`");
    place.write("t.yaml", naming("[compose.yaml]", "  broker: { min.insync.replicas: 2 }\n"));
    place.run(&["plan", "t.yaml"]).ended(0).says("broker.min.insync.replicas");
}

#[test]
fn a_scenario_about_another_cluster_than_its_files_is_warned_of() {
    let place = place(&["compose-confluent.yaml"]);
    let text = naming("[compose-confluent.yaml]", "").replace("kafka@3.6", "kafka@4.1");
    place.write("t.yaml", text + "cluster: { brokers: 5 }\n");
    place
        .run(&["check", "t.yaml"])
        .ended(0)
        .says("confluentinc/cp-kafka:7.6.1 is kafka 3.6, and the scenario is about kafka@4.1")
        .says("the file starts 3 brokers, and cluster.brokers is 5");
}

#[test]
fn an_environment_file_alone_needs_to_be_told_its_image() {
    let place = place(&["broker.env"]);
    place.write("t.yaml", naming("[broker.env]", ""));
    place.run(&["plan", "t.yaml"]).ended(2).says("no image is named");
    place.write("t.yaml", naming("[{ file: broker.env, image: \"apache/kafka:3.6.2\" }]", ""));
    let chosen = chosen(&place, "t.yaml");
    assert_eq!(chosen["broker.log.flush.interval.messages"], ("1".to_owned(), "broker.env:4".to_owned()));
}
