//! The group as its coordinator sees it: who is in it, in which generation, who reads what.
//!
//! Source: `GroupCoordinator`, `GroupMetadata`, core, 3.9; `ClassicGroup`, `GroupMetadataManager`, group-coordinator,
//! 4.1, which do the same.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::observe::{Observation, Probe};
use ackproof_core::time::{Span, Time};

use crate::config::Config;
use crate::error_code::ErrorCode;
use crate::message::{
    Correlation, Generation, GroupJoined, GroupRecord, GroupSynced, Joined, MemberId, Membership, Message, Payload,
    Record, Subscribed,
};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::plan::Plan;

use super::answers::Answer;
use super::reconciling::Reconciliation;
use super::syncing::Write;

/// Where a group stands. The coordinator of a group that nobody ever joined holds an empty one.
#[derive(Debug)]
pub(super) enum State {
    /// Nobody is in it, since then by the wall clock: from then on its progress grows old.
    Empty {
        since: Time,
    },
    /// Members are asked to join for the next generation.
    PreparingRebalance(Preparation),
    /// Everybody has joined, and what the leader decides is waited for. Who has not asked for it by then is removed.
    CompletingRebalance {
        sync_by: Time,
    },
    Stable {
        sync_by: Time,
    },
}

#[derive(Debug)]
pub(super) struct Preparation {
    /// Whoever has not joined by then is removed.
    pub(super) until: Time,
    /// The group was empty: members that come one after the other are waited for.
    pub(super) first: Option<FirstMembers>,
}

/// Waiting for the first members of a group.
#[derive(Debug)]
pub(super) struct FirstMembers {
    /// No longer than this after the present wait.
    pub(super) left: Span,
    /// Somebody came during the present wait.
    pub(super) more_came: bool,
}

/// A member that waits for an answer.
#[derive(Copy, Clone, Debug)]
pub(super) struct Waiting {
    pub(super) to: NodeId,
    pub(super) correlation: Correlation,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: MemberId,
    /// As it joined last; `None` for one that is known from the log.
    pub(super) subscribed: Option<Subscribed>,
    /// It has never been in a generation.
    pub(super) is_new: bool,
    /// When its session ends.
    pub(super) expires: Time,
    pub(super) joining: Option<Waiting>,
    pub(super) syncing: Option<Waiting>,
    /// It has asked what it is to read in this generation.
    pub(super) has_synced: bool,
    pub(super) assignment: Arc<[Origin]>,
    /// With `group.protocol=consumer`.
    pub(super) reconciliation: Reconciliation,
}

impl Member {
    /// One of which nothing is known but its name.
    pub(super) fn named(id: MemberId, expires: Time) -> Member {
        Member {
            id,
            subscribed: None,
            is_new: false,
            expires,
            joining: None,
            syncing: None,
            has_synced: true,
            assignment: [].into(),
            reconciliation: Reconciliation::default(),
        }
    }
    /// Source: `MemberMetadata.hasSatisfiedHeartbeat`, core, 3.9: who waits for an answer cannot be late.
    fn session_end(&self) -> Option<Time> {
        let waits = !self.is_new && (self.joining.is_some() || self.syncing.is_some());
        (!waits && Rule::MemberSession.holds()).then_some(self.expires)
    }
}

#[derive(Debug)]
pub struct Group {
    pub(super) generation: Generation,
    pub(super) state: State,
    /// In the order in which they joined.
    pub(super) members: Vec<Member>,
    /// Who divides the partitions: the first to join of those who are left.
    pub(super) leader: Option<MemberId>,
    pub(super) write: Option<Write>,
    /// To heartbeats, in the order in which they came.
    pub(super) answers: Vec<Answer>,
    /// `group.protocol=consumer`: its members are brought to what they are to read one after the other.
    pub(super) is_reconciling: bool,
    /// Its members have a `group.instance.id`.
    pub(super) is_static: bool,
}

