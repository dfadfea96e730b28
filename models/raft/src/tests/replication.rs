//! What counts as committed, how a follower comes to have its leader's log, and what lost power does to both.

use ackproof_core::disk::{DiskFaults, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;
use ackproof_log::{Epoch, EpochEnd, Offset};

use super::net::{LOG, Net, PLACE, Rec};
use super::solo::{B, C, Solo, committed, pushes, replies, synced};
use crate::{Ballot, Commits, Effect, Event, Horizon, Message, Policy, PushReply, Refused, Timer};

#[test]
fn a_record_is_committed_when_a_majority_has_it() {
    let mut net = Net::<false>::started(3, Policy::dledger(), 1);
    let leader = net.elect();
    net.run(Span::secs(3));
    net.write(leader).unwrap();
    net.run(Span::ms(20));
    assert_eq!(net.member(leader).committed(), Offset(1));
    for id in net.ids().into_iter().filter(|&id| id != leader) {
        net.kill(id);
    }
    net.write(leader).unwrap();
    net.run(Span::secs(3));
    assert_eq!((net.member(leader).committed(), net.member(leader).log().end()), (Offset(1), Offset(2)));
}

#[test]
fn on_the_platter_a_copy_counts_once_it_is_synced_and_in_the_page_cache_at_once() {
    let pushed = |policy: Policy| {
        let mut follower = Solo::<true>::new(policy, 3, &[]);
        follower.follow(4);
        let first = follower.push(4, 0, None, &[4]);
        let later = follower.sync(&first);
        (replies(&first), replies(&later))
    };
    let matched = |held| PushReply::Matched { upto: Offset(1), held: Offset(held) };
    assert_eq!(pushed(Policy::ra()), (vec![], vec![matched(1)]));
    assert_eq!(pushed(Policy { counts: Horizon::PageCache, ..Policy::ra() }), (vec![matched(1)], vec![]));
}

#[test]
fn a_leader_counts_itself_only_after_its_own_sync_where_the_platter_counts() {
    for (policy, at_once) in [(Policy::ra(), None), (Policy { counts: Horizon::PageCache, ..Policy::ra() }, Some(2))] {
        let mut leader = Solo::<true>::new(policy, 3, &[]);
        leader.lead();
        leader.matched(B, 1, 1);
        assert_eq!(leader.member.committed(), Offset(1), "its opening record");
        let written = leader.write();
        assert_eq!(synced(&written), [SyncTarget::File(LOG)]);
        assert_eq!(committed(&leader.matched(B, 2, 2)), at_once);
        leader.sync(&written);
        assert_eq!(leader.member.committed(), Offset(2));
    }
}

#[test]
fn a_copy_that_is_not_synced_does_not_count_where_the_platter_does() {
    let mut leader = Solo::<true>::new(Policy::ra(), 3, &[]);
    leader.lead();
    assert_eq!(committed(&leader.matched(B, 1, 0)), None);
    assert_eq!(committed(&leader.matched(C, 1, 0)), None);
    assert_eq!(committed(&leader.matched(C, 1, 1)), Some(1));
}

#[test]
fn records_of_an_older_term_are_committed_with_one_of_the_leaders_own() {
    for (commits, old_alone) in [(Commits::OwnTerm, None), (Commits::AnyTerm, Some(2))] {
        let mut leader = Solo::<false>::new(Policy { commits, ..Policy::dledger() }, 3, &[1, 1]);
        leader.disk.store(PLACE.ballot, Ballot { epoch: Epoch(4), voted_for: None }).unwrap();
        leader.lead();
        assert_eq!(leader.member.epoch(), Epoch(4));
        assert_eq!(committed(&leader.matched(B, 2, 2)), old_alone);
        leader.write();
        assert_eq!(committed(&leader.matched(B, 3, 3)), Some(3));
    }
}

/// Whether a record of an older term, counted on three of five, is overwritten later. The steps are those at [`Commits::AnyTerm`].
fn overwrites_what_it_counted(commits: Commits) -> bool {
    let mut net = Net::<false>::new(5, Policy { commits, ..Policy::dledger() }, 1);
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(NodeId);
    let record = |epoch, value| Rec { epoch: Epoch(epoch), value };
    for (id, records) in [
        (a, vec![record(1, 1), record(2, 2)]),
        (b, vec![record(1, 1), record(2, 2)]),
        (c, vec![record(1, 1)]),
        (d, vec![record(1, 1)]),
        (e, vec![record(1, 1), record(3, 3)]),
    ] {
        for record in records {
            net.machines[id.index()].disk.append(LOG, record).unwrap();
        }
        let ballot = Ballot { epoch: Epoch(3), voted_for: Some(e) };
        net.machines[id.index()].disk.store(PLACE.ballot, ballot).unwrap();
    }
    // A leads in term 4, of a majority without E.
    net.start(a);
    net.start(b);
    net.start(c);
    net.run(Span::secs(15));
    assert_eq!(net.records(c), [record(1, 1), record(2, 2)]);
    for id in [a, b, c] {
        net.kill(id);
    }
    net.isolate(a);
    net.isolate(b);
    for id in net.ids() {
        net.start(id);
    }
    net.run(Span::secs(60));
    if let [leader] = net.leading()[..] {
        let _ = net.write(leader);
        net.run(Span::secs(5));
    }
    assert!([c, d].iter().any(|&id| net.records(id).contains(&record(3, 3))), "E never led");
    !net.broken.is_empty()
}

#[test]
fn a_record_of_an_older_term_that_was_counted_may_be_overwritten_and_one_that_waited_is_not() {
    assert!(overwrites_what_it_counted(Commits::AnyTerm));
    assert!(!overwrites_what_it_counted(Commits::OwnTerm));
}

#[test]
fn a_follower_says_where_its_log_parts_and_cuts_what_is_not_its_leaders() {
    let mut follower = Solo::<true>::new(Policy::ra(), 3, &[1, 1, 2, 2]);
    follower.follow(4);
    let told = |epoch, end| EpochEnd { epoch: Epoch(epoch), end: Offset(end) };
    for (from, before, own) in [(6, 3, told(2, 4)), (9, 2, told(2, 4)), (4, 1, told(1, 2))] {
        let effects = follower.push(4, from, Some(before), &[]);
        assert_eq!(replies(&effects), [PushReply::Mismatch { from: Offset(from), own }]);
    }
    assert_eq!(follower.epochs(), [1, 1, 2, 2], "nothing is cut before the logs are the same somewhere");
    let effects = follower.push(4, 2, Some(1), &[3, 4]);
    assert_eq!(follower.epochs(), [1, 1, 3, 4]);
    let cut = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Truncated { from: Offset(2), to: Offset(4), committed: 0 }));
    assert!(cut, "{effects:?}");
}

