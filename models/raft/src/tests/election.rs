//! Who leads, who may vote for whom, and what stops a leader.

use ackproof_core::disk::SyncTarget;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};
use ackproof_log::Epoch;

use super::net::{Net, PLACE};
use super::solo::{B, C, ME, Solo, answers, asked, sent, synced};
use crate::{Answer, BeatReply, Effect, Election, Event, Keeping, Message, Policy, Timer};

fn everybody_follows_one<const RA: bool>(policy: &Policy) {
    for (members, seed) in [1, 3, 5].into_iter().flat_map(|members| (0..10).map(move |seed| (members, seed))) {
        let mut net = Net::<RA>::started(members, policy.clone(), seed);
        let leader = net.elect();
        assert!(net.now <= Time::ZERO + Span::secs(10), "{members} members took until {}", net.now);
        assert_eq!((net.leading(), &net.broken), (vec![leader], &Vec::new()));
    }
}

#[test]
fn one_leader_is_found_and_everybody_follows_it_and_a_member_alone_leads_itself() {
    everybody_follows_one::<false>(&Policy::dledger());
    everybody_follows_one::<true>(&Policy::ra());
}

fn half_is_not_enough<const RA: bool>(policy: &Policy) {
    for (members, down) in [(2, 1), (4, 2)] {
        let mut net = Net::<RA>::new(members, policy.clone(), 1);
        for id in net.ids().into_iter().skip(down) {
            net.start(id);
        }
        net.run(Span::secs(60));
        assert_eq!(net.leading(), []);
        net.start(NodeId(0));
        net.run(Span::secs(20));
        assert_eq!(net.leading().len(), 1, "one more makes a majority");
    }
}

#[test]
fn half_of_the_members_find_no_leader() {
    half_is_not_enough::<false>(&Policy::dledger());
    half_is_not_enough::<true>(&Policy::ra());
}

#[test]
fn a_dledger_leader_cut_from_the_majority_steps_down_and_the_others_have_found_another_one() {
    let mut net = Net::<false>::started(3, Policy::dledger(), 1);
    let old = net.elect();
    net.run(Span::secs(10));
    net.isolate(old);
    net.run(Span::secs(5));
    assert!(net.member(old).is_leader(), "it does not know yet");
    net.run(Span::secs(15));
    assert!(!net.member(old).is_leader());
    let [new] = net.leading()[..] else { panic!("one leads: {:?}", net.leading()) };
    assert_ne!(new, old);
    net.heal();
    assert_eq!(net.elect(), new);
}

#[test]
fn a_ra_leader_cut_from_the_majority_stays_and_commits_nothing_until_it_hears_of_another_term() {
    let mut net = Net::<true>::started(3, Policy::ra(), 1);
    let old = net.elect();
    net.run(Span::secs(1));
    net.isolate(old);
    let committed = net.member(old).committed();
    net.write(old).unwrap();
    net.run(Span::secs(30));
    assert_eq!((net.leading().len(), net.leading()[0]), (2, old));
    assert_eq!(net.member(old).committed(), committed);
    net.heal();
    assert_ne!(net.elect(), old);
    assert_eq!(net.deposed, 1);
}

#[test]
fn dledger_has_another_leader_within_eight_seconds_of_a_kill() {
    for seed in 0..30 {
        let mut net = Net::<false>::started(3, Policy::dledger(), seed);
        let old = net.elect();
        net.run(Span::secs(10 + seed % 2));
        net.kill(old);
        let killed = net.now;
        while net.leading().is_empty() {
            net.run(Span::ms(10));
        }
        let took = net.now.since(killed);
        assert!((Span::secs(4)..=Span::secs(8)).contains(&took), "fail-over took {took}");
    }
}

#[test]
fn ra_has_another_leader_within_a_second_of_a_kill_and_within_five_of_lost_power() {
    for seed in 0..30 {
        for (limit, has_power) in [(Span::secs(1), true), (Span::secs(5), false)] {
            let mut net = Net::<true>::started(3, Policy::ra(), seed);
            let old = net.elect();
            net.run(Span::secs(3));
            if has_power {
                net.kill(old)
            } else {
                net.lose_power(old)
            }
            let killed = net.now;
            while net.leading().is_empty() {
                net.run(Span::ms(10));
            }
            assert!(net.now.since(killed) <= limit, "fail-over took {}", net.now.since(killed));
        }
    }
}

