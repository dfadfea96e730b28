//! Whole autopsies, as an operator reads them.

use ackproof_core::app::{Delivery, MsgId, Origin, Outcome};
use ackproof_core::observe::Observation;
use ackproof_core::op::Op;
use ackproof_core::time::Time;

use crate::story::{B1, B2, B3, C1, P1, Story, at_home, msg, rejected};
use crate::tape::Tape;

fn acked(story: Story) -> Story {
    story.told(57, Outcome::Acked)
}
fn sent(story: Story) -> Story {
    story.pause(1200).send(57)
}
fn fault(text: &str) -> Op {
    Op::FaultBegan { fault: 0, text: text.into() }
}

/// b1 alone stores message 57, confirms it, and loses power; b2 is elected.
fn lost_with_the_leader() -> Tape {
    let tape = Tape::begin().in_sync(B1, &[B1]).story(sent).appended(B1, 57, 57, 3).confirmed(B1, 57, 57, &[B1]);
    let tape = tape.story(acked).story(|story| story.op(None, fault("power_loss b1"))).power_lost(B1, 0, 58, 41);
    let tape = tape.story(|story| story.pause(4000)).elected(B2, Some(B2), 4, false);
    tape.story(|story| story.pause(900).started(B1).healed().end(0))
}

#[test]
fn a_copy_lost_with_its_leader_is_explained_from_append_to_election() {
    let expected = "\
p1#57: acknowledged and lost in the broker
b1 appended p1#57 at offset 57 in epoch 3 at 1.205s; b1 alone justified the acknowledgement at 1.206s; b1 lost power at \
1.210s before its log was synced (durable 0, written 58, kept 41); b2 was elected uncleanly at 5.211s without it.

Copies
  b1     offset 57 epoch 3  appended 1.205s  never synced  destroyed 1.210s by power loss (durable 0, written 58, kept 41)

What happened
  0.003s         the in-sync set shrank to b1
  1.204s  p1     handed it to its client
  1.205s  b1     appended it at offset 57 in epoch 3
  1.206s  b1     confirmed it: b1 alone held it
  1.207s  p1     was told: acked
  1.208s         fault 1 began: power_loss b1
  1.209s  b1     lost power
  1.210s  b1     copy destroyed: never synced (durable 0, written 58, kept 41)
  5.211s         elected uncleanly: b2, without a copy
";
    assert_eq!(lost_with_the_leader().autopsy(57).to_string(), expected);
}

#[test]
fn every_copy_that_justified_the_acknowledgement_is_accounted_for_in_order_of_time() {
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).copied(B3, 57, 57, 3).copied(B2, 57, 57, 3);
    let tape = tape.confirmed(B1, 57, 57, &[B1, B2]).story(acked).disk_lost(B3).disk_lost(B1).truncated(B2, 60, 50);
    let cause = tape.story(|story| story.healed().end(0)).autopsy(57).cause;
    let order = ["b1 and b2 justified", "b3 lost its disk", "b1 lost its disk", "b2 cut its log back to 50"];
    let found: Vec<usize> = order.iter().map(|words| cause.find(words).unwrap_or_else(|| panic!("{cause}"))).collect();
    assert!(found.is_sorted(), "{cause}");
}

#[test]
fn an_election_of_somebody_who_holds_the_message_is_not_blamed() {
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).copied(B2, 57, 57, 3).confirmed(B1, 57, 57, &[B1]);
    let tape = tape.story(acked).disk_lost(B1).elected(B2, Some(B2), 4, true).power_lost(B2, 0, 58, 0);
    let autopsy = tape.story(|story| story.healed().end(0)).autopsy(57);
    assert!(!autopsy.cause.contains("elected"), "{}", autopsy.cause);
    assert!(autopsy.to_string().contains("elected: b2, with a copy"), "{autopsy}");
}

#[test]
fn what_happened_after_the_fate_was_sealed_or_long_before_is_left_out() {
    let tape = Tape::begin().elected(B3, Some(B3), 1, true).elected(B3, Some(B1), 2, true).story(sent);
    let tape = tape.appended(B1, 57, 57, 3).confirmed(B1, 57, 57, &[B1]).story(acked).power_lost(B1, 0, 58, 41);
    let tape = tape.elected(B2, Some(B2), 4, false).elected(B3, Some(B3), 5, true);
    let text = tape.story(|story| story.op(None, fault("kill b3")).healed().end(0)).autopsy(57).to_string();
    assert!(text.contains("elected: b1\n") && text.contains("elected uncleanly: b2"), "{text}");
    assert!(!text.contains("elected: b3") && !text.contains("kill b3"), "{text}");
}

