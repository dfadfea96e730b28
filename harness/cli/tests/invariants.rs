//! What is true of every run, whatever the settings and the faults; and what is true of every run in which nothing that
//! was written is destroyed.

mod stand;

use std::collections::{BTreeMap, BTreeSet};

use ackproof::trial::Trial;
use ackproof_check::Told;
use ackproof_core::app::{MsgId, Origin, Outcome};
use ackproof_core::fault::FaultKind;
use ackproof_core::history::Entry;
use ackproof_core::node::NodeId;
use ackproof_core::observe::Observation;
use ackproof_core::op::{Op, Phase};
use ackproof_core::recording::{Detail, Fact};
use stand::{HARMLESS, SAFE, Stand, holds};

/// Every verb that a storm can draw.
fn all_verbs() -> Vec<&'static str> {
    FaultKind::ALL.iter().map(|(verb, _, _)| *verb).filter(|verb| *verb != "random").collect()
}

/// Settings far apart: what is true of all of them is true of what lies between.
fn far_apart() -> Vec<Stand> {
    let weak = [
        ("acks", "1"),
        ("topic.unclean.leader.election.enable", "true"),
        ("topic.min.insync.replicas", "1"),
        ("app.producer.send", "sync"),
        ("app.consumer.ack", "before-processing"),
        ("auto.offset.reset", "latest"),
    ];
    let careless = [
        ("acks", "0"),
        ("app.producer.send", "one-way"),
        ("app.consumer.ack", "auto"),
        ("enable.auto.commit", "true"),
        ("app.consumer.processing", "background"),
        ("disk.writeback", "never"),
    ];
    let impatient = [
        ("producer.request.timeout.ms", "1000"),
        ("delivery.timeout.ms", "2000"),
        ("app.consumer.ack", "after-processing"),
        ("app.consumer.failure_rate", "0.1"),
        ("app.consumer.on_error", "requeue"),
        ("broker.session.timeout.ms", "3000"),
    ];
    [&SAFE[..], &weak, &careless, &impatient].map(Stand::with).into()
}

/// The same for the storms that destroy nothing that was written, where no election is unclean either.
fn far_apart_and_clean() -> Vec<Stand> {
    let one_in_sync = [("topic.min.insync.replicas", "1"), ("app.consumer.ack", "after-processing")];
    [&SAFE[..], &[("acks", "1")], &[("acks", "0")], &one_in_sync].map(Stand::with).into()
}

fn always(detail: Detail, property: impl Fn(&Trial) -> Result<(), String>) {
    for stand in far_apart() {
        holds(&stand, &all_verbs(), 300, detail, &property);
    }
}

fn while_nothing_is_destroyed(detail: Detail, property: impl Fn(&Trial) -> Result<(), String>) {
    for stand in far_apart_and_clean() {
        holds(&stand, &HARMLESS, 300, detail, &property);
    }
}

fn entries(trial: &Trial) -> &[Entry] {
    &trial.recording.history.entries
}

fn expect(is: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(what()) }
}

/// Message by offset of each origin, as the late consumer found it.
fn audited(trial: &Trial) -> BTreeMap<(Origin, u64), MsgId> {
    let found = entries(trial).iter().filter_map(|entry| {
        let Op::Audited(found) = &entry.op else { return None };
        Some(((found.origin, found.offset), found.msg))
    });
    found.collect()
}

/// Origins that the late consumer read to their end.
fn read_to_the_end(trial: &Trial) -> BTreeSet<Origin> {
    let complete = entries(trial)
        .iter()
        .filter_map(|entry| if let Op::AuditEnd { origin, complete: true } = entry.op { Some(origin) } else { None });
    complete.collect()
}

#[test]
fn every_message_is_exactly_one_of_acked_rejected_unknown_untold_and_aborted() {
    always(Detail::Verdict, |trial| {
        let tally = &trial.verdict.tally;
        let sent: BTreeSet<MsgId> = entries(trial)
            .iter()
            .filter_map(|entry| if let Op::Send { msg, .. } = entry.op { Some(msg) } else { None })
            .collect();
        let fates = ackproof_check::fates(&trial.recording.history);
        expect(fates.iter().map(|(msg, _)| *msg).eq(sent.iter().copied()), || "not each message has one fate".into())?;
        let told = |is: Told| fates.iter().filter(|(_, fate)| fate.told == is).count() as u64;
        let kinds = [Told::Acked, Told::Rejected, Told::Unknown, Told::Untold, Told::Aborted];
        let counted = kinds.map(told);
        let tallied = [tally.acked, tally.rejected, tally.unknown, tally.untold, tally.aborted];
        expect(counted == tallied, || format!("fates {counted:?}, tally {tallied:?}"))?;
        expect(tallied.iter().sum::<u64>() == tally.sent && tally.sent == sent.len() as u64, || format!("{tally:?}"))
    });
}

