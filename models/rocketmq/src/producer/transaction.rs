//! Transactional messages: a half is sent, then the application's own part of the transaction runs, then the broker is
//! told what became of it; and the broker asks when it was not told.

use std::collections::BTreeMap;

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, MsgId, Outcome, Reason};
use ackproof_core::disk::{DiskError, FileId, SyncTarget};
use ackproof_core::node::NodeId;
use ackproof_log::Epoch;

use crate::message::{Check, Decision, EndTransaction, Message, Status};
use crate::model::Rocketmq;
use crate::mutation::Rule;
use crate::producer::Producer;
use crate::producer::shipment::Shipment;
use crate::record::{Body, Entry};
use crate::topic::{Group, Slot};

/// The application's database, on the producer's own machine. A row is there when it is on the platter.
///
/// Simplified: each producer has a database of its own, so that no other member of its group can answer for it. Gives up:
/// transactions that another producer would have resolved after the first one was gone for good.
const DATABASE: FileId = FileId(1);

/// The half of a message, once it is stored.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
struct Stored {
    group: Group,
    half: u64,
}

/// The application's part of transactions.
#[derive(Debug, Default)]
pub struct Local {
    /// The message that the application sent last.
    pub last: Option<MsgId>,
    /// What the application wants of each message whose half is under way.
    wanted: BTreeMap<MsgId, bool>,
    /// What its database says.
    rows: BTreeMap<MsgId, bool>,
    /// Rows that are being synced, with the half of each.
    writing: Vec<(MsgId, bool, Stored)>,
}

impl Producer {
    /// The database as the disk shows it.
    pub(super) fn open_database(&mut self, ctx: &Ctx<'_, Rocketmq>) {
        self.local.rows = ctx
            .disk
            .tail(DATABASE, 0)
            .iter()
            .filter_map(|entry| if let Body::Local { msg, commit } = entry.body { Some((msg, commit)) } else { None })
            .collect();
    }

    /// The application says what it wants of the message that it has just sent.
    pub(super) fn on_wanted(&mut self, commit: bool) {
        if let Some(msg) = self.local.last {
            self.local.wanted.insert(msg, commit);
        }
    }

    /// The half was answered. Only SEND_OK lets the application's part run; any other status takes the message back.
    ///
    /// Source: `DefaultMQProducerImpl.sendMessageInTransaction`, client, 5.3.
    pub(super) fn on_half(&mut self, ctx: &mut Ctx<'_, Rocketmq>, shipment: &Shipment, status: Status, half: u64) {
        let group = shipment.last.expect("it was sent to a group");
        let msg = shipment.letter.msg;
        let wanted = self.local.wanted.remove(&msg).unwrap_or(true);
        let stored = Stored { group, half };
        if status != Status::Ok && Rule::LocalNeedsSendOk.holds() {
            self.end(ctx, msg, stored, Decision::Rollback);
            ctx.tell(AppReply::Told { msg, outcome: Outcome::Aborted });
            return;
        }
        let body = Body::Local { msg, commit: wanted };
        let entry = Entry { slot: Slot(0), offset: 0, epoch: Epoch(0), stored: ctx.wall_clock(), body };
        match ctx.disk.append(DATABASE, entry) {
            Ok(_) => {
                self.local.writing.push((msg, wanted, stored));
                ctx.sync(SyncTarget::File(DATABASE));
            }
            Err(error) => self.local_failed(ctx, msg, stored, error),
        }
    }

    /// The application's part is on the platter, or could not be.
    pub(super) fn on_database(&mut self, ctx: &mut Ctx<'_, Rocketmq>, result: Result<(), DiskError>) {
        for (msg, commit, stored) in std::mem::take(&mut self.local.writing) {
            if let Err(error) = result {
                self.local_failed(ctx, msg, stored, error);
                continue;
            }
            self.local.rows.insert(msg, commit);
            let transactions = self.plan.config.producer.transactions;
            let is_unknown = transactions.is_some_and(|local| ctx.random.chance(local.unknown_rate));
            let decision = match commit {
                _ if is_unknown => Decision::Unknown,
                true => Decision::Commit,
                false => Decision::Rollback,
            };
            self.end(ctx, msg, stored, decision);
            let outcome = if commit { Outcome::Acked } else { Outcome::Aborted };
            ctx.tell(AppReply::Told { msg, outcome });
        }
    }

    /// The application's part failed: it was rolled back.
    fn local_failed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, msg: MsgId, stored: Stored, error: DiskError) {
        ctx.note(|| format!("its part of the transaction of {msg} failed: {error}"));
        self.end(ctx, msg, stored, Decision::Rollback);
        ctx.tell(AppReply::Told { msg, outcome: Outcome::Aborted });
    }

    /// The half could not be sent, or nobody knows: the application's part never ran, so it will say so when asked.
    pub(super) fn half_failed(&mut self, ctx: &mut Ctx<'_, Rocketmq>, shipment: Shipment) {
        let msg = shipment.letter.msg;
        self.local.wanted.remove(&msg);
        let failure: Reason = shipment.failure;
        let outcome = if shipment.may_be_stored { Outcome::Aborted } else { Outcome::Rejected(failure) };
        ctx.tell(AppReply::Told { msg, outcome });
    }

    /// Nobody answers, so nobody notices if it is lost.
    ///
    /// Source: `DefaultMQProducerImpl.endTransaction`, client, 5.3: `endTransactionOneway`.
    fn end(&mut self, ctx: &mut Ctx<'_, Rocketmq>, msg: MsgId, stored: Stored, decision: Decision) {
        let Stored { group, half } = stored;
        if let Some(master) = self.client.master(group) {
            let opaque = self.client.connections.number();
            let end = Message::EndTransaction(EndTransaction { msg, group, half, decision });
            self.client.connections.send(ctx, master, opaque, end);
        }
    }

    /// A broker asks. The database answers: what was committed, else what was not; while the application's part is still
    /// running nobody knows.
    ///
    /// Source: `DefaultMQProducerImpl.checkTransactionState`, client, 5.3.
    pub(super) fn on_check(&mut self, ctx: &mut Ctx<'_, Rocketmq>, from: NodeId, check: Check) {
        let answers = self.plan.config.producer.transactions.is_some_and(|local| local.answers_checks);
        let runs =
            self.local.wanted.contains_key(&check.msg) || self.local.writing.iter().any(|(msg, ..)| *msg == check.msg);
        let decision = match self.local.rows.get(&check.msg) {
            _ if !answers || runs => Decision::Unknown,
            Some(true) => Decision::Commit,
            Some(false) | None => Decision::Rollback,
        };
        let Check { msg, group, half } = check;
        ctx.send(from, Message::EndTransaction(EndTransaction { msg, group, half, decision }));
    }
}
