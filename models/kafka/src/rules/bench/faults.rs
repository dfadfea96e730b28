//! What goes wrong in the small world: machines, links, disks and clocks.

use ackproof_core::disk::DiskFaults;
use ackproof_core::node::NodeId;
use ackproof_core::seed::Seed;
use ackproof_core::time::{Offset as ClockOffset, Span};

use super::{B1, B2, B3, Bench, C1, CTL, Item, P1};
use crate::cell::Cell;
use crate::metadata::MetadataVersion;
use crate::topic::{Index, Layout};

impl Bench {
    pub fn kill(&mut self, node: NodeId) {
        self.end(node);
        for peer in [B1, B2, B3, CTL, P1, C1].into_iter().filter(|&peer| peer != node) {
            if !self.cut.contains(&(node, peer)) {
                self.close(peer, node);
            }
        }
    }

    /// The machine goes dark; of each file only what was on the platter is left.
    pub fn lose_power(&mut self, node: NodeId) {
        self.end(node);
        self.dark.insert(node);
        self.disks[node.index()].settle(self.now);
        // Of many ways in which it may go, the one that leaves least.
        let left_by = |seed: u64| {
            let mut disk = self.disks[node.index()].clone();
            let kept: u64 = disk.lose_power(&mut Seed(seed).stream("cuts")).iter().map(|cut| cut.kept).sum();
            let version = match disk.load(crate::cell::CLUSTER) {
                Some(Cell::Cluster(cluster)) => cluster.image.version,
                _ => MetadataVersion::default(),
            };
            (kept, version)
        };
        let harshest = (0..64).min_by_key(|&seed| left_by(seed)).expect("a seed");
        self.disks[node.index()].lose_power(&mut Seed(harshest).stream("cuts"));
    }

    pub fn lose_disk(&mut self, node: NodeId) {
        self.lose_power(node);
        self.disks[node.index()].wipe();
    }

    /// Of a dead broker's log only the first records were written whole.
    pub fn tear(&mut self, node: NodeId, records: u64) {
        assert!(!self.is_up(node));
        self.disks[node.index()].truncate(Layout::file(Index(0)), records);
    }

    /// What is under way to it and what it waited for is gone; what it had sent arrives.
    fn end(&mut self, node: NodeId) {
        self.actors[node.index()] = None;
        self.queue.retain(|_, item| match item {
            Item::Message { to, .. } => *to != node,
            Item::Closed { node: of, .. } | Item::Timer { node: of, .. } | Item::Synced { node: of, .. } => *of != node,
        });
    }

    /// Cuts a node off from some others, both ways; nobody is told.
    pub fn cut(&mut self, node: NodeId, from: &[NodeId]) {
        for &peer in from {
            self.cut.extend([(node, peer), (peer, node)]);
        }
    }

    /// `node` no longer hears `from`; the other way round all is well.
    pub fn deafen(&mut self, node: NodeId, from: NodeId) {
        self.cut.insert((from, node));
    }

    pub fn heal(&mut self) {
        self.cut.clear();
    }

    pub fn heal_link(&mut self, a: NodeId, b: NodeId) {
        self.cut.remove(&(a, b));
        self.cut.remove(&(b, a));
    }

    pub fn set_disk_faults(&mut self, node: NodeId, faults: DiskFaults) {
        self.disks[node.index()].set_faults(faults);
    }

    pub fn slow_syncs(&mut self, node: NodeId, takes: Span) {
        self.syncs[node.index()] = takes;
    }

    pub fn set_clock(&mut self, node: NodeId, offset: i64) {
        self.clocks[node.index()] = ClockOffset(offset);
    }
}
