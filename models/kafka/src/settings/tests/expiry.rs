use super::*;

const AFTER: &str = "broker.producer.id.expiration.ms=60000";
const EVERY: &str = "broker.producer.id.expiration.check.interval.ms=1000";
const OLDER: &str = "broker.transactional.id.expiration.ms=60000";

#[test]
fn producers_expire_by_settings_of_their_own_since_3_4() {
    for (version, chosen, after, every) in [
        ("3.3", &[][..], 604_800, 600),
        ("3.3", &[OLDER], 60, 600),
        ("3.3", &[AFTER, EVERY], 604_800, 600),
        ("3.4", &[], 86_400, 600),
        ("4.4", &[AFTER, EVERY, OLDER], 60, 1),
        ("4.4", &[OLDER], 86_400, 600),
    ] {
        let expiry = Config::from_effective(&row(version, chosen), &Setup::default()).broker.producer_expiry;
        assert_eq!((expiry.after, expiry.every), (Span::secs(after), Span::secs(every)), "{version} {chosen:?}");
    }
}

#[test]
fn settings_of_the_expiry_of_producers_are_inert_where_others_count_and_where_nobody_is_idempotent() {
    let own = ["broker.producer.id.expiration.ms", "broker.producer.id.expiration.check.interval.ms"];
    let older = "broker.transactional.id.expiration.ms";
    let off = "producer.enable.idempotence=false";
    assert_eq!(inert_names("4.1", &[AFTER, EVERY]), [""; 0]);
    assert_eq!(inert_names("4.1", &[AFTER, EVERY, off]), own);
    assert_eq!(inert_names("3.3", &[AFTER, EVERY]), own);
    assert_eq!(inert_names("3.3", &[OLDER]), [""; 0]);
    assert_eq!(inert_names("3.3", &[OLDER, off]), [older]);
    assert_eq!(inert_names("3.4", &[OLDER]), [older]);
}

#[test]
fn a_producer_that_retries_for_longer_than_it_is_known_is_warned_of() {
    let id = "kafka-producer-forgotten-while-it-retries";
    let said = |version: &str, chosen: &[&str]| trap_ids(version, chosen, &Setup::default()).contains(&id);
    assert!(said("4.1", &[AFTER]) && said("3.3", &[OLDER]));
    assert!(!said("4.1", &[]) && !said("3.3", &[AFTER]) && !said("4.1", &[OLDER]));
    assert!(!said("4.1", &["broker.producer.id.expiration.ms=120000"]), "delivery.timeout.ms is two minutes");
    assert!(!said("4.1", &[AFTER, "producer.enable.idempotence=false"]));
}
