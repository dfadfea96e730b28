use ackproof_core::setup::Setup;
use ackproof_core::time::Span;

use super::{inert_names, refused, row, trap_ids};
use crate::config::{Config, Retention};

fn config(version: &str, chosen: &[&str]) -> Config {
    Config::from_effective(&row(version, chosen), &Setup::default())
}
fn age(chosen: &[&str]) -> Option<Span> {
    config("4.1", chosen).topic.retention.age
}

#[test]
fn the_shortest_unit_goes_before_the_others_and_the_topic_before_the_broker() {
    let (hours, minutes, ms) =
        ("broker.log.retention.hours=1", "broker.log.retention.minutes=2", "broker.log.retention.ms=3");
    assert_eq!(age(&[]), Some(Span::secs(7 * 24 * 3600)));
    assert_eq!(age(&[hours]), Some(Span::secs(3600)));
    assert_eq!(age(&[hours, minutes]), Some(Span::secs(120)));
    assert_eq!(age(&[hours, minutes, ms]), Some(Span(3)));
    assert_eq!(age(&[hours, minutes, ms, "topic.retention.ms=4"]), Some(Span(4)));
    assert_eq!(age(&["broker.log.retention.hours=-1"]), None);
    assert_eq!(age(&[hours, "topic.retention.ms=-1"]), None);
    assert_eq!(
        inert_names("4.1", &[hours, minutes, ms]),
        ["broker.log.retention.minutes", "broker.log.retention.hours"]
    );
    assert_eq!(inert_names("4.1", &[ms, "topic.retention.ms=4"]), ["broker.log.retention.ms"]);
}

#[test]
fn only_delete_deletes() {
    let compacted = |policy: &str| config("4.1", &["topic.retention.bytes=100", policy]).topic.retention;
    assert_eq!(compacted("topic.cleanup.policy=compact"), Retention::NEVER);
    assert_eq!(compacted("broker.log.cleanup.policy=compact"), Retention::NEVER);
    assert_eq!(compacted("topic.cleanup.policy=compact,delete").bytes, Some(100));
    assert_eq!(inert_names("4.1", &["topic.cleanup.policy=compact", "topic.retention.ms=1"]), ["topic.retention.ms"]);
    assert_eq!(config("4.1", &["broker.log.retention.ms=5"]).offsets.retention, Retention::NEVER);
    let often = "broker.log.retention.check.interval.ms=1";
    assert_eq!(inert_names("4.1", &[often, "topic.retention.ms=-1"]), ["broker.log.retention.check.interval.ms"]);
}

#[test]
fn since_4_0_a_segment_is_a_mebibyte_at_least() {
    let small = "topic.segment.bytes=1048575";
    assert_eq!(refused("4.0", &[small], &Setup::default()), ["topic.segment.bytes"]);
    assert_eq!(refused("4.0", &["broker.log.segment.bytes=14"], &Setup::default()), ["broker.log.segment.bytes"]);
    assert_eq!(refused("3.9", &[small], &Setup::default()), [""; 0]);
    assert_eq!(refused("4.0", &["topic.segment.bytes=1048576"], &Setup::default()), [""; 0]);
}

#[test]
fn a_broker_does_not_start_with_a_retention_of_nothing() {
    let refused = |chosen: &[&str]| refused("4.1", chosen, &Setup::default());
    assert_eq!(refused(&["broker.log.retention.hours=0"]), ["broker.log.retention.hours"]);
    assert_eq!(refused(&["broker.log.retention.hours=0", "broker.log.retention.ms=1"]), [""; 0]);
    assert_eq!(refused(&["topic.retention.ms=0"]), [""; 0]);
}

#[test]
fn what_is_deleted_later_or_sooner_than_it_seems_is_said() {
    let (by_segment, by_partition) = ("kafka-retention-by-segment", "kafka-retention-bytes-per-partition");
    let ids = |chosen: &[&str]| trap_ids("4.1", chosen, &Setup::default());
    assert!(ids(&["topic.retention.ms=10000"]).contains(&by_segment));
    assert!(ids(&["broker.log.retention.hours=24"]).contains(&by_segment));
    assert!(!ids(&["topic.retention.ms=10000", "topic.segment.ms=5000"]).contains(&by_segment));
    assert!(!ids(&[]).contains(&by_segment) && !ids(&["topic.retention.ms=-1"]).contains(&by_segment));
    assert!(ids(&["topic.retention.bytes=1000", "topic.partitions=2"]).contains(&by_partition));
    assert!(!ids(&["topic.retention.bytes=1000", "topic.partitions=1"]).contains(&by_partition));
    assert!(!ids(&["topic.partitions=2"]).contains(&by_partition));
    let progress = "kafka-offsets-retention";
    assert!(ids(&["broker.offsets.retention.minutes=60"]).contains(&progress));
    assert!(ids(&["topic.retention.ms=-1"]).contains(&progress));
    assert!(!ids(&[]).contains(&progress));
    assert!(!ids(&["broker.offsets.retention.minutes=60", "topic.retention.ms=3600000"]).contains(&progress));
}

#[test]
fn how_far_a_producers_clock_may_be_off_depends_on_the_version() {
    let limits = |version: &str, chosen: &[&str]| {
        let limits = config(version, chosen).topic.timestamps;
        (limits.before, limits.after)
    };
    let (either, after) = ("topic.message.timestamp.difference.max.ms=5", "topic.message.timestamp.after.max.ms=7");
    assert_eq!(limits("3.9", &[]), (None, None));
    assert_eq!(limits("4.0", &[]), (None, Some(Span::secs(3600))));
    assert_eq!(limits("3.9", &[either, after]), (Some(Span(5)), Some(Span(7))));
    assert_eq!(limits("3.5", &[either, after]), (Some(Span(5)), Some(Span(5))));
    assert_eq!(limits("4.0", &[either, after]), (None, Some(Span(7))));
}

#[test]
fn the_older_limit_on_a_producers_clock_is_inert_since_4_0() {
    let keys = ["broker.log.message.timestamp.difference.max.ms", "topic.message.timestamp.difference.max.ms"];
    let chosen = keys.map(|key| format!("{key}=5"));
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    assert_eq!(inert_names("4.0", &chosen), keys);
    assert_eq!(inert_names("3.9", &chosen), [""; 0]);
}
