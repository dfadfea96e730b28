//! Members come and go, and the group makes ready for another generation.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use super::group::{FirstMembers, Group, Member, Preparation, State, Waiting};
use super::reconciling::Reconciliation;
use super::syncing::Write;
use crate::error_code::ErrorCode;
use crate::message::{GroupRecord, JoinGroup, Joined, MemberId, Subscribed};
use crate::model::Kafka;
use crate::plan::Plan;

/// A member that is new and waits for others to join is forgotten after this long: it cannot send heartbeats.
///
/// Source: `GroupCoordinator.NewMemberJoinTimeoutMs`, core, 3.9; `classicGroupNewMemberJoinTimeoutMs`, 4.1.
const NEW_MEMBER_TIMEOUT: Span = Span::secs(300);

impl Group {
    /// Source: `GroupCoordinator.{doNewMemberJoinGroup,doCurrentMemberJoinGroup}`, core, 3.9.
    pub(super) fn join(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan, from: NodeId, request: JoinGroup) {
        let waiting = Waiting { to: from, correlation: request.correlation };
        let id = request.subscribed.member;
        let Some(place) = self.position(id) else {
            let mut member = new_member(request.subscribed, waiting, ctx.now() + NEW_MEMBER_TIMEOUT);
            let before = self.instance(id).filter(|_| request.is_new);
            match (request.is_new, before) {
                (true, Some(place)) => self.take_place(ctx, plan, place, member),
                (true, None) => self.add(ctx, plan, member),
                (false, _) => member.answer_join(ctx, Err(ErrorCode::UnknownMemberId)),
            }
            return;
        };
        let member = &mut self.members[place];
        let is_unchanged = member.subscribed.as_ref() == Some(&request.subscribed);
        member.joining = Some(waiting);
        member.subscribed = Some(request.subscribed);
        match self.state {
            // It has not heard that the generation has begun.
            State::CompletingRebalance { .. } if is_unchanged => self.tell_generation(ctx, place),
            State::Stable { .. } if is_unchanged && self.leader != Some(id) => self.tell_generation(ctx, place),
            State::PreparingRebalance(_) => self.complete_join_if_all_have(ctx, plan),
            State::CompletingRebalance { .. } | State::Stable { .. } | State::Empty { .. } => {
                self.prepare_rebalance(ctx, plan, id, "joins again");
            }
        }
    }

    /// Source: `GroupCoordinator.addMemberAndRebalance`, core, 3.9.
    fn add(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan, member: Member) {
        let id = member.id;
        self.members.push(member);
        self.leader.get_or_insert(id);
        match &mut self.state {
            State::PreparingRebalance(Preparation { first: Some(first), .. }) => {
                first.more_came = self.generation.0 == 0;
            }
            State::PreparingRebalance(_) => self.complete_join_if_all_have(ctx, plan),
            State::Empty { .. } | State::CompletingRebalance { .. } | State::Stable { .. } => {
                self.prepare_rebalance(ctx, plan, id, "is new");
            }
        }
    }

    #[cold]
    pub(super) fn leave(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan, id: MemberId) {
        match self.position(id) {
            Some(place) if self.is_static && self.is_reconciling => self.release(ctx, plan, place),
            Some(place) => self.remove(ctx, plan, place, "leaves"),
            None => {}
        }
    }

    /// Source: `GroupCoordinator.removeMemberAndUpdateGroup`, core, 3.9.
    pub(super) fn remove(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan, place: usize, why: &'static str) {
        let mut member = self.members.remove(place);
        member.answer_join(ctx, Err(ErrorCode::UnknownMemberId));
        if self.leader == Some(member.id) {
            self.leader = self.members.first().map(|next| next.id);
        }
        match self.state {
            State::PreparingRebalance(_) => self.complete_join_if_all_have(ctx, plan),
            State::CompletingRebalance { .. } | State::Stable { .. } | State::Empty { .. } => {
                self.prepare_rebalance(ctx, plan, member.id, why);
            }
        }
    }