impl Group {
    /// What the log says of the group. Its members have a whole session to be heard from.
    ///
    /// Source: `GroupMetadataManager.doLoadGroupsAndOffsets`, `GroupCoordinator.onGroupLoaded`, core, 3.9;
    /// `GroupMetadataManager.onLoaded`, group-coordinator, 4.1.
    pub(super) fn load(records: &[Record], now: Time, config: &Config) -> Group {
        let (mut generation, mut since) = (Generation::default(), Time::ZERO);
        let mut members: Vec<(MemberId, Vec<Origin>)> = Vec::new();
        let mut released = Vec::new();
        for record in records {
            match record.payload {
                Payload::Group(GroupRecord::Generation { generation: begun, at }) => {
                    (generation, since) = (begun, at);
                    members.clear();
                    released.clear();
                }
                Payload::Group(GroupRecord::Member(id)) => members.push((id, Vec::new())),
                Payload::Group(GroupRecord::Released(id)) => released.push(id),
                Payload::Group(GroupRecord::Assigned { member, origin }) => {
                    if let Some((_, origins)) = members.iter_mut().find(|(id, _)| *id == member) {
                        origins.push(origin);
                    }
                }
                Payload::Message(..) | Payload::Commit(_) | Payload::Marker(_) => {}
                Payload::Pending(_) | Payload::Transaction(_) | Payload::Enlisted(_) => {}
                Payload::Group(GroupRecord::Forgotten { .. }) => {}
            }
        }
        let expires = now + config.session_timeout();
        let loaded = |(id, origins): (MemberId, Vec<Origin>)| Member {
            assignment: origins.into(),
            reconciliation: Reconciliation::at(generation, released.contains(&id)),
            ..Member::named(id, expires)
        };
        let state = match members.is_empty() {
            true => State::Empty { since },
            false => State::Stable { sync_by: Time::NEVER },
        };
        let members: Vec<Member> = members.into_iter().map(loaded).collect();
        let leader = members.first().map(|member| member.id);
        let (is_reconciling, is_static) = (config.consumer.is_reconciling, config.consumer.is_static);
        let answers = Vec::new();
        let mut group = Group { generation, state, members, leader, write: None, answers, is_reconciling, is_static };
        if is_reconciling {
            group.set_targets(config.topic.partitions);
        }
        group
    }

    /// Since when nobody is in it, by the wall clock; `None` while somebody is.
    pub fn empty_since(&self) -> Option<Time> {
        match self.state {
            State::Empty { since } => Some(since),
            State::PreparingRebalance(_) | State::CompletingRebalance { .. } | State::Stable { .. } => None,
        }
    }

    /// Whether nothing is left to divide: every member is one of `running`, in the group's generation, and the other
    /// way round.
    pub fn is_settled(&self, running: &[Option<Membership>]) -> bool {
        let is_stable = match self.state {
            State::Empty { .. } | State::Stable { .. } => true,
            State::PreparingRebalance(_) | State::CompletingRebalance { .. } => false,
        };
        let is_in = |one: &Option<Membership>| {
            one.is_some_and(|one| one.generation == self.generation && self.position(one.member).is_some())
        };
        let is_divided = !self.is_reconciling || self.is_reconciled();
        is_stable
            && is_divided
            && self.write.is_none()
            && running.len() == self.members.len()
            && running.iter().all(is_in)
    }

    pub(super) fn position(&self, id: MemberId) -> Option<usize> {
        self.members.iter().position(|member| member.id == id)
    }

    /// The place of a member that knows in which generation the group is.
    ///
    /// Source: `GroupCoordinator.{validateCurrentMember,validateHeartbeat}`, core, 3.9.
    pub(super) fn member(&mut self, claim: Membership) -> Result<&mut Member, ErrorCode> {
        let place = self.position(claim.member).ok_or_else(|| match self.instance(claim.member) {
            Some(_) if !self.is_reconciling => ErrorCode::FencedInstanceId,
            Some(_) | None => ErrorCode::UnknownMemberId,
        })?;
        if self.is_reconciling {
            return match self.members[place].reconciliation.epoch == claim.generation {
                true => Ok(&mut self.members[place]),
                false => Err(ErrorCode::StaleMemberEpoch),
            };
        }
        match claim.generation == self.generation {
            true => Ok(&mut self.members[place]),
            false => Err(ErrorCode::IllegalGeneration),
        }
    }

    /// Source: `GroupCoordinator.handleHeartbeat`, core, 3.9.
    #[cold]
    pub(super) fn heartbeat(&mut self, now: Time, config: &Config, claim: Membership) -> Result<(), ErrorCode> {
        self.member(claim)?.expires = now + config.consumer.session_timeout;
        match self.state {
            State::PreparingRebalance(_) => Err(ErrorCode::RebalanceInProgress),
            State::CompletingRebalance { .. } | State::Stable { .. } => Ok(()),
            State::Empty { .. } => unreachable!("an empty group has no members"),
        }
    }

