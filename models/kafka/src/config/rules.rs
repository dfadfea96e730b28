//! The rules that came with a release, so that a row plays by those of its version.

use crate::bugs;
use crate::release::{Release, Version};

/// Rules that came with a release.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Rules {
    /// `min.insync.replicas` counts as the replication factor when it is larger. Before, such a topic refused every
    /// write with `acks=all`. Source: `Partition.effectiveMinIsr`, 3.7; absent on the 3.6 branch.
    pub min_isr_capped_at_rf: bool,
    /// The high watermark stands still while the in-sync set is smaller than `min.insync.replicas`, whatever the
    /// acks. Source: KAFKA-15583, `Partition.maybeIncrementLeaderHW`, 3.7.
    pub strict_min_isr_hw: bool,
    /// The last known leader is elected even while it is fenced. See [`bugs::FENCED_LAST_KNOWN_LEADER`].
    pub fenced_last_known_leader: bool,
    /// A follower takes answers of an older leader epoch for present ones. See [`bugs::STALE_FETCH_ANSWER`].
    pub stale_fetch_answers: bool,
    /// A leader believes a fetch of whichever process. See [`bugs::BLANK_DISK_IN_SYNC`].
    pub mistakes_processes: bool,
    /// Client retries back off exponentially. Source: KIP-580, 3.7.
    pub exponential_client_backoff: bool,
    /// A producer that learns of a new leader sends again at once. Source: KIP-951, 3.7.
    pub new_leader_ends_backoff: bool,
    /// A leader asks the coordinator before it appends the first batch of a transaction, unless that is turned off.
    /// Source: KIP-890, KAFKA-14402; `ReplicaManager.appendRecords`, 3.6.
    pub verifies_transactions: bool,
    /// What it answers when the batch is part of none: TRANSACTION_ABORTABLE, before it INVALID_TXN_STATE.
    /// Source: `TransactionCoordinator.handleVerifyPartitionsInTransaction`, 3.8 and 3.7.
    pub knows_abortable: bool,
    /// With `transaction.version=2` the marker of a transaction has a newer epoch than its batches. Source: KIP-1228,
    /// `ProducerAppendInfo.checkProducerEpoch`, 4.2; absent at 4.1.
    pub strict_markers: bool,
}

impl Rules {
    pub fn of(release: Release) -> Rules {
        let version = release.version;
        Rules {
            min_isr_capped_at_rf: version >= Version::new(3, 7),
            strict_min_isr_hw: version >= Version::new(3, 7),
            fenced_last_known_leader: bugs::FENCED_LAST_KNOWN_LEADER.is_in(release),
            stale_fetch_answers: bugs::STALE_FETCH_ANSWER.is_in(release),
            mistakes_processes: bugs::BLANK_DISK_IN_SYNC.is_in(release),
            exponential_client_backoff: version >= Version::new(3, 7),
            new_leader_ends_backoff: version >= Version::new(3, 7),
            verifies_transactions: version >= Version::new(3, 6),
            knows_abortable: version >= Version::new(3, 8),
            strict_markers: version >= Version::new(4, 2),
        }
    }
}
