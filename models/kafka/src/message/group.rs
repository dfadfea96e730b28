//! What members of the consumer group and its coordinator tell each other, and what the coordinator writes down of it.
//!
//! Simplified: a member gives itself its id, where the coordinator gives it one with a refusal to join without
//! (KIP-394). Gives up: a round trip.
//! Simplified: a request to join names no timeouts and no strategies, since every member has the same settings. Gives
//! up: groups whose members are configured differently.

use std::fmt;
use std::sync::Arc;

use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;
use serde::{Deserialize, Serialize};

use super::Correlation;
use crate::error_code::ErrorCode;

/// A member for as long as it stays in the group: one that leaves, is thrown out or is started again comes back as
/// another one. The order of members is as random as the ids that Kafka draws, and for static ones that of their
/// machines, which stand for their `group.instance.id`.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Serialize, Deserialize)]
pub struct MemberId {
    pub draw: u32,
    pub node: NodeId,
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}@{}", self.draw, self.node.0)
    }
}

/// How often the group has divided its partitions anew.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    #[must_use]
    pub fn next(self) -> Generation {
        Generation(self.0 + 1)
    }
}

/// Who speaks, and in which generation it believes the group to be.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Membership {
    pub member: MemberId,
    pub generation: Generation,
}

/// A member as the group's leader sees it.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Subscribed {
    pub member: MemberId,
    /// What it had when it joined, and did not give up for it.
    pub owned: Arc<[Origin]>,
    /// The generation that gave it this; `None` for a member that was in none.
    pub owned_in: Option<Generation>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JoinGroup {
    pub correlation: Correlation,
    pub subscribed: Subscribed,
    /// The coordinator has not answered this id yet, and may not know it.
    pub is_new: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupJoined {
    pub correlation: Correlation,
    pub result: Result<Joined, ErrorCode>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Joined {
    pub generation: Generation,
    pub leader: MemberId,
    /// Everybody, for the leader, which divides the partitions; nobody, for the others.
    pub members: Arc<[Subscribed]>,
}

/// Waits for what the leader has decided, and carries it when the leader sends it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncGroup {
    pub correlation: Correlation,
    pub membership: Membership,
    pub assignments: Arc<[Assigned]>,
}

/// What one member is to read.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Assigned {
    pub member: MemberId,
    /// In order.
    pub origins: Arc<[Origin]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupSynced {
    pub correlation: Correlation,
    pub result: Result<Arc<[Origin]>, ErrorCode>,
}

/// A member lives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemberHeartbeat {
    pub correlation: Correlation,
    pub membership: Membership,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemberHeartbeatIs {
    pub correlation: Correlation,
    pub result: Result<(), ErrorCode>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeaveGroup {
    pub correlation: Correlation,
    pub member: MemberId,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupLeft {
    pub correlation: Correlation,
}

/// With `group.protocol=consumer`: a member lives, joins, and says what it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupHeartbeat {
    pub correlation: Correlation,
    pub member: MemberId,
    /// The group's epoch that it has arrived at; `None` joins.
    pub epoch: Option<Generation>,
    /// What it has, when that changed.
    pub owned: Option<Arc<[Origin]>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupHeartbeatIs {
    pub correlation: Correlation,
    pub result: Result<Reconciled, ErrorCode>,
}

/// What a member is to have now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reconciled {
    pub epoch: Generation,
    /// In order.
    pub assigned: Arc<[Origin]>,
}

/// A record of the group in `__consumer_offsets`. A generation is a batch: its beginning, its members in the order in
/// which they joined, and who reads what.
///
/// Source: `GroupMetadataValue`, `GroupMetadataManager.storeGroup` at 3.9 have all of it in one record.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub enum GroupRecord {
    /// What was known before is void. Without members behind it the group is empty, since `at` by the wall clock.
    Generation {
        generation: Generation,
        at: Time,
    },
    Member(MemberId),
    Assigned {
        member: MemberId,
        origin: Origin,
    },
    /// A static member has left for the time being, with `group.protocol=consumer`.
    Released(MemberId),
    /// Progress in a partition that was stored before does not count any more.
    Forgotten {
        origin: Origin,
    },
}
