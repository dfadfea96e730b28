//! The lives of copies.

use ackproof_check::{CopyEnd, Durability};
use ackproof_core::app::{Origin, Outcome};
use ackproof_core::op::{Death, Op};

use crate::story::{B1, B2, B3, msg};
use crate::tape::Tape;

/// Message 7 is sent, and b1 appends it at offset 7.
fn stored() -> Tape {
    Tape::begin().story(|story| story.send(7)).appended(B1, 7, 7, 3)
}

fn only(tape: &Tape) -> (Durability, CopyEnd) {
    let autopsy = tape.autopsy(7);
    assert_eq!(autopsy.copies.len(), 1);
    (autopsy.copies[0].durable, autopsy.copies[0].end.clone())
}

#[test]
fn a_copy_is_known_by_its_node_offset_and_epoch() {
    let copy = &stored().copied(B2, 7, 7, 3).autopsy(7).copies[1];
    assert_eq!((copy.node, copy.origin, copy.offset, copy.epoch, copy.led), (B2, Origin(0), 7, 3, false));
    assert_eq!(copy.end, CopyEnd::Remains);
    assert!(stored().autopsy_of(msg(8)).is_none(), "nobody sent it");
}

#[test]
fn a_sync_makes_a_copy_durable_only_when_it_reaches_past_it_and_on_its_own_node() {
    assert_eq!(only(&stored().synced(B1, 7)).0, Durability::Never);
    assert_eq!(only(&stored().synced(B2, 8)).0, Durability::Never);
    let tape = stored().synced(B1, 8);
    let at = tape.now();
    assert_eq!(only(&tape.synced(B1, 9)).0, Durability::Synced { at });
}

#[test]
fn a_power_loss_destroys_what_it_did_not_keep_and_only_on_its_own_node() {
    let tape = stored().power_lost(B1, 5, 8, 7);
    let at = tape.now();
    assert_eq!(only(&tape), (Durability::Never, CopyEnd::PowerLost { at, durable: 5, written: 8, kept: 7 }));
    let tape = stored().power_lost(B1, 5, 8, 8);
    let at = tape.now();
    let back = tape.story(|story| story.started(B1));
    assert_eq!(only(&back), (Durability::Spared { at }, CopyEnd::Remains));
    assert_eq!(only(&stored().power_lost(B2, 0, 8, 0)).1, CopyEnd::Remains);
}

#[test]
fn a_copy_found_on_the_platter_without_a_sync_was_written_back_by_the_kernel() {
    let tape = stored().power_lost(B1, 8, 9, 8);
    let by = tape.now();
    assert_eq!(only(&tape.story(|story| story.started(B1))), (Durability::WrittenBack { by }, CopyEnd::Remains));
}

#[test]
fn a_copy_that_is_missing_from_the_platter_after_a_successful_sync_was_lied_about() {
    let tape = stored().synced(B1, 8);
    let reported = tape.now();
    let tape = tape.story(|story| story.told(7, Outcome::Acked)).power_lost(B1, 0, 8, 0);
    let autopsy = tape.story(|story| story.healed().end(0)).autopsy(7);
    assert_eq!(autopsy.copies[0].durable, Durability::Lied { reported });
    assert!(autopsy.cause.contains("although its disk had reported a successful sync"), "{autopsy}");
}

#[test]
fn a_truncation_destroys_what_lies_at_or_behind_its_end() {
    assert_eq!(only(&stored().truncated(B1, 12, 8)).1, CopyEnd::Remains);
    let tape = stored().truncated(B1, 12, 7);
    let (at, why) = (tape.now(), "the leader's log ends there".to_owned());
    assert_eq!(only(&tape).1, CopyEnd::Truncated { at, to: 7, why });
}

#[test]
fn a_record_fetched_again_after_a_truncation_is_another_copy() {
    let tape = stored().synced(B1, 8).truncated(B1, 8, 5).copied(B1, 7, 7, 3);
    let copies = tape.autopsy(7).copies;
    assert!(matches!(copies[0].end, CopyEnd::Truncated { .. }));
    assert_eq!((copies.len(), copies[1].end.clone(), copies[1].durable), (2, CopyEnd::Remains, Durability::Never));
}

#[test]
fn a_message_stored_twice_has_two_copies_that_end_one_by_one() {
    let copies = stored().appended(B1, 7, 9, 3).truncated(B1, 10, 9).autopsy(7).copies;
    assert_eq!(copies[0].end, CopyEnd::Remains);
    assert!(matches!(copies[1].end, CopyEnd::Truncated { to: 9, .. }));
}

#[test]
fn another_record_at_its_position_ends_a_copy_even_if_the_trace_missed_the_cut() {
    let tape = stored().appended(B1, 8, 7, 4);
    let at = tape.now();
    assert_eq!(only(&tape).1, CopyEnd::Overwritten { at, by: msg(8) });
    assert_eq!(only(&stored().appended(B1, 8, 8, 4).copied(B2, 9, 7, 4)).1, CopyEnd::Remains);
}

#[test]
fn a_lost_disk_takes_every_copy_of_its_node_and_no_other() {
    let copies = stored().appended(B1, 7, 9, 3).copied(B2, 7, 7, 3).disk_lost(B1).autopsy(7).copies;
    assert!(matches!((&copies[0].end, &copies[1].end), (CopyEnd::DiskLost { .. }, CopyEnd::DiskLost { .. })));
    assert_eq!(copies[2].end, CopyEnd::Remains);
}

#[test]
fn a_node_that_never_comes_back_takes_its_copy_along_unless_its_disk_is_still_looked_at() {
    let down = stored().story(|story| story.died(B1));
    let at = down.now();
    assert_eq!(only(&down).1, CopyEnd::Gone { at });
    assert_eq!(only(&down.clone().story(|story| story.started(B1))).1, CopyEnd::Remains);
    assert_eq!(only(&down.story(|story| story.stranded(7))).1, CopyEnd::Stranded);
    let exited = stored().story(|story| story.op(Some(B3), Op::Died(Death::Exited)));
    assert_eq!(only(&exited).1, CopyEnd::Remains);
}

#[test]
fn the_acknowledgement_rests_on_the_last_confirmation_before_it() {
    let twice = stored().copied(B2, 7, 7, 3).confirmed(B1, 7, 7, &[B1, B2]);
    let twice = twice.story(|story| story.told(7, Outcome::Acked)).confirmed(B3, 7, 8, &[B3]);
    let justified = twice.autopsy(7).justified_by.expect("it was confirmed");
    assert_eq!((justified.by, justified.offset, justified.copies), (B1, 7, vec![B1, B2]));
    assert_eq!(stored().confirmed(B1, 7, 7, &[B1]).autopsy(7).justified_by, None, "nobody was told");
}

#[test]
fn a_confirmation_that_counts_a_node_without_a_copy_is_called_out() {
    let text = stored().confirmed(B1, 7, 7, &[B1, B2]).autopsy(7).to_string();
    assert!(text.contains("confirmed it: b1 and b2 held it (but b2 did not at that moment)"), "{text}");
}
