//! The test plays the members of the group, all of them over the first consumer's connections.

use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Span;
use ackproof_log::Offset;

use super::{Bench, C1, P0};
use crate::error_code::ErrorCode;
use crate::message::{
    Assigned, Commit, Correlation, Generation, GroupHeartbeat, JoinGroup, Joined, LeaveGroup, MemberHeartbeat,
    MemberId, Membership, Message, OffsetCommit, Reconciled, Subscribed, SyncGroup,
};

/// Draws below 100 are of the first consumer's machine, the next hundred of the second one's, and so on.
pub fn member(draw: u32) -> MemberId {
    MemberId { draw, node: NodeId(C1.0 + (draw / 100) as u8) }
}
pub fn membership(draw: u32, generation: u32) -> Membership {
    Membership { member: member(draw), generation: Generation(generation) }
}

impl Bench {
    /// A member that joins for the first time, or again out of a generation.
    pub fn join(&mut self, to: NodeId, draw: u32, out_of: Option<u32>) -> Correlation {
        let correlation = self.correlation();
        let owned_in = out_of.map(Generation);
        let subscribed = Subscribed { member: member(draw), owned: [].into(), owned_in };
        self.send(C1, to, Message::JoinGroup(JoinGroup { correlation, subscribed, is_new: out_of.is_none() }));
        correlation
    }
    pub fn joined(&self, of: Correlation) -> Option<Result<Joined, ErrorCode>> {
        self.inbox.iter().find_map(|(_, message)| match message {
            Message::GroupJoined(reply) if reply.correlation == of => Some(reply.result.clone()),
            _ => None,
        })
    }
    /// Who is in the generation, for its leader, and which one it is.
    pub fn generation(&self, of: Correlation) -> Option<(u32, Vec<u32>)> {
        let joined = self.joined(of)?.expect("it may join");
        Some((joined.generation.0, joined.members.iter().map(|other| other.member.draw).collect()))
    }
    /// Asks what to read; the leader says what everybody is to read: the first member the partition.
    pub fn sync(&mut self, to: NodeId, claim: Membership, readers: &[u32]) -> Correlation {
        let correlation = self.correlation();
        let share = |(place, &draw): (usize, &u32)| Assigned {
            member: member(draw),
            origins: if place == 0 { [P0].into() } else { [].into() },
        };
        let assignments = readers.iter().enumerate().map(share).collect();
        self.send(C1, to, Message::SyncGroup(SyncGroup { correlation, membership: claim, assignments }));
        correlation
    }
    pub fn synced(&self, of: Correlation) -> Option<Result<Vec<Origin>, ErrorCode>> {
        self.inbox.iter().find_map(|(_, message)| match message {
            Message::GroupSynced(reply) if reply.correlation == of => {
                Some(reply.result.clone().map(|origins| origins.to_vec()))
            }
            _ => None,
        })
    }
    pub fn heartbeat(&mut self, to: NodeId, claim: Membership) -> Result<(), ErrorCode> {
        let correlation = self.correlation();
        self.send(C1, to, Message::MemberHeartbeat(MemberHeartbeat { correlation, membership: claim }));
        self.answer(|message| match message {
            Message::MemberHeartbeatIs(reply) if reply.correlation == correlation => Some(reply.result),
            _ => None,
        })
    }
    /// A heartbeat with `group.protocol=consumer`: the epoch and the partitions that the member is told of.
    pub fn group_heartbeat(
        &mut self,
        to: NodeId,
        draw: u32,
        epoch: Option<u32>,
        owned: Option<&[u16]>,
    ) -> Result<(u32, Vec<u16>), ErrorCode> {
        let correlation = self.begin_group_heartbeat(to, draw, epoch, owned);
        self.answer(|message| told_by_heartbeat(message, correlation))
    }
    pub fn begin_group_heartbeat(
        &mut self,
        to: NodeId,
        draw: u32,
        epoch: Option<u32>,
        owned: Option<&[u16]>,
    ) -> Correlation {
        let correlation = self.correlation();
        let owned = owned.map(|owned| owned.iter().copied().map(Origin).collect());
        let epoch = epoch.map(Generation);
        let request = GroupHeartbeat { correlation, member: member(draw), epoch, owned };
        self.send(C1, to, Message::GroupHeartbeat(request));
        correlation
    }
    pub fn group_heartbeat_is(&self, of: Correlation) -> Option<Result<(u32, Vec<u16>), ErrorCode>> {
        self.inbox.iter().find_map(|(_, message)| told_by_heartbeat(message, of))
    }
    pub fn leave(&mut self, to: NodeId, draw: u32) {
        let correlation = self.correlation();
        self.send(C1, to, Message::LeaveGroup(LeaveGroup { correlation, member: member(draw) }));
        self.run(Span(5));
    }
    pub fn commit_as(&mut self, to: NodeId, upto: u64, membership: Option<Membership>) -> Correlation {
        let correlation = self.correlation();
        let commits = [Commit { origin: P0, upto: Offset(upto), leader_epoch: None }].into();
        self.send(C1, to, Message::OffsetCommit(OffsetCommit { correlation, membership, transaction: None, commits }));
        correlation
    }

    /// A group in its first generation with the members 1 and 2, of which 1 leads.
    pub fn group_of_two(&mut self, coordinator: NodeId) {
        let (first, second) = (self.join(coordinator, 1, None), self.join(coordinator, 2, None));
        self.run(Span::secs(7));
        assert_eq!(self.generation(first), Some((1, vec![1, 2])));
        assert_eq!(self.generation(second), Some((1, vec![])));
        let second = self.sync(coordinator, membership(2, 1), &[]);
        let first = self.sync(coordinator, membership(1, 1), &[1, 2]);
        self.run(Span(10));
        assert_eq!((self.synced(first), self.synced(second)), (Some(Ok(vec![P0])), Some(Ok(vec![]))));
    }
}

fn told_by_heartbeat(message: &Message, of: Correlation) -> Option<Result<(u32, Vec<u16>), ErrorCode>> {
    let told = |told: Reconciled| (told.epoch.0, told.assigned.iter().map(|origin| origin.0).collect());
    match message {
        Message::GroupHeartbeatIs(reply) if reply.correlation == of => Some(reply.result.clone().map(told)),
        _ => None,
    }
}
