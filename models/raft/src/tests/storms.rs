//! Storms of faults, and what must hold in and after each of them.

use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, SpanRange, Time};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::net::Net;
use crate::{Horizon, Keeping, Policy};

#[derive(Clone, Debug)]
enum Act {
    Write,
    Kill(u8),
    LosePower(u8),
    AllGoDark,
    Start(u8),
    Isolate(u8),
    CutOneWay(u8, u8),
    Drop(u8),
    Heal,
    HandOver(u8),
}

/// What is done, and how long after what came before, in milliseconds.
fn acts(members: u8) -> impl Strategy<Value = Vec<(u64, Act)>> {
    let node = 0..members;
    let act = prop_oneof![
        8 => Just(Act::Write),
        2 => node.clone().prop_map(Act::Kill),
        2 => node.clone().prop_map(Act::LosePower),
        1 => Just(Act::AllGoDark),
        4 => node.clone().prop_map(Act::Start),
        1 => node.clone().prop_map(Act::Isolate),
        1 => (node.clone(), node.clone()).prop_map(|(from, to)| Act::CutOneWay(from, to)),
        1 => (0..40u8).prop_map(Act::Drop),
        2 => Just(Act::Heal),
        1 => node.prop_map(Act::HandOver),
    ];
    let after = prop_oneof![0..10u64, 0..400u64, 0..9000u64];
    prop::collection::vec((after, act), 1..60)
}

/// Every second number begins with slow disks.
fn storm<const RA: bool>(net: &mut Net<RA>, seed: u64, acts: &[(u64, Act)]) {
    if seed.is_multiple_of(2) {
        net.sync = SpanRange::between(Span::ms(2), Span::ms(300));
    }
    for (after, act) in acts {
        net.run(Span(*after));
        match *act {
            Act::Write => {
                for leader in net.leading() {
                    let _ = net.write(leader);
                }
            }
            Act::Kill(id) => net.kill(NodeId(id)),
            Act::LosePower(id) => net.lose_power(NodeId(id)),
            Act::AllGoDark => net.ids().into_iter().for_each(|id| net.lose_power(id)),
            Act::Start(id) => net.start(NodeId(id)),
            Act::Isolate(id) => net.isolate(NodeId(id)),
            Act::CutOneWay(from, to) => {
                net.cut.insert((NodeId(from), NodeId(to)));
            }
            Act::Drop(percent) => net.drop_rate = f64::from(percent) / 100.0,
            Act::Heal => net.heal(),
            Act::HandOver(to) => {
                for leader in net.leading() {
                    let _ = net.hand_over(leader, NodeId(to));
                }
            }
        }
    }
}

/// Whether a member got into a later term than the leader's with a shorter log, from where DLedger takes nobody back: see
/// `a_member_of_a_later_term_with_a_shorter_log_is_left_out_by_dledger`.
fn is_left_out(net: &Net<false>, id: NodeId, leader: NodeId) -> bool {
    let (member, leader) = (net.member(id), net.member(leader));
    member.epoch() > leader.epoch() && member.log_end() < leader.log_end()
}

fn nobody<const RA: bool>(_: &Net<RA>, _: NodeId, _: NodeId) -> bool {
    false
}