    /// Asks everybody to join, unless that was done. The first members of an empty group wait for each other, all
    /// others as long as somebody is missing, but no longer than `max.poll.interval.ms`.
    ///
    /// Source: `GroupCoordinator.prepareRebalance`, `InitialDelayedJoin`, core, 3.9.
    pub(super) fn prepare_rebalance(
        &mut self,
        ctx: &mut Ctx<'_, Kafka>,
        plan: &Plan,
        because_of: MemberId,
        why: &'static str,
    ) {
        if self.is_reconciling {
            return self.divide_anew(ctx, plan, because_of, why);
        }
        let (rebalance_timeout, delay) =
            (plan.config.consumer.max_poll_interval, plan.config.broker.initial_rebalance_delay);
        let preparation = match &self.state {
            State::PreparingRebalance(_) => return,
            State::Empty { .. } => Preparation {
                until: ctx.now() + delay,
                first: Some(FirstMembers { left: rebalance_timeout - delay, more_came: false }),
            },
            State::CompletingRebalance { .. } | State::Stable { .. } => {
                for member in &mut self.members {
                    member.answer_sync(ctx, Err(ErrorCode::RebalanceInProgress));
                }
                Preparation { until: ctx.now() + rebalance_timeout, first: None }
            }
        };
        let generation = self.generation;
        ctx.note(|| format!("the group leaves generation {}: {} {why}", generation.0, plan.name(because_of.node)));
        self.write = None;
        self.state = State::PreparingRebalance(preparation);
        self.complete_join_if_all_have(ctx, plan);
    }

    pub(super) fn complete_join_if_all_have(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan) {
        let State::PreparingRebalance(Preparation { first: None, .. }) = self.state else { return };
        if self.members.iter().all(|member| member.joining.is_some()) {
            self.complete_join(ctx, plan);
        }
    }

    /// The wait for others to join has ended.
    pub(super) fn stop_waiting(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan) {
        let State::PreparingRebalance(Preparation { until, first }) = &mut self.state else { return };
        let delay = plan.config.broker.initial_rebalance_delay;
        match first {
            Some(first) if first.more_came && first.left > Span::ZERO => {
                let wait = delay.min(first.left);
                *until = ctx.now() + wait;
                *first = FirstMembers { left: first.left - wait, more_came: false };
            }
            Some(_) | None => self.complete_join(ctx, plan),
        }
    }

    /// The next generation begins with those who have joined. Static members that have not stay in the group until
    /// their sessions end, and partitions are kept for them; where nobody has joined the wait begins anew.
    ///
    /// Source: `GroupCoordinator.onCompleteJoin`, core, 3.9; `GroupMetadata.maybeElectNewJoinedLeader`.
    fn complete_join(&mut self, ctx: &mut Ctx<'_, Kafka>, plan: &Plan) {
        let keeps = self.is_static;
        self.members.retain(|member| keeps || member.joining.is_some());
        let mut joined = self.members.iter().filter(|member| member.joining.is_some());
        if !self.members.is_empty() && joined.clone().next().is_none() {
            let until = ctx.now() + plan.config.consumer.max_poll_interval;
            self.state = State::PreparingRebalance(Preparation { until, first: None });
            return;
        }
        if !joined.clone().any(|member| Some(member.id) == self.leader) {
            self.leader = joined.next().map(|member| member.id);
        }
        self.generation = self.generation.next();
        let (generation, at) = (self.generation, ctx.wall_clock());
        ctx.note(|| {
            let names: Vec<&str> = self.members.iter().map(|member| plan.name(member.id.node)).collect();
            format!(
                "generation {} of the group: {}",
                generation.0,
                if names.is_empty() { "nobody".into() } else { names.join(", ") }
            )
        });
        if self.members.is_empty() {
            self.state = State::Empty { since: at };
            let records = vec![GroupRecord::Generation { generation, at }];
            let deadline = ctx.now() + plan.config.broker.offsets_commit_timeout;
            self.write = Some(Write::new(records, Vec::new(), deadline));
            return;
        }
        self.state = State::CompletingRebalance { sync_by: ctx.now() + plan.config.consumer.max_poll_interval };
        for place in 0..self.members.len() {
            let member = &mut self.members[place];
            member.is_new = false;
            member.has_synced = false;
            member.expires = ctx.now() + plan.config.consumer.session_timeout;
            self.tell_generation(ctx, place);
        }
    }

    /// Answers a member that has joined. The leader is told who the others are.
    pub(super) fn tell_generation(&mut self, ctx: &mut Ctx<'_, Kafka>, place: usize) {
        let Some(leader) = self.leader else { return };
        let members: Vec<Subscribed> = match self.members[place].id == leader {
            true => self.members.iter().map(|member| member.as_seen(self.generation)).collect(),
            false => Vec::new(),
        };
        let joined = Joined { generation: self.generation, leader, members: members.into() };
        self.members[place].answer_join(ctx, Ok(joined));
    }
}

fn new_member(subscribed: Subscribed, waiting: Waiting, expires: Time) -> Member {
    Member {
        id: subscribed.member,
        subscribed: Some(subscribed),
        is_new: true,
        expires,
        joining: Some(waiting),
        syncing: None,
        has_synced: false,
        assignment: [].into(),
        reconciliation: Reconciliation::default(),
    }
}
