//! Answers to heartbeats with `group.protocol=consumer`: a member hears nothing before everything that its coordinator had
//! written by then is replicated, so that a new coordinator knows what members were told.
//!
//! Source: `CoordinatorRuntime.{append,waitForPendingWrites}`, `DeferredEventQueue`, coordinator-common, 4.1.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::Offset;

use super::group::Group;
use crate::broker::parked::commit_error;
use crate::broker::replica::Replica;
use crate::error_code::ErrorCode;
use crate::message::{Correlation, GroupHeartbeatIs, Message, Reconciled};
use crate::model::Kafka;

/// An answer that waits.
#[derive(Debug)]
pub(super) struct Answer {
    to: NodeId,
    correlation: Correlation,
    told: Reconciled,
    /// The high watermark has to come this far; `None` while what it rests on is not appended.
    end: Option<Offset>,
    /// When it is given up; what was written stays.
    by: Time,
}

impl Group {
    pub(super) fn answer_later(&mut self, to: NodeId, correlation: Correlation, told: Reconciled, by: Time) {
        self.answers.push(Answer { to, correlation, told, end: None, by });
    }

    /// When the first answer is given up.
    pub(super) fn answers_due(&self) -> Option<Time> {
        self.answers.iter().map(|answer| answer.by).min()
    }

    /// Sends what the high watermark lets through. What the group has to write is appended by now, or waits for the log.
    pub(super) fn send_answers(&mut self, ctx: &mut Ctx<'_, Kafka>, replica: &Replica) {
        let is_appended = self.has_appended();
        self.answers.retain_mut(|answer| {
            if answer.end.is_none() && is_appended {
                answer.end = Some(replica.end());
            }
            let result = match answer.end {
                Some(end) if end <= replica.high_watermark() => Ok(answer.told.clone()),
                Some(_) | None if answer.by <= ctx.now() => Err(commit_error(ErrorCode::RequestTimedOut)),
                Some(_) | None => return true,
            };
            send(ctx, answer, result);
            false
        });
    }

    /// Another broker coordinates now.
    pub(super) fn refuse_answers(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        for answer in self.answers.drain(..) {
            send(ctx, &answer, Err(ErrorCode::NotCoordinator));
        }
    }
}

fn send(ctx: &mut Ctx<'_, Kafka>, answer: &Answer, result: Result<Reconciled, ErrorCode>) {
    let correlation = answer.correlation;
    ctx.send(answer.to, Message::GroupHeartbeatIs(GroupHeartbeatIs { correlation, result }));
}
