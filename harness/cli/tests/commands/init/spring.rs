//! Spring Boot's configuration.

use super::{assert_from_files, chosen, naming, place};

/// Everything that [`files/application.yml`] sets, and Spring itself where it does not.
const VALUES: [(&str, &str, &str); 12] = [
    ("app.consumer.ack", "after-processing", "application.yml:30"),
    ("consumer.auto.offset.reset", "earliest", "application.yml:23"),
    ("consumer.enable.auto.commit", "false", "application.yml:22"),
    ("consumer.isolation.level", "read_committed", "application.yml:25"),
    ("consumer.max.poll.records", "50", "application.yml:24"),
    ("consumer.request.timeout.ms", "15000", "application.yml:13"),
    ("consumer.session.timeout.ms", "20000", "application.yml:28"),
    ("producer.acks", "all", "application.yml:15"),
    ("producer.batch.size", "32768", "application.yml:16"),
    ("producer.linger.ms", "20", "application.yml:19"),
    ("producer.max.in.flight.requests.per.connection", "1", "application.yml:20"),
    ("producer.request.timeout.ms", "15000", "application.yml:13"),
];

#[test]
fn application_yml_sets_both_clients_and_says_when_the_listener_commits() {
    let place = place(&["application.yml"]);
    place.write("t.yaml", naming("[application.yml]", ""));
    assert_from_files(&place, "t.yaml", &VALUES);
    let ran = place.run(&["init", "--from", "application.yml"]).ended(0);
    let ran = ran
        .says("turns enable.auto.commit off (since spring-kafka 2.3)")
        .says("listener.ack-mode: RECORD, is app.consumer.ack: after-processing")
        .says("application.yml:38: holds for the profile `fast` only, which is not active: not read")
        .says("nothing defines `ORDERS_ACKS`, so its default is in force");
    let text = place.read("ackproof.yaml");
    assert!(!text.contains("hunter2") && !ran.out.contains("hunter2"), "{text}");
    let left = chosen(&place, "ackproof.yaml");
    for (name, value, source) in VALUES.iter().filter(|(name, ..)| *name != "producer.acks") {
        assert_eq!(left[*name], ((*value).to_owned(), (*source).to_owned()), "{name}");
    }
    place.run(&["run", "ackproof.yaml", "--runs", "2", "--verify", "0%"]).ended(0);
}

#[test]
fn a_profile_holds_when_it_is_active() {
    let place = place(&["application.yml", "application.properties"]);
    place.write("t.yaml", naming("[{ file: application.yml, profile: fast }]", ""));
    assert_eq!(chosen(&place, "t.yaml")["producer.acks"], ("1".to_owned(), "application.yml:41".to_owned()));
    place.run(&["init", "--from", "application.yml", "--profile", "fast"]).ended(0);
    let text = place.read("ackproof.yaml");
    assert!(text.contains("- { file: application.yml, profile: [fast] }"), "{text}");
    assert!(text.contains("  acks: [1, all] # yours first (application.yml:41)"), "{text}");
    let named = "[{ file: application.yml, profile: [slow] }]";
    place.write("t.yaml", naming(named, ""));
    place.run(&["check", "t.yaml"]).ended(0).says("has no document for the profile `slow`").says("profiles: fast");
}

#[test]
fn properties_may_hold_several_documents_too() {
    let place = place(&["application.properties"]);
    place.write("t.yaml", naming("[application.properties]", ""));
    assert_from_files(
        &place,
        "t.yaml",
        &[
            ("consumer.auto.commit.interval.ms", "2000", "application.properties:5"),
            ("consumer.enable.auto.commit", "true", "application.properties:4"),
        ],
    );
    // With commits of its own the listener's code decides, and no file says how.
    place.write("t.yaml", naming("[{ file: application.properties, profile: safe }]", ""));
    place
        .run(&["plan", "t.yaml"])
        .ended(2)
        .says("the value of `app.consumer.ack` cannot be told from this file")
        .says("with listener.ack-mode: manual the listener's code decides when progress is stored");
    place.run(&["init", "--from", "application.properties", "--profile", "safe"]).ended(0);
    let text = place.read("ackproof.yaml");
    assert!(text.contains("  app.consumer.ack: [after-batch, before-processing]"), "{text}");
    place.run(&["plan", "ackproof.yaml"]).ended(0);
}

#[test]
fn a_variable_of_the_application_goes_over_its_file() {
    let place = place(&["application.yml"]);
    place.write(
        "compose.yaml",
        "services:\n  orders:\n    image: orders\n    environment:\n      SPRING_KAFKA_PRODUCER_ACKS: 1\n      \
         SPRING_KAFKA_CONSUMER_MAXPOLLRECORDS: 7\n      SPRING_KAFKA_CONSUMER_PROPERTIES_MAX_POLL_INTERVAL_MS: 9000\n      \
         SPRING_KAFKA_CONSUMER_NONSENSE: 1\n",
    );
    place.write("t.yaml", naming("[compose.yaml, application.yml]", ""));
    let all = chosen(&place, "t.yaml");
    assert_eq!(all["producer.acks"], ("1".to_owned(), "compose.yaml:5".to_owned()));
    assert_eq!(all["consumer.max.poll.records"], ("7".to_owned(), "compose.yaml:6".to_owned()));
    assert_eq!(all["consumer.max.poll.interval.ms"], ("9000".to_owned(), "compose.yaml:7".to_owned()));
    place.run(&["check", "t.yaml"]).ended(0).says("SPRING_KAFKA_CONSUMER_NONSENSE is no property of spring.kafka");
}

#[test]
fn what_nothing_defines_has_to_be_said() {
    let place = place(&[]);
    place.write("application.yml", "spring.kafka.producer:\n  acks: ${ACKS}\n  retries: ${RETRIES:3}\n");
    place.write("t.yaml", naming("[application.yml]", ""));
    place
        .run(&["run", "t.yaml"])
        .ended(2)
        .says("depends on `ACKS`, which nothing here defines")
        .says("application.yml:2:");
    place.write("t.yaml", naming("[application.yml]", "matrix: { acks: [1, all] }\n"));
    place.run(&["plan", "t.yaml"]).ended(0);
    place.write("app.env", "ACKS=0\n");
    place.write("t.yaml", naming("[application.yml, app.env]", ""));
    assert_eq!(chosen(&place, "t.yaml")["producer.acks"], ("0".to_owned(), "application.yml:2".to_owned()));
}

#[test]
fn unknown_properties_are_named_with_the_nearest_one() {
    let place = place(&[]);
    place.write(
        "application.yml",
        "spring:\n  kafka:\n    producer:\n      ack: all\n      properties: { lingr.ms: 5 }\n    consumer:\n      enable-auto-commit: maybe\n",
    );
    place.write("t.yaml", naming("[application.yml]", ""));
    place
        .run(&["plan", "t.yaml"])
        .ended(2)
        .says("application.yml:4:")
        .says("did you mean `producer.acks`?")
        .says("application.yml:5:")
        .says("did you mean `linger.ms`?")
        .says("application.yml:7:")
        .says("`maybe` is no value of `enable.auto.commit`");
}