#[test]
fn a_vote_goes_to_nobody_whose_log_is_behind() {
    for (last, end, answer) in [
        (Some(2), 3, Answer::Accept),
        (Some(2), 2, Answer::BehindLog),
        (Some(1), 9, Answer::BehindLog),
        (None, 0, Answer::BehindLog),
        (Some(3), 1, Answer::Accept),
    ] {
        let mut ra = Solo::<true>::new(Policy { ballot: Keeping::Written, ..Policy::ra() }, 3, &[1, 2, 2]);
        ra.follow(4);
        assert_eq!(answers(&ra.ask(C, 5, last, end)), [answer], "{last:?} {end}");
    }
}

#[test]
fn a_dledger_voter_looks_at_the_log_before_the_term_and_is_not_ready_for_a_later_one() {
    let mut member = Solo::<false>::new(Policy::dledger(), 3, &[1, 2, 2]);
    member.follow(4);
    assert_eq!(answers(&member.ask(C, 9, Some(2), 2)), [Answer::BehindLog]);
    assert_eq!(member.member.epoch(), Epoch(4), "it has not taken up the term of one who is behind");
    assert_eq!(answers(&member.ask(C, 3, Some(2), 3)), [Answer::Expired]);
    assert_eq!(answers(&member.ask(C, 9, Some(2), 3)), [Answer::NotReady]);
    assert_eq!((member.member.epoch(), member.member.leader()), (Epoch(9), None));
    assert_eq!(answers(&member.ask(C, 9, Some(2), 3)), [Answer::Accept]);
    assert_eq!(answers(&member.ask(C, 9, Some(2), 3)), [Answer::Accept], "the same one may ask again");
    assert_eq!(answers(&member.ask(B, 9, Some(2), 3)), [Answer::AlreadyVoted]);
    member.hear(C, Message::Beat { epoch: Epoch(9), round: 1 });
    assert_eq!(answers(&member.ask(B, 9, Some(2), 3)), [Answer::HasLeader]);
}

#[test]
fn a_dledger_member_whose_ballot_is_older_than_its_log_votes_for_nobody_in_that_term() {
    let mut member = Solo::<false>::new(Policy::dledger(), 3, &[1, 2, 2]);
    member.on(Event::Start);
    assert_eq!(answers(&member.ask(C, 0, Some(2), 3)), [Answer::BehindLedgerTerm]);
}

#[test]
fn a_dledger_candidate_asks_first_in_the_term_it_has_and_raises_it_when_a_majority_refuses() {
    let mut member = Solo::<false>::new(Policy::dledger(), 3, &[]);
    member.follow(4);
    member.now += Span::ms(6010);
    let effects = member.on(Event::Timer(Timer::Election));
    assert_eq!((asked(&effects), member.member.leader()), (None, None));
    member.now += Span::secs(1);
    let effects = member.on(Event::Timer(Timer::Election));
    let Some((epoch, _, round)) = asked(&effects) else { panic!("it asks: {effects:?}") };
    assert_eq!(epoch, Epoch(4));
    for peer in [B, C] {
        member.hear(peer, Message::Answer { epoch, answer: Answer::AlreadyVoted, pre: false, round });
    }
    member.now += Span::secs(1);
    let effects = member.on(Event::Timer(Timer::Election));
    assert_eq!(asked(&effects).map(|(epoch, ..)| epoch), Some(Epoch(5)));
}

#[test]
fn a_dledger_leader_that_was_restarted_leads_on_in_its_term_if_nobody_has_more() {
    let mut net = Net::<false>::started(3, Policy::dledger(), 3);
    let leader = net.elect();
    net.run(Span::secs(2));
    net.write(leader).unwrap();
    net.run(Span::secs(2));
    let epoch = net.member(leader).epoch();
    net.kill(leader);
    net.run(Span::ms(200));
    net.start(leader);
    net.run(Span::ms(500));
    assert!(net.member(leader).is_leader());
    assert_eq!((net.member(leader).epoch(), &net.broken), (epoch, &Vec::new()));
}

/// Whether it votes twice in a term if the power goes in between.
fn votes_twice<const RA: bool>(policy: Policy) -> bool {
    let mut member = Solo::<RA>::new(policy, 3, &[]);
    let started = member.on(Event::Start);
    member.sync(&started);
    let mut voted_for = Vec::new();
    for candidate in [B, C] {
        for _ in 0..2 {
            let mut effects = member.ask(candidate, 7, None, 0);
            // What is asked of the disk is done; what was only written stays in the page cache.
            effects.extend(member.sync(&effects.clone()));
            if answers(&effects).contains(&Answer::Accept) {
                voted_for.push(candidate);
            }
        }
        member.lose_power();
    }
    assert!(voted_for.contains(&B), "it votes once");
    voted_for.contains(&C)
}

