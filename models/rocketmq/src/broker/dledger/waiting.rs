//! What a majority does not have yet, and who waits for it.

use ackproof_core::actor::Ctx;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use ackproof_log::Epoch;
use ackproof_raft::Policy;

use crate::broker::answering::Waiting;
use crate::broker::{Broker, Timer};
use crate::message::{Code, Consuming, Message, Opaque, Refusal, Sent, Status};
use crate::model::Rocketmq;
use crate::mutation::Rule;

/// Somebody who is answered when a majority has an entry.
#[derive(Copy, Clone, Debug)]
pub struct Pending {
    to: NodeId,
    /// Of the entry.
    pub position: u64,
    what: What,
    /// The term in which it was appended.
    epoch: Epoch,
    until: Time,
}

#[derive(Copy, Clone, Debug)]
enum What {
    Send(Waiting),
    /// A message that a consumer gave back.
    Back(Opaque),
}

impl Pending {
    pub fn is_for(&self, peer: NodeId) -> bool {
        self.to == peer
    }
}

impl Broker {
    /// The send is answered when a majority has it, or when that took too long. Neither `waitStoreMsgOK` nor
    /// `flushDiskType` makes a difference.
    ///
    /// Source: `DLedgerCommitLog.asyncPutMessage`, store, 5.3; `DLedgerEntryPusher.waitAck`, DLedger 0.3.1.2.
    pub(in crate::broker) fn wait_for_majority(&mut self, ctx: &mut Ctx<'_, Rocketmq>, waiting: Waiting) {
        self.pend(ctx, waiting.to, waiting.place.position, What::Send(waiting));
    }

    /// The same for what a consumer gave back: whoever leads now has stored the copy when the consumer hears of it.
    ///
    /// Source: `AbstractSendMessageProcessor.consumerSendMsgBack`, broker, 5.3: `putMessage`, which waits for its future.
    pub(in crate::broker) fn answer_back_by_majority(
        &mut self,
        ctx: &mut Ctx<'_, Rocketmq>,
        to: NodeId,
        opaque: Opaque,
    ) {
        let end = self.member().map_or(0, |member| member.log().end().0);
        self.pend(ctx, to, end.saturating_sub(1), What::Back(opaque));
    }

    fn pend(&mut self, ctx: &mut Ctx<'_, Rocketmq>, to: NodeId, position: u64, what: What) {
        let Some(dledger) = &mut self.dledger else { return };
        let (epoch, until) = (dledger.member.epoch(), ctx.now() + Policy::DLEDGER_MAX_WAIT_ACK);
        dledger.pending.push_back(Pending { to, position, what, epoch, until });
        self.set_majority_timer(ctx);
    }

    /// Answers what a majority has. A broker that leads no longer answers nothing.
    ///
    /// Source: `QuorumAckChecker.doWork`, DLedger 0.3.1.2.
    pub(in crate::broker) fn answer_majority(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let Some(dledger) = &mut self.dledger else { return };
        if !dledger.member.is_leader() {
            return;
        }
        let committed = match Rule::MajorityBeforeAnswer.holds() {
            true => dledger.member.committed().0,
            false => dledger.member.log().end().0,
        };
        while let Some(first) = self.dledger.as_mut().and_then(|dledger| {
            let is_committed = dledger.pending.front()?.position < committed;
            if is_committed { dledger.pending.pop_front() } else { None }
        }) {
            match first.what {
                What::Send(waiting) => self.confirm(ctx, &waiting, Status::Ok),
                What::Back(opaque) => ctx.send(first.to, given_back(opaque, Ok(()))),
            }
        }
    }

    /// What waited for too long is refused, and may be committed later.
    ///
    /// Source: `DLedgerEntryPusher.checkResponseFuturesTimeout`, DLedger 0.3.1.2; `DLedgerCommitLog.asyncPutMessage`,
    /// store, 5.3: WAIT_QUORUM_ACK_TIMEOUT becomes IN_SYNC_REPLICAS_NOT_ENOUGH, and SYSTEM_ERROR on the wire.
    pub(in crate::broker) fn give_up_on_majority(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        self.answer_majority(ctx);
        let now = ctx.now();
        let Some(dledger) = &mut self.dledger else { return };
        dledger.is_set = false;
        if !dledger.member.is_leader() {
            return;
        }
        let over = dledger.pending.partition_point(|pending| pending.until <= now);
        let over: Vec<Pending> = dledger.pending.drain(..over).collect();
        self.refuse_pending(ctx, over, Code::InSyncReplicasNotEnough);
        self.set_majority_timer(ctx);
    }

    /// It leads again: what waits since an earlier term is not answered any other way. TERM_CHANGED is no code that the
    /// broker knows, and becomes UNKNOWN_ERROR.
    ///
    /// Source: `QuorumAckChecker.doWork`, DLedger 0.3.1.2; `DLedgerCommitLog.asyncPutMessage`, store, 5.3.
    pub(super) fn refuse_earlier_terms(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let Some(dledger) = &mut self.dledger else { return };
        let epoch = dledger.member.epoch();
        let pending = std::mem::take(&mut dledger.pending).into_iter();
        let (kept, over): (Vec<Pending>, Vec<Pending>) = pending.partition(|pending| pending.epoch == epoch);
        dledger.pending = kept.into();
        self.refuse_pending(ctx, over, Code::SystemError);
        self.set_majority_timer(ctx);
    }

    fn refuse_pending(&self, ctx: &mut Ctx<'_, Rocketmq>, over: Vec<Pending>, code: Code) {
        let refusal = Refusal { code, may_be_stored: true };
        for Pending { to, what, .. } in over {
            match what {
                What::Send(waiting) if waiting.one_way => {}
                What::Send(waiting) => {
                    ctx.send(to, Message::Sent(Sent { opaque: waiting.opaque, result: Err(refusal) }));
                }
                What::Back(opaque) => ctx.send(to, given_back(opaque, Err(refusal))),
            }
        }
    }

    fn set_majority_timer(&mut self, ctx: &mut Ctx<'_, Rocketmq>) {
        let Some(dledger) = &mut self.dledger else { return };
        if let Some(first) = dledger.pending.front()
            && !dledger.is_set
        {
            dledger.is_set = true;
            ctx.set_timer(Timer::Majority.id(), first.until.since(ctx.now()));
        }
    }
}

fn given_back(opaque: Opaque, result: Result<(), Refusal>) -> Message {
    Message::Consuming(Box::new(Consuming::GivenBack { opaque, result }))
}