/// Heals everything, writes once more, and waits until all have the same, but for those that are excused; whether they had in time.
fn settles<const RA: bool>(net: &mut Net<RA>, is_excused: impl Fn(&Net<RA>, NodeId, NodeId) -> bool) -> bool {
    net.heal();
    for id in net.ids() {
        net.start(id);
    }
    for _ in 0..40 {
        net.run(Span::secs(1));
        if let [.., leader] = net.leading()[..]
            && net.write(leader).is_ok()
        {
            net.run(Span::secs(3));
            let has_the_same = |id| net.records(id) == net.records(leader) || is_excused(net, id, leader);
            let has_committed = net.member(leader).committed() == net.member(leader).log().end();
            if net.leading() == [leader] && net.ids().into_iter().all(has_the_same) && has_committed {
                return true;
            }
        }
    }
    false
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Whether a storm of written-and-lost-power on a majority loses what was committed under `policy`.
fn loses_when_everything_goes_dark<const RA: bool>(policy: Policy) -> bool {
    (0..20).any(|seed| {
        let mut net = Net::<RA>::started(3, policy.clone(), seed);
        let leader = net.elect();
        net.run(Span::secs(3));
        for _ in 0..5 {
            net.run(Span::ms(3));
            net.write(leader).unwrap();
        }
        while net.committed.len() < 5 && net.now < Time::ZERO + Span::secs(60) {
            net.run(Span::ms(1));
        }
        let before = net.committed.clone();
        assert!(before.len() >= 5, "nothing was at stake: {before:?}");
        for id in net.ids() {
            net.lose_power(id);
        }
        net.run(Span::secs(1));
        for id in net.ids() {
            net.start(id);
        }
        net.elect();
        net.run(Span::secs(5));
        !net.ids().into_iter().all(|id| net.records(id).starts_with(&before))
    })
}

#[test]
fn what_was_counted_in_the_page_cache_is_lost_when_everything_goes_dark() {
    assert!(loses_when_everything_goes_dark::<false>(Policy::dledger()));
    assert!(loses_when_everything_goes_dark::<true>(Policy { counts: Horizon::PageCache, ..Policy::ra() }));
}

#[test]
fn what_was_counted_on_the_platter_is_not_lost_when_everything_goes_dark() {
    assert!(!loses_when_everything_goes_dark::<true>(Policy::ra()));
    let synced = Policy { counts: Horizon::Platter, ballot: Keeping::Synced, ..Policy::dledger() };
    assert!(!loses_when_everything_goes_dark::<false>(synced));
}

/// Whether some of `storms` storms break a promise under `policy`.
fn a_storm_finds_it(policy: &Policy, members: u8, storms: u64) -> bool {
    let mut runner = TestRunner::deterministic();
    (0..storms).any(|seed| {
        let acts = acts(members).new_tree(&mut runner).expect("acts can be drawn").current();
        let mut net = Net::<true>::started(members, policy.clone(), seed);
        storm(&mut net, seed, &acts);
        settles(&mut net, nobody);
        !net.broken.is_empty() || !net.keeps_what_was_committed(usize::from(members))
    })
}

#[test]
fn storms_find_each_rule_that_is_switched_off_and_nothing_where_none_is() {
    assert!(!a_storm_finds_it(&Policy::ra(), 3, 500));
    assert!(a_storm_finds_it(&Policy { counts: Horizon::PageCache, ..Policy::ra() }, 3, 500));
    assert!(a_storm_finds_it(&Policy { ballot: Keeping::Written, ..Policy::ra() }, 3, 500));
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn ra_keeps_every_promise_of_raft_in_every_storm(seed: u64, acts in acts(3)) {
        let mut net = Net::<true>::started(3, Policy::ra(), seed);
        storm(&mut net, seed, &acts);
        prop_assert!(settles(&mut net, nobody), "no rest; leading: {:?}", net.leading());
        prop_assert_eq!(&net.broken, &Vec::<String>::new());
        prop_assert!(net.keeps_what_was_committed(3));
        prop_assert!(net.truncated.iter().all(|&(.., committed)| committed == 0));
    }

    #[test]
    fn five_members_keep_every_promise_too(seed: u64, acts in acts(5)) {
        let mut net = Net::<true>::started(5, Policy::ra(), seed);
        storm(&mut net, seed, &acts);
        prop_assert!(settles(&mut net, nobody), "no rest; leading: {:?}", net.leading());
        prop_assert_eq!(&net.broken, &Vec::<String>::new());
        prop_assert!(net.keeps_what_was_committed(5));
    }

    #[test]
    fn ra_without_pre_votes_keeps_every_promise_too(seed: u64, acts in acts(3)) {
        let mut policy = Policy::ra();
        if let crate::Election::Raft { pre_vote, .. } = &mut policy.election {
            *pre_vote = false;
        }
        let mut net = Net::<true>::started(3, policy, seed);
        storm(&mut net, seed, &acts);
        prop_assert!(settles(&mut net, nobody), "no rest; leading: {:?}", net.leading());
        prop_assert_eq!(&net.broken, &Vec::<String>::new());
    }

    #[test]
    fn dledger_comes_to_rest_after_every_storm_and_keeps_its_promises_where_no_power_was_lost(
        seed: u64,
        acts in acts(3),
    ) {
        let mut net = Net::<false>::started(3, Policy::dledger(), seed);
        storm(&mut net, seed, &acts);
        prop_assert!(settles(&mut net, is_left_out), "no rest; leading: {:?}", net.leading());
        if !acts.iter().any(|(_, act)| matches!(act, Act::LosePower(_) | Act::AllGoDark)) {
            prop_assert_eq!(&net.broken, &Vec::<String>::new());
            prop_assert!(net.keeps_what_was_committed(2));
        }
    }
}
