//! A slave that an operator makes the master, where nobody else does: its settings are changed and it is started again.

use ackproof_core::actor::Ctx;
use ackproof_core::disk::{DiskError, SyncTarget};
use ackproof_core::node::NodeId;

use crate::broker::{Broker, Standing};
use crate::cell::{self, Cell};
use crate::config::Mode;
use crate::model::Rocketmq;

impl Broker {
    /// What its settings say by now: an operator may have changed them before this process began.
    pub(super) fn read_promotion(&mut self, ctx: &Ctx<'_, Rocketmq>) {
        if ctx.disk.load(cell::PROMOTED) == Some(&Cell::Promoted) {
            self.standing = Standing::Master;
            self.id = 0;
        }
    }

    /// The operator changes `brokerRole` and `brokerId` of this slave. Its log stays as it is.
    ///
    /// Simplified: the new process begins at once. Gives up: the seconds of a restart.
    ///
    /// Source: docs/en/FAQ.md and docs/cn/SlaveActingMasterMode.md: without a controller a slave never becomes the master
    /// by itself.
    pub(super) fn on_promotion(&mut self, ctx: &mut Ctx<'_, Rocketmq>, to: Option<NodeId>) -> Result<(), DiskError> {
        let by_hand = match self.plan.config.cluster.mode {
            Mode::MasterSlave | Mode::ActingMaster => true,
            Mode::Controller | Mode::Dledger => false,
        };
        if to != Some(self.node) || !by_hand || self.standing == Standing::Master {
            return Ok(());
        }
        ctx.disk.store(cell::PROMOTED, Cell::Promoted)?;
        ctx.sync(SyncTarget::Cell(cell::PROMOTED));
        ctx.note(|| "is made the master by its operator".to_owned());
        self.unregister(ctx);
        self.standing = Standing::Master;
        self.id = 0;
        self.observe_leadership(ctx, false);
        self.register_everywhere(ctx, false);
        Ok(())
    }
}
