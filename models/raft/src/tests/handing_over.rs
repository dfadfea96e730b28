//! Leaders that let another one lead.

use ackproof_core::node::NodeId;
use ackproof_core::time::Span;

use super::net::Net;
use crate::{Policy, Refused};

fn hands_over<const RA: bool>(policy: Policy, seed: u64) {
    let mut net = Net::<RA>::started(3, policy, seed);
    let old = net.elect();
    net.run(Span::secs(3));
    net.write(old).unwrap();
    net.run(Span::secs(1));
    let new = net.ids().into_iter().find(|&id| id != old).unwrap();
    net.hand_over(old, new).unwrap();
    assert_eq!(net.write(old), Err(Refused::HandingOver));
    assert_eq!(net.hand_over(old, new), Err(Refused::HandingOver));
    net.run(Span::secs(3));
    assert_eq!((net.elect(), &net.broken), (new, &Vec::new()));
}

#[test]
fn a_leader_hands_over_to_whom_it_is_told_and_takes_nothing_meanwhile() {
    for seed in 0..10 {
        hands_over::<false>(Policy::dledger(), seed);
        hands_over::<true>(Policy::ra(), seed);
    }
}

#[test]
fn a_leader_goes_on_when_the_other_one_does_not_take_over() {
    let mut net = Net::<false>::started(3, Policy::dledger(), 4);
    let old = net.elect();
    net.run(Span::secs(3));
    let new = net.ids().into_iter().find(|&id| id != old).unwrap();
    net.isolate(new);
    net.hand_over(old, new).unwrap();
    net.run(Span::secs(2));
    assert!(net.write(old).is_ok());
}

#[test]
fn a_preferred_member_leads_once_it_is_back_and_has_nearly_everything() {
    let preferred = NodeId(2);
    let mut net = Net::<false>::new(3, Policy { preferred: vec![preferred], ..Policy::dledger() }, 4);
    net.start(NodeId(0));
    net.start(NodeId(1));
    let old = net.elect();
    net.run(Span::secs(3));
    net.write(old).unwrap();
    net.run(Span::secs(1));
    net.start(preferred);
    net.run(Span::secs(15));
    assert_eq!((net.elect(), &net.broken), (preferred, &Vec::new()));
    assert_eq!(net.records(preferred).len(), 1);
}
