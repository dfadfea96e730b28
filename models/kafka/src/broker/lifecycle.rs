//! A broker's life as the controller sees it: it registers, catches up, sends heartbeats, and asks leave to stop.

use std::sync::Arc;

use ackproof_core::actor::Ctx;
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::time::Span;

use super::{Broker, CONTROLLER_RETRY, Timer};
use crate::cell::{CLEAN_SHUTDOWN, Cell, HIGH_WATERMARKS};
use crate::message::{Correlation, Heartbeat, HeartbeatIs, Message, Register, Registered};
use crate::metadata::{BrokerEpoch, Image};
use crate::model::Kafka;
use crate::mutation::Rule;
use crate::topic::Index;

/// How far a process has come.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(super) enum Stage {
    /// It has not applied any state yet.
    #[default]
    Starting,
    Running,
    /// It waits for leave to stop; it serves meanwhile.
    AsksToStop {
        answered: bool,
    },
    /// It serves nobody and syncs its logs.
    Flushing,
    /// The clean-shutdown marker is on its way to the platter.
    Marking,
    Ended,
}

impl Stage {
    pub(super) fn is_serving(self) -> bool {
        match self {
            Stage::Starting | Stage::Running | Stage::AsksToStop { .. } => true,
            Stage::Flushing | Stage::Marking | Stage::Ended => false,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Lifecycle {
    pub(super) stage: Stage,
    /// `None` until the controller has accepted this process.
    pub(super) epoch: Option<BrokerEpoch>,
    /// From the clean-shutdown marker that was found at the start.
    pub(super) previous_epoch: Option<BrokerEpoch>,
    /// What the controller has not answered yet.
    outstanding: Option<Correlation>,
    /// To be said as soon as the outstanding answer is there.
    is_urgent: bool,
    /// The newest state received, applied or not.
    received: Arc<Image>,
}

impl Lifecycle {
    /// Whether the controller owes an answer.
    pub(super) fn waits(&self) -> bool {
        self.outstanding.is_some()
    }

    /// Source: `NodeToControllerChannelManagerImpl`, core, 4.1: what was asked is asked again on the next connection.
    pub(super) fn on_closed(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.outstanding.take().is_some() {
            ctx.set_timer(Timer::Communicate.id(), CONTROLLER_RETRY);
        }
    }
}

impl Broker {
    /// Registers, or sends a heartbeat. At most one of these is under way; one that is not answered within half a
    /// session is given up, and the connection with it.
    ///
    /// Source: `BrokerLifecycleManager`, core, 4.1; `BrokerServer.startup` for the timeout.
    #[cold]
    pub(super) fn communicate(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        let correlation = self.correlation.advance();
        let controller = self.plan.layout.controller;
        let message = match self.lifecycle.epoch {
            None => Message::Register(Register {
                correlation,
                incarnation: ctx.incarnation.0,
                previous_broker_epoch: self.lifecycle.previous_epoch,
            }),
            Some(broker_epoch) => Message::Heartbeat(Heartbeat {
                correlation,
                broker_epoch,
                applied: self.view.version,
                wants_shutdown: matches!(self.lifecycle.stage, Stage::AsksToStop { .. }),
            }),
        };
        ctx.send(controller, message);
        self.lifecycle.outstanding = Some(correlation);
        self.lifecycle.is_urgent = false;
        let timeout = Span((self.plan.config.broker.session_timeout.0 / 2).max(1));
        ctx.set_timer(Timer::Communicate.id(), timeout);
    }

    /// Communicates now, or as soon as the outstanding answer is there.
    fn communicate_soon(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        match self.lifecycle.outstanding {
            Some(_) => self.lifecycle.is_urgent = true,
            None => self.communicate(ctx),
        }
    }

    fn communicate_after(&mut self, ctx: &mut Ctx<'_, Kafka>, pause: Span) {
        match self.lifecycle.is_urgent {
            true => self.communicate(ctx),
            false => ctx.set_timer(Timer::Communicate.id(), pause),
        }
    }

    fn is_answer(&mut self, correlation: Correlation) -> bool {
        self.lifecycle.outstanding.take_if(|waiting| *waiting == correlation).is_some()
    }

    #[cold]
    pub(super) fn on_registered(&mut self, ctx: &mut Ctx<'_, Kafka>, reply: &Registered) -> Result<(), DiskError> {
        if !self.is_answer(reply.correlation) {
            return Ok(());
        }
        match reply.result {
            Ok(epoch) => {
                self.lifecycle.epoch = Some(epoch);
                self.apply_received(ctx)?;
                if self.lifecycle.outstanding.is_none() {
                    self.communicate(ctx);
                }
            }
            Err(error) => {
                ctx.note(|| format!("cannot register yet: {error}"));
                self.lifecycle.is_urgent = false;
                ctx.set_timer(Timer::Communicate.id(), self.plan.config.broker.heartbeat_interval);
            }
        }
        Ok(())
    }

    /// Source: `BrokerLifecycleManager.BrokerHeartbeatResponseEvent`, core, 4.1.
    #[cold]
    pub(super) fn on_heartbeat(&mut self, ctx: &mut Ctx<'_, Kafka>, reply: &HeartbeatIs) -> Result<(), DiskError> {
        if !self.is_answer(reply.correlation) {
            return Ok(());
        }
        let interval = self.plan.config.broker.heartbeat_interval;
        let standing = match reply.result {
            Ok(standing) => standing,
            Err(_) => {
                self.lifecycle.is_urgent = false;
                ctx.set_timer(Timer::Communicate.id(), interval);
                return Ok(());
            }
        };
        match self.lifecycle.stage {
            Stage::AsksToStop { .. } if standing.may_shut_down => return self.begin_flush(ctx),
            Stage::AsksToStop { answered: false } => {
                self.lifecycle.stage = Stage::AsksToStop { answered: true };
                self.communicate_after(ctx, Span(50));
            }
            Stage::Starting | Stage::Running | Stage::AsksToStop { answered: true } => {
                self.communicate_after(ctx, interval);
            }
            Stage::Flushing | Stage::Marking | Stage::Ended => {}
        }
        Ok(())
    }

    /// A newer state of the cluster. It is applied once it contains this process's own registration: until then
    /// the broker has not caught up and plays no role.
    ///
    /// Source: `BrokerServer.startup`, `BrokerMetadataPublisher`, core, 4.1.
    #[cold]
    pub(super) fn on_publish(&mut self, ctx: &mut Ctx<'_, Kafka>, image: Arc<Image>) -> Result<(), DiskError> {
        if image.version <= self.lifecycle.received.version {
            return Ok(());
        }
        self.lifecycle.received = image;
        self.apply_received(ctx)
    }

    fn apply_received(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let image = &self.lifecycle.received;
        let own = image.broker(ctx.node).map(|status| status.epoch);
        if own != self.lifecycle.epoch || own.is_none() {
            return Ok(());
        }
        self.view = Arc::clone(image);
        let partitions = Arc::clone(image);
        for (index, partition) in partitions.partitions.iter().enumerate() {
            if let Some((replica, mut env)) = self.split(Index(index as u16)) {
                replica.apply(ctx, &mut env, *partition)?;
            }
        }
        if self.lifecycle.stage == Stage::Starting {
            self.lifecycle.stage = Stage::Running;
            self.communicate_soon(ctx);
        }
        Ok(())
    }

    /// An operator stops the process.
    ///
    /// Source: `BrokerServer.shutdown`, core, 4.1.
    #[cold]
    pub(super) fn stop(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        match self.lifecycle.stage {
            Stage::Running if self.plan.config.broker.controlled_shutdown && Rule::ControlledShutdown.holds() => {
                self.lifecycle.stage = Stage::AsksToStop { answered: false };
                self.communicate_soon(ctx);
                Ok(())
            }
            Stage::Starting | Stage::Running => self.begin_flush(ctx),
            Stage::AsksToStop { .. } | Stage::Flushing | Stage::Marking | Stage::Ended => Ok(()),
        }
    }

    /// A clean stop syncs every log.
    ///
    /// Source: `LogManager.shutdown`, core, 4.1.
    #[cold]
    fn begin_flush(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        self.lifecycle.stage = Stage::Flushing;
        self.each(|replica, _| {
            replica.flush_all(ctx);
            Ok(())
        })?;
        self.go_on_stopping(ctx)
    }

    /// Writes the checkpoint and the clean-shutdown marker once every log is on the platter.
    #[cold]
    pub(super) fn go_on_stopping(&mut self, ctx: &mut Ctx<'_, Kafka>) -> Result<(), DiskError> {
        let is_flushed = self.replicas.iter().flatten().all(|replica| !replica.is_flushing());
        if self.lifecycle.stage != Stage::Flushing || !is_flushed {
            return Ok(());
        }
        self.checkpoint_high_watermarks(ctx)?;
        self.checkpoint_log_starts(ctx)?;
        let Some(epoch) = self.lifecycle.epoch else {
            self.lifecycle.stage = Stage::Ended;
            ctx.exit("stopped before it had registered");
            return Ok(());
        };
        ctx.sync(SyncTarget::Cell(HIGH_WATERMARKS));
        ctx.disk.store(CLEAN_SHUTDOWN, Cell::CleanShutdown(epoch))?;
        ctx.sync(SyncTarget::Cell(CLEAN_SHUTDOWN));
        self.lifecycle.stage = Stage::Marking;
        Ok(())
    }

    pub(super) fn end_if_marked(&mut self, ctx: &mut Ctx<'_, Kafka>) {
        if self.lifecycle.stage == Stage::Marking {
            self.lifecycle.stage = Stage::Ended;
            ctx.exit("stopped cleanly");
        }
    }
}
