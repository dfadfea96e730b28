//! Secrets in the user's own files never reach what is printed or kept.

use crate::workplace::{ALL_KEEPS, CANARY, Workplace, expecting};

const SERVER: &str = "num.network.threads=3
unclean.leader.election.enable=false
ssl.keystore.password=hunter2-keystore
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  username=\"admin\" \\
  password=\"hunter2-continued\";
";
const PRODUCER: &str = "linger.ms=5
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=u password=\"hunter2-jaas\";
ssl.key.password: hunter2-key
ssl.truststore.password hunter2-trust
sasl.oauthbearer.client.credentials.client.secret=hunter2-secret
";

fn place() -> Workplace {
    let text = expecting(&[CANARY, ALL_KEEPS])
        .replace("config:\n", "config:\n  from: [server.properties, producer.properties]\n")
        .replace("  topic:", "  broker: { ssl.truststore.password: hunter2-yaml }\n  topic:");
    Workplace::with(&[("orders.yaml", &text), ("server.properties", SERVER), ("producer.properties", PRODUCER)])
}

#[test]
fn secrets_are_in_no_output_and_in_no_file() {
    let place = place();
    for format in ["text", "json", "markdown"] {
        for command in ["check", "plan", "run"] {
            let ran = place.run(&[command, "orders.yaml", "--format", format]).ended(0);
            assert!(
                !format!("{}{}", ran.out, ran.err).contains("hunter2"),
                "{command} --format {format} tells a secret"
            );
        }
    }
    let replay = place.replay_file();
    for arguments in [&["replay", &replay, "-vv"][..], &["explain", &replay], &["check", &replay]] {
        let ran = place.run(arguments).ended(0);
        assert!(!format!("{}{}", ran.out, ran.err).contains("hunter2"), "{arguments:?} tells a secret");
    }
    let files = place.files("results");
    assert!(files.len() > 6, "{files:?}");
    for file in files {
        assert!(!place.read(&file).contains("hunter2"), "{file} keeps a secret");
    }
}

#[test]
fn an_error_beside_a_secret_does_not_show_it() {
    let place = place();
    place.write("producer.properties", format!("{PRODUCER}ackz=1\nmy.own.password=hunter2-mine\n"));
    let ran =
        place.run(&["run", "orders.yaml"]).ended(2).says("producer.properties:6:1").says("producer.properties:7:1");
    assert!(!format!("{}{}", ran.out, ran.err).contains("hunter2"), "{}", ran.err);
    let ran = place.run(&["check", "orders.yaml", "--format", "json"]).ended(2);
    assert!(!format!("{}{}", ran.out, ran.err).contains("hunter2"), "{}", ran.out);
}
