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
        if let Some(Cell::Appointed { id }) = ctx.disk.load(cell::APPOINTED) {
            self.id = *id;
            self.standing = if *id == 0 { Standing::Master } else { Standing::Slave };
        }
    }

    /// The operator changes `brokerRole` and `brokerId` of a slave, and of the master if that one is there: it takes the
    /// slave's id. Logs stay as they are. A master that is away comes back with its old settings, and then there are two.
    ///
    /// Simplified: the new processes begin at once. Gives up: the seconds of a restart.
    ///
    /// Source: docs/en/FAQ.md and docs/cn/SlaveActingMasterMode.md: without a controller a slave never becomes the master
    /// by itself.
    pub(super) fn on_promotion(&mut self, ctx: &mut Ctx<'_, Rocketmq>, to: Option<NodeId>) -> Result<(), DiskError> {
        let by_hand = match self.plan.config.cluster.mode {
            Mode::MasterSlave | Mode::ActingMaster => true,
            Mode::Controller | Mode::Dledger => false,
        };
        let Some(to) = to.filter(|to| by_hand && self.plan.place(*to).0 == self.group) else { return Ok(()) };
        match (self.standing, to == self.node) {
            (Standing::Slave, true) => self.appoint(ctx, 0)?,
            (Standing::Master, false) => self.appoint(ctx, u64::from(self.plan.place(to).1))?,
            (Standing::Master, true) | (Standing::Slave, false) => {}
        }
        Ok(())
    }

    fn appoint(&mut self, ctx: &mut Ctx<'_, Rocketmq>, id: u64) -> Result<(), DiskError> {
        ctx.disk.store(cell::APPOINTED, Cell::Appointed { id })?;
        ctx.sync(SyncTarget::Cell(cell::APPOINTED));
        ctx.note(|| format!("is made the {} by its operator", if id == 0 { "master" } else { "slave" }));
        self.unregister(ctx);
        // Its process begins anew: whoever was connected is not any more.
        let node = self.node;
        let peers: Vec<NodeId> = self.plan.topology.ids().filter(|peer| *peer != node).collect();
        for peer in peers {
            ctx.close(peer);
            self.on_closed(ctx, peer);
        }
        self.store.commit(ctx.disk)?;
        self.id = id;
        self.standing = if id == 0 { Standing::Master } else { Standing::Slave };
        self.store.use_pool(self.uses_pool());
        if self.is_master() {
            self.observe_leadership(ctx, false);
        }
        self.start_registering(ctx);
        Ok(())
    }
}
