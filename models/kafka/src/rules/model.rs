//! What the model tells whoever runs it.

use ackproof_core::app::Origin;
use ackproof_core::disk::{Cut, FileId};
use ackproof_core::model::Model;
use ackproof_core::node::{NodeId, Part};
use ackproof_core::time::Span;

use super::bench::{B1, B2, B3, Bench, CTL, P0};
use crate::config::Acks;
use crate::topic::OFFSETS;

#[test]
fn parts_are_cast_as_the_controller_knows_them() {
    let mut bench = Bench::formed(&[]);
    bench.kill(B3);
    bench.run(Span::secs(12));
    let cast = |bench: &Bench, part| bench.kafka.cast(part, 0, &bench.actors());
    for (part, nodes) in [
        (Part::Leader, vec![B1]),
        (Part::Followers, vec![B2, B3]),
        (Part::Isr, vec![B1, B2]),
        (Part::IsrFollower, vec![B2]),
        (Part::OutOfIsr, vec![B3]),
        (Part::Coordinator, vec![B2]),
        (Part::Brokers, vec![B1, B2, B3]),
        (Part::Controller, vec![CTL]),
        (Part::Master, vec![]),
    ] {
        assert_eq!(cast(&bench, part), nodes, "{part:?}");
    }
    assert_eq!(bench.kafka.cast(Part::Leader, 9, &bench.actors()), vec![], "there is no such partition");
    // Without a controller the brokers know.
    bench.kill(CTL);
    assert_eq!(cast(&bench, Part::Leader), vec![B1]);
}

#[test]
fn the_cluster_is_ready_when_leaders_lead_and_every_replica_is_in_sync() {
    let mut bench = Bench::new(&[]);
    assert!(!bench.kafka.is_ready(&bench.actors()));
    bench.run_until(Span::secs(2), |bench| bench.kafka.is_ready(&bench.actors()));
}

#[test]
fn it_is_quiet_when_nothing_is_left_to_happen_by_itself() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    assert!(bench.kafka.is_quiet(&bench.actors()));
    bench.produce(B1, Acks::Leader, 0);
    bench.run(Span(1));
    assert!(!bench.kafka.is_quiet(&bench.actors()), "a record is not replicated yet");
    bench.run(Span(20));
    assert!(bench.kafka.is_quiet(&bench.actors()));
    bench.kill(B3);
    assert!(!bench.kafka.is_quiet(&bench.actors()), "its session has to run out");
    bench.run(Span::secs(12));
    assert!(bench.kafka.is_quiet(&bench.actors()), "it will not come back by itself");
    bench.start(B3);
    assert!(!bench.kafka.is_quiet(&bench.actors()));
    bench.settle();
    bench.run(Span::secs(3));
    assert!(bench.kafka.is_quiet(&bench.actors()));
}

#[test]
fn progress_that_is_stored_once_more_is_no_reason_to_wait() {
    let mut bench = Bench::formed(&[]);
    let stored = |bench: &mut Bench, upto| {
        bench.commit_as(B2, upto, None);
        bench.run(Span(1));
        assert!(bench.log_ends_of_offsets().windows(2).any(|pair| pair[0] != pair[1]), "not everywhere yet");
        let is_quiet = bench.kafka.is_quiet(&bench.actors());
        bench.run(Span(20));
        assert!(bench.kafka.is_quiet(&bench.actors()));
        is_quiet
    };
    assert!(!stored(&mut bench, 0), "it is new");
    assert!(stored(&mut bench, 0), "it is what is stored already");
    assert!(!stored(&mut bench, 1));
    assert!(!stored(&mut bench, 0), "going back is new");
}

#[test]
fn what_is_still_going_on_is_said_in_words() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    assert!(bench.kafka.at_work(&bench.actors()).is_empty());
    bench.produce(B1, Acks::Leader, 0);
    bench.run(Span(1));
    assert_eq!(bench.kafka.at_work(&bench.actors()), ["the replicas of partition 0 do not agree"]);
    bench.kill(CTL);
    assert_eq!(bench.kafka.at_work(&bench.actors())[0], "the controller has not published its last decision");
}

#[test]
fn copies_are_stranded_above_the_high_watermark_and_where_nobody_leads() {
    let mut bench = Bench::formed(&["topic.min.insync.replicas=1"]);
    bench.acked(B1, 0);
    let stranded = |bench: &Bench| {
        let inventory = bench.kafka.inventory(&bench.actors(), &bench.disks());
        assert_eq!(inventory.len(), 1);
        assert_eq!((inventory[0].origin, inventory[0].complete), (P0, false));
        let copies = inventory[0].stranded.iter();
        copies.map(|(node, copy)| (*node, copy.msg.sequence(), copy.offset)).collect::<Vec<_>>()
    };
    assert_eq!(stranded(&bench), vec![]);
    bench.cut(B1, &[B2, B3]);
    bench.produce(B1, Acks::Leader, 1);
    bench.run(Span(5));
    assert_eq!(stranded(&bench), vec![(B1, 1, 1)]);
    bench.kill(B2);
    bench.kill(B3);
    bench.run(Span::secs(12));
    bench.kill(B1);
    bench.run(Span::secs(12));
    assert_eq!(bench.partition().leader, None);
    assert_eq!(stranded(&bench), vec![(B1, 0, 0), (B1, 1, 1), (B2, 0, 0), (B3, 0, 0)]);
}

#[test]
fn the_groups_progress_is_what_its_coordinator_would_tell() {
    let mut bench = Bench::formed(&[]);
    let progress = |bench: &Bench| bench.kafka.inventory(&bench.actors(), &bench.disks())[0].progress;
    assert_eq!(progress(&bench), 0);
    bench.commit(B2, 7);
    bench.run(Span(20));
    assert_eq!(progress(&bench), 7);
}

#[test]
fn files_are_partitions() {
    let bench = Bench::new(&["topic.partitions=2"]);
    let cut_of = |file| {
        let cut = Cut { file, durable: 1, written: 3, kept: 2 };
        let cuts = bench.kafka.cuts(NodeId(0), cut, &[]);
        cuts.first().map(|(origin, part)| {
            assert_eq!((cuts.len(), *part), (1, cut));
            *origin
        })
    };
    let origins = [0, 1, 2, 3].map(|file| cut_of(FileId(file)));
    assert_eq!(origins, [Some(Origin(0)), Some(Origin(1)), Some(OFFSETS), None]);
}
