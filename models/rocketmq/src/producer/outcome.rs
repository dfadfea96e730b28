//! What an application is told of a send that has come to its end.

use ackproof_core::actor::Ctx;
use ackproof_core::app::{AppReply, Outcome, Reason};

use crate::config::Statuses;
use crate::message::Status;
use crate::model::Rocketmq;
use crate::producer::Producer;
use crate::producer::shipment::Shipment;

impl Statuses {
    pub fn accepts(self, status: Status) -> bool {
        match status {
            Status::Ok => self.ok,
            Status::FlushDiskTimeout => self.flush_disk_timeout,
            Status::FlushSlaveTimeout => self.flush_slave_timeout,
            Status::SlaveNotAvailable => self.slave_not_available,
        }
    }
}

impl Producer {
    /// There is no other try: the last answer counts, however bad, and only without one the application sees an
    /// exception. Whether a status that is not SEND_OK is a success is for the application to say.
    ///
    /// Source: `DefaultMQProducerImpl.sendDefaultImpl`, client, 5.3.
    pub(super) fn give_up(&mut self, ctx: &mut Ctx<'_, Rocketmq>, shipment: Shipment) {
        if self.plan.config.producer.transactions.is_some() {
            return match (shipment.status, shipment.half) {
                (Some(status), Some(half)) => self.on_half(ctx, &shipment, status, half),
                _ => self.half_failed(ctx, shipment),
            };
        }
        let outcome = match shipment.status {
            Some(status) if self.plan.config.producer.accepts.accepts(status) => Outcome::Acked,
            Some(status) => Outcome::Unknown(Reason::new(status.word())),
            None if shipment.may_be_stored => Outcome::Unknown(shipment.failure),
            None => Outcome::Rejected(shipment.failure),
        };
        ctx.tell(AppReply::Told { msg: shipment.letter.msg, outcome });
    }
}