#[test]
fn an_application_is_told_at_most_once_of_each_send() {
    always(Detail::Verdict, |trial| {
        let mut open: BTreeMap<MsgId, i64> = BTreeMap::new();
        for entry in entries(trial) {
            if let Op::Send { msg, .. } = &entry.op {
                *open.entry(*msg).or_default() += 1;
            }
            if let Op::Told { msg, outcome } = &entry.op {
                let left = open.entry(*msg).or_default();
                *left -= 1;
                expect(*left >= 0, || format!("{msg} was told {outcome} at {} and nobody had asked", entry.at))?;
            }
        }
        Ok(())
    });
}

#[test]
fn what_was_certainly_refused_is_found_by_nobody() {
    always(Detail::Verdict, |trial| {
        let fates = ackproof_check::fates(&trial.recording.history);
        let refused: BTreeSet<MsgId> =
            fates.iter().filter(|(_, fate)| fate.told == Told::Rejected).map(|(msg, _)| *msg).collect();
        for entry in entries(trial) {
            if let Op::Delivered(found) | Op::Audited(found) | Op::Stranded(found) = &entry.op {
                expect(!refused.contains(&found.msg), || {
                    format!(
                        "{} was refused for certain, and found at offset {} at {}",
                        found.msg, found.offset, entry.at
                    )
                })?;
            }
        }
        Ok(())
    });
}

#[test]
fn the_late_consumer_reads_every_offset_once_and_in_order() {
    always(Detail::Verdict, |trial| {
        let mut next: BTreeMap<Origin, u64> = BTreeMap::new();
        for entry in entries(trial) {
            if let Op::Audited(found) = &entry.op {
                let expected = next.entry(found.origin).or_default();
                expect(found.offset == *expected, || {
                    format!("offset {} of log {} came where {expected} was due", found.offset, found.origin.0)
                })?;
                *expected += 1;
            }
        }
        Ok(())
    });
}