#[test]
fn an_election_is_told_before_the_cuts_that_follow_from_it() {
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).confirmed(B1, 57, 57, &[B1]).story(acked);
    let tape = tape.elected(B3, Some(B2), 4, false).truncated(B1, 58, 41).story(|story| story.healed().end(0));
    let expected = "b2 was elected uncleanly at 1.207s without it, while b1 still held it; b1 cut its log back to 41 at \
                    1.208s (the leader's log ends there).";
    let cause = tape.autopsy(57).cause;
    assert!(cause.ends_with(expected), "{cause}");
}

#[test]
fn a_leader_that_had_been_replaced_before_it_wrote_is_named_as_such() {
    let tape = Tape::begin().elected(B3, Some(B2), 4, true).story(sent).appended(B1, 57, 57, 3);
    let tape = tape.confirmed(B1, 57, 57, &[B1]).story(acked).truncated(B1, 58, 41);
    let cause = tape.story(|story| story.healed().end(0)).autopsy(57).cause;
    let expected =
        "b1 appended p1#57 at offset 57 in epoch 3 at 1.205s, although b2 had been elected at 0.003s already; ";
    assert!(cause.starts_with(expected), "{cause}");
}

#[test]
fn a_skipped_message_is_explained_by_the_hand_over_and_the_progress() {
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).confirmed(B1, 57, 57, &[B1]).story(acked);
    let tape = tape.story(|story| story.delivered([57])).committed(B1, 50).committed(B1, 58);
    let tape = tape.story(|story| story.died(C1).healed().audited([57]).end(58));
    let autopsy = tape.autopsy(57);
    let expected = "c1 was handed p1#57 at 1.207s and died at 1.210s before it had finished with it; the group's \
                    progress went to 58 at 1.209s, past offset 57; the broker still has it, and the group will not ask \
                    for it again.";
    assert_eq!(autopsy.cause, expected);
    assert!(autopsy.to_string().contains("stored progress 58, past offset 57"), "{autopsy}");
}

#[test]
fn an_application_that_failed_and_tried_again_is_told_by_its_last_try() {
    let failed = Op::Processed { delivery: at_home(57), success: false };
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).story(acked).story(|story| story.delivered([57]));
    let tape = tape.story(|story| story.op(Some(C1), failed.clone()));
    let given_up = tape.clone().story(|story| story.healed().audited([57]).end(58)).autopsy(57).cause;
    assert!(given_up.starts_with("c1 was handed p1#57 at 1.206s and failed to process it at 1.207s;"), "{given_up}");
    let done = tape.story(|story| story.processed(at_home(57)).healed().audited([57]).end(58)).autopsy(57).cause;
    assert_eq!(done, "c1 was handed p1#57 at 1.206s and finished with it at 1.208s.");
}

#[test]
fn a_message_written_where_progress_had_already_been_is_explained_so() {
    let tape = Tape::begin().committed(B1, 60).story(sent).appended(B2, 57, 57, 4).confirmed(B2, 57, 57, &[B2]);
    let tape = tape.story(acked).story(|story| story.healed().audited([57]).end(60));
    let cause = tape.autopsy(57).cause;
    assert!(cause.starts_with("No consumer was ever handed p1#57; the group's progress was at 60 already"), "{cause}");
}

#[test]
fn a_stranded_message_is_explained_by_who_holds_it_and_why_nobody_serves_it() {
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).copied(B2, 57, 57, 3).confirmed(B1, 57, 57, &[B1]);
    let tape = tape.story(acked).story(|story| story.died(B1)).elected(B3, None, 4, true);
    let tape = tape.story(|story| story.healed().op(Some(B2), Op::Stranded(at_home(57))).end_leaderless(0));
    let autopsy = tape.autopsy(57);
    assert!(autopsy.cause.contains("b1 went down at 1.208s with its copy and never came back"), "{}", autopsy.cause);
    assert!(autopsy.cause.contains("b2 still holds it at offset 57, and nobody may serve it"), "{}", autopsy.cause);
    assert!(autopsy.cause.ends_with("since 1.209s no leader could be elected."), "{}", autopsy.cause);
}

#[test]
fn a_message_that_died_in_its_producers_memory_is_explained_so() {
    let tape = Tape::begin().story(sent).story(|story| story.died(P1).acked([58]).consumed([58]));
    let autopsy = tape.saw(B1, Observation::Noted { text: "nothing".into() });
    let autopsy = autopsy.story(|story| story.healed().audited([58]).end(59)).autopsy(57);
    let expected = "p1 died at 1.204s before it was told anything about p1#57; c1 went on to p1#58 at 1.208s without it; no broker ever \
         stored p1#57.";
    assert_eq!(autopsy.cause, expected);
    assert!(autopsy.to_string().starts_with("p1#57: of an outcome nobody was told and gone\n"), "{autopsy}");
}

