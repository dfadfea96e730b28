//! Whatever is handed over: an error that says where and what, exit 2, nothing written.

use std::time::{Duration, Instant};

use super::place;

#[track_caller]
fn refused(name: &str, text: impl AsRef<[u8]>, says: &[&str]) {
    let place = place(&[]);
    place.write(name, text);
    place.write("t.yaml", super::naming(&format!("[{name}]"), ""));
    let began = Instant::now();
    for arguments in [&["init", "--from", name][..], &["plan", "t.yaml"]] {
        says.iter().fold(place.run(arguments).ended(2), |ran, words| ran.says(words));
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{name} took {:?}", began.elapsed());
    assert_eq!(place.files("."), ["./".to_owned() + name, "./t.yaml".to_owned()].map(|path| path[2..].to_owned()));
}

#[test]
fn yaml_that_is_none_is_refused() {
    refused("compose.yaml", "services: [\n", &["compose.yaml:", "not valid YAML"]);
    refused("application.yml", "spring:\n\tkafka: 1\n", &["application.yml:2", "not valid YAML"]);
    refused("a.yaml", "services: { a: { image: x, image: y } }\n", &["a.yaml:1:", "`image` is written twice"]);
    refused("a.yaml", "a: &a [*a]\n", &["a.yaml:1:", "an alias inside what it stands for"]);
    refused("a.yaml", "services: !x { a: 1 }\n", &["a.yaml", "tags such as"]);
    refused("a.yaml", "[".repeat(300_000), &["a.yaml", "not valid YAML"]);
    refused("a.yaml", b"services: caf\xe9\n", &["a.yaml", "is not UTF-8 text: byte 0xe9 in line 1"]);
    let mut bomb = String::from("x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("x-{level}: &a{level} [{inner}]\n"));
    }
    refused("a.yaml", bomb + "services: {}\n", &["a.yaml", "grows to more than 100000 nodes"]);
    let many = "a: &a [x, x, x, x, x, x]\nb: [*a, *a, *a]\n---\n".repeat(20_000);
    refused("a.yaml", many, &["a.yaml", "more than 100000 nodes"]);
}

#[test]
fn files_that_are_something_else_are_refused() {
    refused(
        "a.yaml",
        "kind: Deployment\n",
        &["is neither a compose file (`services:`) or Spring Boot's (`spring.kafka`)"],
    );
    refused("a.yaml", "broker: kafka\nfaults: { none: [] }\n", &["`a.yaml` is a scenario, not a configuration"]);
    refused("server.properties", "a=\\u12\n", &["server.properties:1:1", "not a properties line"]);
    refused("server.properties", "a\u{0}b=1\n", &["server.properties:1:", "control character"]);
    refused("kafka.env", "KAFKA NODE=1\nx\u{7}=2\n", &["kafka.env:1:1", "kafka.env:2:1", "as in NAME=value"]);
    refused("server.properties", "# filler\n".repeat(200_000), &["larger than 1 MiB"]);
    refused("a.yaml", "services: 5\n", &["a.yaml:1:11", "`services` is a map of keys and values, not a number"]);
    refused("a.yaml", "services: { a: 5 }\n", &["a.yaml:1:13", "the service `a` is a map"]);
    let environment =
        |value: &str| format!("services:\n  k:\n    image: apache/kafka:3.9.0\n    environment: {value}\n");
    refused("a.yaml", environment("5"), &["a.yaml:4:18", "a map or a list of NAME=value, not a number"]);
    refused(
        "a.yaml",
        environment("{ KAFKA_NODE_ID: [1] }"),
        &["a.yaml:4:", "`KAFKA_NODE_ID` is a single value, not a list"],
    );
    refused(
        "a.yaml",
        environment("{ KAFKA_NODE_ID: 1, KAFKA_MIN_INSYNC_REPLICAS: two }"),
        &["a.yaml:4:", "`two` is no value of `min.insync.replicas`", "a whole number"],
    );
    refused(
        "application.yml",
        "spring.kafka:\n  consumer.max-poll-interval: 5 parsecs\n  listener.ack-mode: SOMETIMES\n",
        &["application.yml:2:31", "a duration such as 500ms", "application.yml:3:22", "`SOMETIMES` is no value of"],
    );
}

#[test]
fn files_that_say_nothing_are_refused() {
    let place = place(&[]);
    for (name, text) in [
        ("server.properties", ""),
        ("application.yml", "spring: { main: { banner-mode: off } }\n"),
        ("a.yaml", "services: {}\n"),
    ] {
        place.write(name, text);
        place.run(&["init", "--from", name]).ended(2).says(&format!("nothing in {name} is about kafka"));
    }
    place.write("empty.yaml", "");
    place.run(&["init", "--from", "empty.yaml"]).ended(2).says("empty.yaml");
    place.run(&["init", "--from", "gone.yaml"]).ended(2).says("`gone.yaml` cannot be read: no such file");
    place.run(&["init", "--from", "."]).ended(2).says("is a folder");
    assert!(!place.path("ackproof.yaml").exists());
}

#[test]
fn a_comment_cannot_be_broken_out_of() {
    let place = place(&[]);
    place.write(
        "compose.yaml",
        "services:\n  \"k\\nbroker: rabbitmq\":\n    image: \"apache/kafka:3.9.0\"\n    environment:\n      KAFKA_NODE_ID: 1\n      \
         \"KAFKA_X\\nruns: 9\": 1\n      KAFKA_LOG_FLUSH_INTERVAL_MESSAGES: \"1\"\n",
    );
    place.run(&["init", "--from", "compose.yaml"]).ended(0);
    let text = place.read("ackproof.yaml");
    let keys = |word: &str| text.lines().filter(|line| line.starts_with(word)).count();
    assert_eq!((keys("broker:"), keys("runs:")), (1, 1), "{text}");
}