#[test]
fn what_a_leader_does_not_have_goes_when_the_logs_are_first_compared_and_later_on_stays() {
    let mut follower = Solo::<true>::new(Policy::ra(), 3, &[1, 1, 2, 2]);
    follower.follow(4);
    follower.push(4, 3, Some(2), &[]);
    assert_eq!(follower.epochs(), [1, 1, 2]);
    follower.push(4, 3, Some(2), &[4, 4]);
    follower.push(4, 3, Some(2), &[]);
    assert_eq!(follower.epochs(), [1, 1, 2, 4, 4], "a late message takes nothing back");
}

#[test]
fn a_leader_goes_back_to_where_both_logs_have_left_the_term_and_sends_what_follows() {
    let mut leader = Solo::<true>::new(Policy::ra(), 3, &[1, 1, 2, 3, 3]);
    let probes = leader.lead();
    let from = pushes(&probes)[0].0;
    assert_eq!(from, 5);
    let own = EpochEnd { epoch: Epoch(2), end: Offset(4) };
    let epoch = leader.member.epoch();
    let reply = PushReply::Mismatch { from: Offset(from), own };
    let effects = leader.hear(B, Message::PushReply { epoch, reply });
    assert_eq!(pushes(&effects), [(3, vec![3, 3, epoch.0])]);
}

#[test]
fn logs_that_part_within_one_term_are_told_apart_by_their_seals() {
    let mut follower = Solo::<false>::new(Policy::dledger(), 3, &[1, 1]);
    follower.follow(4);
    let mark = crate::Mark { epoch: Epoch(1), seal: 99 };
    let push = crate::Push {
        epoch: Epoch(4),
        from: Offset(2),
        before: Some(mark),
        records: vec![],
        end: Offset(2),
        committed: Offset(2),
    };
    let effects = follower.hear(B, Message::Push(push));
    let own = EpochEnd { epoch: Epoch(1), end: Offset(1) };
    assert_eq!(replies(&effects), [PushReply::Mismatch { from: Offset(2), own }]);
}

#[test]
fn a_follower_that_begins_anew_is_told_what_is_committed_without_another_write() {
    let mut net = Net::<false>::started(3, Policy::dledger(), 2);
    let leader = net.elect();
    net.write(leader).unwrap();
    net.run(Span::secs(2));
    let away = net.ids().into_iter().find(|&id| id != leader).unwrap();
    assert_eq!(net.member(away).committed(), Offset(1));
    // Nobody hears of it: the leader sent nothing meanwhile.
    net.lose_power(away);
    net.start(away);
    assert_eq!(net.member(away).committed(), Offset(0));
    net.run(Span::secs(5));
    assert_eq!(net.member(away).committed(), Offset(1));
}

#[test]
fn a_member_that_was_away_catches_up() {
    let mut net = Net::<true>::started(3, Policy::ra(), 2);
    let leader = net.elect();
    let away = net.ids().into_iter().find(|&id| id != leader).unwrap();
    net.kill(away);
    for _ in 0..300 {
        net.write(leader).unwrap();
        net.run(Span::ms(1));
    }
    net.start(away);
    net.run(Span::secs(5));
    assert_eq!((net.records(away).len(), net.records(away)), (301, net.records(leader)));
}