    /// Whether progress may be stored by whoever says that: by a member in the group's generation, between joining and
    /// learning what to read by nobody, and by anybody while nobody is in the group.
    ///
    /// Source: `GroupCoordinator.{validateOffsetCommit,doCommitOffsets}`, core, 3.9; `OffsetMetadataManager`, 4.1.
    pub(super) fn check_commit(
        &mut self,
        now: Time,
        config: &Config,
        claim: Option<Membership>,
    ) -> Result<(), ErrorCode> {
        if !Rule::CommitFencing.holds() {
            return Ok(());
        }
        let Some(claim) = claim else {
            return if self.members.is_empty() { Ok(()) } else { Err(ErrorCode::UnknownMemberId) };
        };
        let is_reconciling = self.is_reconciling;
        let member = self.member(claim)?;
        // Only heartbeats prolong a session with `group.protocol=consumer`.
        if !is_reconciling {
            member.expires = now + config.session_timeout();
        }
        match self.state {
            State::CompletingRebalance { .. } => Err(ErrorCode::RebalanceInProgress),
            State::Empty { .. } | State::PreparingRebalance(_) | State::Stable { .. } => Ok(()),
        }
    }

    /// When something is due by itself.
    pub(super) fn due(&self) -> Option<Time> {
        let sessions = self.members.iter().filter_map(Member::session_end);
        let state = match &self.state {
            State::Empty { .. } => None,
            State::PreparingRebalance(preparation) => Some(preparation.until),
            State::CompletingRebalance { sync_by } | State::Stable { sync_by } => Some(*sync_by),
        };
        let write = self.write.as_ref().map(|write| write.deadline);
        let write = write.into_iter().chain(self.answers_due());
        let sessions = sessions.chain(self.members.iter().filter_map(|member| member.reconciliation.revoke_by));
        sessions.chain(state).chain(write).min().filter(|due| *due != Time::NEVER)
    }

    /// What was due by itself happens.
    ///
    /// Source: `GroupCoordinator.{onExpireHeartbeat,onExpirePendingSync}`, core, 3.9; `DelayedJoin`.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan) {
        let now = ctx.now();
        while let Some(place) =
            self.members.iter().position(|member| member.session_end().is_some_and(|end| end <= now))
        {
            self.expelled(ctx, place, "its session had run out");
            self.remove(ctx, plan, place, "its session has run out");
        }
        let is_late = |member: &Member| member.reconciliation.revoke_by.is_some_and(|by| by <= now);
        while let Some(place) = self.members.iter().position(is_late) {
            self.expelled(ctx, place, "it had not given up in time what it was to give up");
            self.remove(ctx, plan, place, "has not given up what it was to give up");
        }
        match &self.state {
            State::PreparingRebalance(preparation) if preparation.until <= now => self.stop_waiting(ctx, plan),
            State::CompletingRebalance { sync_by } | State::Stable { sync_by } if *sync_by <= now => {
                self.remove_those_without_sync(ctx, plan);
            }
            State::Empty { .. } | State::PreparingRebalance(_) => {}
            State::CompletingRebalance { .. } | State::Stable { .. } => {}
        }
    }

    /// Says that a member is removed, perhaps alive.
    pub(super) fn expelled(&self, ctx: &mut Ctx<'_, Kafka>, place: usize, why: &'static str) {
        let member = self.members[place].id.node;
        ctx.observe(Probe::Noted, || Observation::LeftGroup { member, why: why.to_owned() });
    }

    /// Another broker coordinates now: whoever waits is told to look for it.
    ///
    /// Source: `GroupCoordinator.onGroupUnloaded`, core, 3.9.
    pub(super) fn resign(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for member in &mut self.members {
            member.answer_join(ctx, Err(ErrorCode::NotCoordinator));
            member.answer_sync(ctx, Err(ErrorCode::NotCoordinator));
        }
        self.refuse_answers(ctx);
    }
}

impl Member {
    pub(super) fn answer_join(&mut self, ctx: &mut Ctx<'_, Kafka>, result: Result<Joined, ErrorCode>) {
        if let Some(Waiting { to, correlation }) = self.joining.take() {
            ctx.send(to, Message::GroupJoined(GroupJoined { correlation, result }));
        }
    }
    pub(super) fn answer_sync(&mut self, ctx: &mut Ctx<'_, Kafka>, result: Result<Arc<[Origin]>, ErrorCode>) {
        if let Some(Waiting { to, correlation }) = self.syncing.take() {
            ctx.send(to, Message::GroupSynced(GroupSynced { correlation, result }));
        }
    }
}