#[test]
fn phases_come_in_order_and_every_fault_begins_at_most_once_and_ends_after_it_began() {
    always(Detail::Verdict, |trial| {
        let phases: Vec<Phase> = entries(trial)
            .iter()
            .filter_map(|entry| if let Op::Phase(phase) = entry.op { Some(phase) } else { None })
            .collect();
        let all = [Phase::WarmUp, Phase::Chaos, Phase::Settle, Phase::Drain, Phase::Verdict];
        expect(phases == all, || format!("phases {phases:?}"))?;
        let (mut began, mut ended, mut missed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for entry in entries(trial) {
            let first = if let Op::FaultBegan { fault, .. } = &entry.op {
                began.insert(*fault)
            } else if let Op::FaultEnded { fault } = &entry.op {
                began.contains(fault) && ended.insert(*fault)
            } else if let Op::FaultMissed { fault, .. } = &entry.op {
                missed.insert(*fault)
            } else {
                true
            };
            expect(first, || format!("{} at {} is one too many", entry.op, entry.at))?;
        }
        let known: BTreeSet<u16> = (0..trial.recording.faults.len() as u16).collect();
        expect(began.is_disjoint(&missed) && began.union(&missed).eq(known.iter()), || {
            format!("began {began:?}, missed {missed:?} of {}", known.len())
        })
    });
}

#[test]
fn a_process_that_is_down_does_and_is_told_nothing() {
    always(Detail::Verdict, |trial| {
        let mut up: BTreeSet<NodeId> = BTreeSet::new();
        for entry in entries(trial) {
            let Some(node) = entry.node else { continue };
            let fits = match &entry.op {
                Op::Started => up.insert(node),
                Op::Died(_) => up.remove(&node),
                Op::Send { .. } | Op::Told { .. } | Op::EndTransaction { .. } => up.contains(&node),
                Op::Delivered(_) | Op::Processed { .. } | Op::Audited(_) | Op::Effect(_) => up.contains(&node),
                Op::Disposed { .. } => up.contains(&node),
                // Written at the end, of disks and of actors alike.
                Op::Stranded(_) | Op::Progress { .. } | Op::AuditEnd { .. } | Op::Fingerprint { .. } => true,
                Op::Phase(_) | Op::PhaseLimit(_) | Op::AtWork { .. } => true,
                Op::FaultBegan { .. } | Op::FaultEnded { .. } | Op::FaultMissed { .. } => true,
            };
            expect(fits, || {
                format!("{} at {} on {}", entry.op, entry.at, trial.recording.history.nodes[node.index()])
            })?;
        }
        Ok(())
    });
}

#[test]
fn an_epoch_has_one_leader() {
    always(Detail::Trace, |trial| {
        let mut leaders: BTreeMap<(Origin, u32), NodeId> = BTreeMap::new();
        for traced in &trial.recording.trace {
            if let Fact::Observed(Observation::LeaderElected { origin, leader: Some(leader), epoch, .. }) = &traced.fact
            {
                let first = *leaders.entry((*origin, *epoch)).or_insert(*leader);
                expect(first == *leader, || {
                    format!("two leaders of log {} in epoch {epoch}, the second at {}", origin.0, traced.at)
                })?;
            }
        }
        Ok(())
    });
}

#[test]
fn every_confirmation_rests_on_as_many_copies_as_must_be_in_sync() {
    for (stand, at_least) in [(Stand::with(&[]), 2), (Stand::with(&[("topic.min.insync.replicas", "3")]), 3)] {
        holds(&stand, &all_verbs(), 300, Detail::Trace, |trial| {
            for traced in &trial.recording.trace {
                if let Fact::Observed(Observation::Confirmed { msg, copies, .. }) = &traced.fact {
                    let distinct: BTreeSet<&NodeId> = copies.iter().collect();
                    expect(distinct.len() >= at_least, || {
                        format!("{msg} was confirmed at {} on {copies:?}", traced.at)
                    })?;
                }
            }
            Ok(())
        });
    }
}

#[test]
fn while_nothing_is_destroyed_consumers_read_what_a_late_consumer_reads_at_the_same_offset() {
    while_nothing_is_destroyed(Detail::Verdict, |trial| {
        let (late, complete) = (audited(trial), read_to_the_end(trial));
        for entry in entries(trial) {
            let Op::Delivered(early) = &entry.op else { continue };
            let same = late.get(&(early.origin, early.offset)) == Some(&early.msg);
            expect(same || !complete.contains(&early.origin), || {
                let found = late.get(&(early.origin, early.offset));
                format!("{} was handed over from offset {}, where {found:?} is found later", early.msg, early.offset)
            })?;
        }
        Ok(())
    });
}

#[test]
fn while_nothing_is_destroyed_the_progress_of_the_group_never_passes_the_end_of_the_log() {
    while_nothing_is_destroyed(Detail::Verdict, |trial| {
        let (late, complete) = (audited(trial), read_to_the_end(trial));
        for entry in entries(trial) {
            let Op::Progress { origin, upto } = entry.op else { continue };
            let end = late.keys().filter(|(of, _)| *of == origin).count() as u64;
            expect(upto <= end || !complete.contains(&origin), || {
                format!("the group stored {upto} for log {}, which ends at {end}", origin.0)
            })?;
        }
        Ok(())
    });
}

#[test]
fn while_nothing_is_destroyed_a_consumer_goes_only_forward_as_long_as_it_lives() {
    while_nothing_is_destroyed(Detail::Verdict, |trial| {
        let mut next: BTreeMap<(NodeId, Origin), u64> = BTreeMap::new();
        for entry in entries(trial) {
            let Some(node) = entry.node else { continue };
            if let Op::Started = &entry.op {
                next.retain(|(of, _), _| *of != node);
            }
            if let Op::Delivered(delivery) = &entry.op {
                let expected = next.entry((node, delivery.origin)).or_insert(delivery.offset);
                expect(delivery.offset >= *expected, || {
                    let (offset, log) = (delivery.offset, delivery.origin.0);
                    format!("offset {offset} of log {log} was handed over at {}, after {expected}", entry.at)
                })?;
                *expected = delivery.offset + 1;
            }
        }
        Ok(())
    });
}

#[test]
fn while_nothing_is_destroyed_what_acks_all_acknowledged_is_in_a_log() {
    holds(&Stand::with(&[]), &HARMLESS, 300, Detail::Verdict, |trial| {
        let (late, complete) = (audited(trial), read_to_the_end(trial));
        if complete.len() < 2 {
            return Ok(());
        }
        let found: BTreeSet<MsgId> = late.into_values().collect();
        for entry in entries(trial) {
            if let Op::Told { msg, outcome: Outcome::Acked } = entry.op {
                expect(found.contains(&msg), || format!("{msg} was acked at {} and is in no log", entry.at))?;
            }
        }
        Ok(())
    });
}