#[test]
fn what_is_dropped_on_the_way_is_sent_again() {
    let mut net = Net::<false>::started(3, Policy::dledger(), 2);
    let leader = net.elect();
    net.run(Span::secs(3));
    net.drop_rate = 0.3;
    for _ in 0..20 {
        net.write(leader).unwrap();
        net.run(Span::ms(10));
    }
    net.run(Span::secs(60));
    net.drop_rate = 0.0;
    net.run(Span::secs(10));
    let leader = *net.leading().last().unwrap();
    assert!(net.ids().into_iter().all(|id| net.records(id) == net.records(leader)));
    assert_eq!(net.broken, Vec::<String>::new());
}

#[test]
fn a_follower_that_lost_its_tail_still_counts_in_dledger_and_no_longer_in_ra() {
    let lost = |policy: Policy| {
        let mut leader = Solo::<false>::new(policy, 3, &[]);
        leader.lead();
        let epoch = leader.member.epoch();
        leader.matched(B, 0, 0);
        let written = leader.write();
        leader.sync(&written);
        leader.matched(B, 1, 1);
        let written = leader.write();
        leader.sync(&written);
        let own = EpochEnd { epoch: Epoch(0), end: Offset(0) };
        let reply = PushReply::Mismatch { from: Offset(1), own };
        let effects = leader.hear(B, Message::PushReply { epoch, reply });
        assert_eq!(pushes(&effects)[0].0, 0, "either way it is sent what it lost");
        leader.member.counted_of(B)
    };
    let batch = Policy { batch: 9, ..Policy::dledger() };
    assert_eq!(lost(batch.clone()), Some(Offset(1)));
    assert_eq!(lost(Policy { uncounts: true, ..batch }), Some(Offset(0)));
}

#[test]
fn a_member_that_lost_its_tail_still_votes() {
    let mut member = Solo::<false>::new(Policy::dledger(), 3, &[1]);
    member.follow(1);
    let effects = member.push(1, 1, Some(1), &[1]);
    assert_eq!(replies(&effects), [PushReply::Matched { upto: Offset(2), held: Offset(2) }]);
    member.lose_power();
    assert_eq!(member.epochs(), [1]);
    let epoch = member.member.epoch().0.max(1);
    let mut last = member.ask(C, epoch, Some(1), 1);
    last.extend(member.ask(C, epoch, Some(1), 1));
    assert!(super::solo::answers(&last).contains(&crate::Answer::Accept));
}

#[test]
fn the_page_cache_is_synced_in_the_background_some_time_after_a_write() {
    let mut leader = Solo::<false>::new(Policy::dledger(), 3, &[]);
    leader.lead();
    let effects = leader.write();
    assert_eq!(synced(&effects), []);
    let is_flush = |effect: &Effect<_>| matches!(effect, Effect::SetTimer { timer: Timer::Flush, after: Span(10) });
    assert_eq!(effects.iter().filter(|effect| is_flush(effect)).count(), 1);
    assert!(!leader.write().iter().any(is_flush), "one timer is enough");
    let effects = leader.on(Event::Timer(Timer::Flush));
    assert_eq!(synced(&effects), [SyncTarget::File(LOG)]);
    let after = leader.sync(&effects);
    assert!(matches!(after[..], [Effect::Synced { upto: Offset(2) }]), "{after:?}");
}

#[test]
fn a_sync_that_failed_counts_for_nothing_and_is_reported() {
    let mut leader = Solo::<true>::new(Policy::ra(), 3, &[]);
    leader.lead();
    leader.matched(B, 1, 1);
    leader.write();
    leader.matched(B, 2, 2);
    let result = Err(ackproof_core::disk::DiskError::SyncFailed);
    let effects = leader.on(Event::Synced { target: SyncTarget::File(LOG), result });
    assert!(matches!(effects[..], [Effect::DiskFailed(_)]), "{effects:?}");
    assert_eq!(leader.member.committed(), Offset(1));
}

#[test]
fn only_a_leader_takes_writes_and_others_say_who_that_is() {
    let mut net = Net::<true>::started(3, Policy::ra(), 2);
    let leader = net.elect();
    for id in net.ids() {
        let written = net.write(id);
        if id == leader {
            assert_eq!(written, Ok(Offset(1)));
        } else {
            assert_eq!(written, Err(Refused::NotLeader { leader: Some(leader) }));
        }
    }
}

#[test]
fn a_follower_that_cannot_write_answers_nothing_until_it_can() {
    let mut follower = Solo::<false>::new(Policy::dledger(), 3, &[]);
    follower.follow(4);
    assert_eq!(replies(&follower.push(4, 0, None, &[4])).len(), 1);
    let full = |full| DiskFaults { full, ..DiskFaults::default() };
    follower.disk.set_faults(full(true));
    let failed = follower.push(4, 1, Some(4), &[4, 4]);
    assert!(failed.iter().any(|effect| matches!(effect, Effect::DiskFailed(_))));
    assert_eq!(replies(&failed), []);
    // What would come behind it needs no comparison: its leader would begin again at once, and again.
    assert_eq!(replies(&follower.push(4, 3, Some(4), &[4])), []);
    follower.disk.set_faults(full(false));
    assert_eq!(replies(&follower.push(4, 1, Some(4), &[4, 4])).len(), 1);
}