#[test]
fn a_fire_and_forget_message_is_not_said_to_have_waited_for_an_answer() {
    let tape = Tape::begin().story(|story| sent(story).told(57, Outcome::Untold)).elected(B1, Some(B1), 1, true);
    let died = tape.clone().story(|story| story.died(P1).healed().end(0)).autopsy(57).cause;
    let expected =
        "p1 asked for no answer about p1#57, or looked at none; p1 died at 1.206s; no broker ever stored p1#57.";
    assert_eq!(died, expected);
    let destroyed =
        tape.appended(B1, 57, 57, 3).power_lost(B1, 0, 58, 41).story(|story| story.died(P1).healed().end(0));
    assert!(!destroyed.autopsy(57).cause.contains("p1 died"), "{}", destroyed.autopsy(57));
}

#[test]
fn a_disposed_message_names_the_rule() {
    let rule = "length limit 100".to_owned();
    let dropped = Observation::Disposed { origin: Origin(0), offset: 57, msg: msg(57), rule: rule.clone() };
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).confirmed(B1, 57, 57, &[B1]).story(acked);
    let tape = tape.saw(B1, dropped).story(|story| story.op(Some(B1), Op::Disposed { msg: msg(57), rule }));
    let cause = tape.story(|story| story.healed().end(0)).autopsy(57).cause;
    assert!(cause.ends_with("by a rule of its own: length limit 100."), "{cause}");
}

#[test]
fn a_ghost_a_refusal_and_a_message_that_waits_are_explained() {
    let ghost = Tape::begin().story(|story| story.send(57).told(57, rejected())).appended(B1, 57, 57, 3);
    let ghost = ghost.story(|story| story.consumed([57]).healed().audited([57]).end(58)).autopsy(57);
    assert!(
        ghost.cause.starts_with("p1 was told at 0.004s: rejected NOT_ENOUGH_REPLICAS; b1 appended p1#57"),
        "{ghost}"
    );
    let refused = Tape::begin().elected(B1, Some(B1), 1, true).story(|story| story.send(57).told(57, rejected()));
    let refused = refused.story(|story| story.healed().end(0)).autopsy(57);
    assert!(refused.cause.ends_with("nothing was promised and nobody consumed it."), "{refused}");
    let waiting = Tape::begin().story(sent).appended(B1, 57, 57, 3).story(acked);
    let waiting = waiting.story(|story| story.healed().audited([57]).end(40)).autopsy(57);
    assert!(waiting.cause.ends_with("the group's progress stands at 40."), "{waiting}");
}

#[test]
fn a_message_consumed_before_it_vanished_is_explained_by_both() {
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).confirmed(B1, 57, 57, &[B1]).story(acked);
    let tape = tape.story(|story| story.consumed([57])).truncated(B1, 60, 41);
    let autopsy = tape.story(|story| story.healed().end(58)).autopsy(57);
    assert!(
        autopsy.cause.contains("finished with it") && autopsy.cause.contains("cut its log back to 41"),
        "{autopsy}"
    );
}

#[test]
fn without_a_trace_an_autopsy_says_what_it_does_not_know() {
    let tape = Tape::begin().story(|story| story.acked([57]).healed().end(0));
    let autopsy = tape.autopsy(57);
    assert_eq!(autopsy.cause, "No trace was recorded, so the lives of its copies are not known.");
    assert!(autopsy.copies.is_empty() && autopsy.events.len() > 1);
}

#[test]
fn with_several_logs_each_place_names_its_log() {
    let other = MsgId::new(0, 58);
    let elsewhere = Observation::Appended { origin: Origin(2), offset: 0, epoch: 1, msg: other };
    let tape = Tape::begin().saw(B2, elsewhere).story(sent).appended(B1, 57, 57, 3).power_lost(B1, 0, 58, 41);
    let text = tape.story(|story| story.healed().end(0)).autopsy(57).to_string();
    assert!(text.contains("appended it at offset 57 of log 0 in epoch 3"), "{text}");
}

#[test]
fn an_election_or_a_cut_in_another_log_is_none_of_its_business() {
    let elsewhere = Observation::LeaderElected { origin: Origin(2), leader: Some(B3), epoch: 9, clean: false };
    let cut = Observation::Truncated { origin: Origin(2), from: 90, to: 0, why: "elsewhere".into() };
    let tape = Tape::begin().story(sent).appended(B1, 57, 57, 3).confirmed(B1, 57, 57, &[B1]).story(acked);
    let tape = tape.saw(B3, elsewhere).saw(B1, cut);
    let consumed = Delivery { origin: Origin(0), ..at_home(57) };
    let autopsy = tape.story(|story| story.processed(consumed).healed().audited([57]).end(58)).autopsy(57);
    assert!(!autopsy.to_string().contains("elected") && !autopsy.to_string().contains("elsewhere"), "{autopsy}");
}

#[test]
fn events_are_in_order_of_time_and_faults_come_before_what_they_do() {
    let events = lost_with_the_leader().autopsy(57).events;
    assert!(events.is_sorted_by_key(|event| event.at));
    assert!(events.iter().all(|event| event.at > Time::ZERO));
}