#[test]
fn a_vote_that_was_only_written_is_given_twice_after_lost_power_and_one_that_was_synced_is_not() {
    assert!(votes_twice::<false>(Policy::dledger()));
    assert!(!votes_twice::<false>(Policy { ballot: Keeping::Synced, ..Policy::dledger() }));
    assert!(!votes_twice::<true>(Policy::ra()));
    assert!(votes_twice::<true>(Policy { ballot: Keeping::Written, ..Policy::ra() }));
}

#[test]
fn nothing_leaves_a_member_before_its_ballot_is_on_the_platter() {
    let mut member = Solo::<true>::new(Policy::ra(), 3, &[]);
    member.on(Event::Start);
    let effects = member.ask(C, 5, None, 0);
    assert_eq!(sent(&effects), 0);
    let syncs = synced(&effects).len();
    assert!(syncs > 0 && synced(&effects).iter().all(|&target| target == SyncTarget::Cell(PLACE.ballot)));
    assert_eq!(answers(&member.sync(&effects)), [Answer::Accept]);
}

#[test]
fn a_pre_vote_raises_no_term_while_a_majority_is_out_of_reach() {
    let mut net = Net::<true>::started(3, Policy::ra(), 1);
    let leader = net.elect();
    let epoch = net.member(leader).epoch();
    let away = net.ids().into_iter().find(|&id| id != leader).unwrap();
    net.isolate(away);
    net.run(Span::secs(60));
    assert_eq!(net.member(away).epoch(), epoch);
    let mut policy = Policy::ra();
    if let Election::Raft { pre_vote, .. } = &mut policy.election {
        *pre_vote = false;
    }
    let mut net = Net::<true>::started(3, policy, 1);
    let leader = net.elect();
    let epoch = net.member(leader).epoch();
    let away = net.ids().into_iter().find(|&id| id != leader).unwrap();
    net.isolate(away);
    net.run(Span::secs(60));
    assert!(net.member(away).epoch() > epoch, "without pre-votes it does");
}

#[test]
fn a_member_of_a_later_term_with_a_shorter_log_is_left_out_by_dledger() {
    let mut net = Net::<false>::started(3, Policy::dledger(), 1);
    let leader = net.elect();
    net.run(Span::secs(3));
    let away = net.ids().into_iter().find(|&id| id != leader).unwrap();
    net.hand_over(leader, away).unwrap();
    // It takes up the next term, and is gone before it asks anybody.
    net.run(Span::ms(6));
    assert_eq!(net.member(away).epoch(), net.member(leader).epoch().next());
    net.kill(away);
    net.run(Span::secs(3));
    net.write(leader).unwrap();
    net.run(Span::secs(1));
    net.start(away);
    net.run(Span::secs(300));
    assert_eq!((net.leading(), net.member(away).leader()), (vec![leader], None));
    assert_eq!(net.records(away), []);
}

#[test]
fn a_leader_that_hears_of_a_later_term_minds_it_in_dledger_only_without_a_majority() {
    for (other, still_leads) in [(BeatReply::Ok, true), (BeatReply::Expired, false)] {
        let mut member = Solo::<false>::new(Policy::dledger(), 3, &[]);
        member.lead();
        let effects = member.on(Event::Timer(Timer::Heartbeat));
        let round = effects.iter().find_map(|effect| match effect {
            Effect::Send { body: Message::Beat { round, .. }, .. } => Some(*round),
            _ => None,
        });
        let round = round.expect("it beats");
        let epoch = member.member.epoch();
        member.hear(B, Message::BeatReply { epoch, reply: other, round });
        member.hear(C, Message::BeatReply { epoch: Epoch(9), reply: BeatReply::Expired, round });
        assert_eq!(member.member.is_leader(), still_leads);
    }
}

#[test]
fn an_answer_to_an_earlier_round_or_from_a_stranger_counts_for_nothing() {
    let mut member = Solo::<false>::new(Policy::dledger(), 3, &[]);
    member.on(Event::Start);
    let effects = member.on(Event::Timer(Timer::Election));
    let (epoch, pre, round) = asked(&effects).unwrap();
    for (from, round) in [(B, round + 1), (NodeId(7), round), (ME, round)] {
        member.hear(from, Message::Answer { epoch, answer: Answer::Accept, pre, round });
        assert!(!member.member.is_leader());
    }
    member.hear(B, Message::Answer { epoch, answer: Answer::Accept, pre, round });
    assert!(member.member.is_leader());
}
