//! Who is to be the master of a group.

use std::cmp::Reverse;

use ackproof_core::time::Time;

use crate::controller::Controller;
use crate::mutation::Rule;
use crate::replicas::Members;
use crate::topic::Group;

/// What an election comes to.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Verdict {
    /// The master lives and stays.
    Stays,
    Wins(u8),
    Nobody,
}

impl Controller {
    /// `by`: the broker that asks for an election, which wins the first one of its group.
    ///
    /// Source: `ReplicasInfoManager.electMaster`, `DefaultElectPolicy.elect`, controller, 5.3.
    pub(super) fn elect(&self, now: Time, group: Group, by: Option<u8>) -> Verdict {
        let known = &self.groups[group.index()];
        if let Some(first) = by.filter(|_| known.epoch.0 == 0) {
            return Verdict::Wins(first);
        }
        let all = || (0..self.plan.config.cluster.members()).fold(Members::NONE, Members::with);
        let unclean = self.plan.config.controller.unclean || !Rule::SyncStateSet.holds();
        self.best(now, group, known.set).or_else(|| self.best(now, group, all()).filter(|_| unclean)).map_or(
            Verdict::Nobody,
            |winner| if known.master == Some(winner) { Verdict::Stays } else { Verdict::Wins(winner) },
        )
    }

    /// Of those that live: the master, or whoever said that its log has come furthest; of equals the one with the lowest
    /// priority number, then the first.
    ///
    /// Source: `DefaultElectPolicy.tryElect`, controller, 5.3.
    fn best(&self, now: Time, group: Group, of: Members) -> Option<u8> {
        let live = |place: u8| self.living.get(self.plan.member(group, place), now);
        let master = self.groups[group.index()].master;
        if let Some(master) = master.filter(|master| of.contains(*master) && live(*master).is_some()) {
            return Some(master);
        }
        let candidates = of.iter().filter_map(|place| Some((place, live(place)?)));
        candidates
            .min_by_key(|(place, live)| (Reverse((live.epoch, live.end)), live.priority, *place))
            .map(|(place, _)| place)
    }

    /// Masters that are dead although somebody of their group lives.
    ///
    /// Source: `ReplicasInfoManager.scanNeedReelectBrokerSets`, controller, 5.3.
    pub(super) fn without_master(&self, now: Time) -> Vec<Group> {
        let lives = |group, place| self.living.get(self.plan.member(group, place), now).is_some();
        let members = self.plan.config.cluster.members();
        let is_dead = |group: &Group| {
            let master = self.groups[group.index()].master;
            master.is_some_and(|master| !lives(*group, master)) && (0..members).any(|place| lives(*group, place))
        };
        self.plan.groups().filter(is_dead).collect()
    }
}
