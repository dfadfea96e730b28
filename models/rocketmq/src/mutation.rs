//! Rules that tests switch off, to see whether anything notices. A rule that can be broken without any scenario turning
//! red is a rule that nothing tests.
//!
//! Only with the feature `mutations`, which tests alone ask for: without it every rule holds, at no cost. A rule is
//! switched off for one thread and one call, so that tests stay independent of each other.

#[cfg(feature = "mutations")]
use std::cell::Cell;

/// A rule that can be switched off, and what is so without it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Rule {
    /// Off: ASYNC_FLUSH flushes in every round, however little is dirty.
    LeastPages,
    /// Off: SYNC_FLUSH answers before anything is flushed.
    SyncFlush,
    /// Off: a SYNC_MASTER of 5.x waits for a slave although `inSyncReplicas` is 1.
    InSyncReplicas,
    /// Off: a send that asks not to wait waits all the same.
    WaitStore,
    /// Off: a restarted slave that is longer than its master counts as having nothing.
    LongerSlave,
    /// Off: a slave acknowledges only what its own disk has.
    SlavePageCache,
    /// Off: a producer is asked for ever.
    CheckMax,
    /// Off: the application's own part of a transaction runs whatever the half was answered.
    LocalNeedsSendOk,
    /// Off: nothing is deleted because of its age.
    Retention,
    /// Off: a message that was given back too often comes again all the same.
    MaxReconsume,
    /// Off: what the broker delivered late is known to it across a crash.
    DelayOffsets,
    /// Off: a member whose machine went dark keeps its queues for good.
    MemberExpiry,
    /// Off: a broker corrects progress that is ahead of its queues as it starts.
    OffsetsAhead,
    /// Off: POP of 5.0 to 5.2 brings back also what seems to be handed out before it was stored.
    ReviveLoses,
    /// Off: a listener that hands its work on counts as done when the work is.
    Background,
    /// Off: whoever lives may be elected, in the SyncStateSet or not.
    SyncStateSet,
    /// Off: the controllers take a set from whoever sends one.
    MasterEpoch,
    /// Off: a set that is proposed does not count before it is recorded.
    PendingSet,
    /// Off: a slave keeps what its master never had.
    EpochTruncation,
    /// Off: what is cut off is gone.
    StaleTail,
    /// Off: a master of an acting-master group takes sends however few of its group are there.
    AliveReplicas,
    /// Off: a master that returns does not ask its slaves how far consumers have come.
    ReverseSync,
    /// Off: in DLedger mode a copy counts once it is on the platter.
    MajorityInPageCache,
    /// Off: in DLedger mode the leader answers as it has appended.
    MajorityBeforeAnswer,
    /// Off: in DLedger mode readers see what a majority does not have.
    CommittedIsVisible,
}

impl Rule {
    /// Each with its name in `RULES.md`.
    pub const ALL: [(Rule, &'static str); 25] = [
        (Rule::LeastPages, "least-pages"),
        (Rule::SyncFlush, "sync-flush"),
        (Rule::InSyncReplicas, "in-sync-replicas"),
        (Rule::WaitStore, "wait-store"),
        (Rule::LongerSlave, "longer-slave"),
        (Rule::SlavePageCache, "slave-page-cache"),
        (Rule::CheckMax, "check-max"),
        (Rule::LocalNeedsSendOk, "local-after-half"),
        (Rule::Retention, "retention"),
        (Rule::MaxReconsume, "max-reconsume"),
        (Rule::DelayOffsets, "delay-offsets"),
        (Rule::MemberExpiry, "member-expiry"),
        (Rule::OffsetsAhead, "offsets-ahead"),
        (Rule::Background, "background"),
        (Rule::SyncStateSet, "sync-state-set"),
        (Rule::MasterEpoch, "master-epoch"),
        (Rule::PendingSet, "pending-set"),
        (Rule::EpochTruncation, "epoch-truncation"),
        (Rule::StaleTail, "stale-tail"),
        (Rule::ReviveLoses, "revive-loses"),
        (Rule::AliveReplicas, "alive-replicas"),
        (Rule::ReverseSync, "pre-online"),
        (Rule::MajorityInPageCache, "majority-in-page-cache"),
        (Rule::MajorityBeforeAnswer, "majority"),
        (Rule::CommittedIsVisible, "committed-is-visible"),
    ];

    /// Whether the rule is in force, as it always is outside of tests.
    #[cfg(not(feature = "mutations"))]
    #[inline(always)]
    pub(crate) const fn holds(self) -> bool {
        true
    }

    /// Whether the rule is in force on this thread.
    #[cfg(feature = "mutations")]
    pub(crate) fn holds(self) -> bool {
        SWITCHED_OFF.get() != Some(self)
    }
}

#[cfg(feature = "mutations")]
thread_local! {
    static SWITCHED_OFF: Cell<Option<Rule>> = const { Cell::new(None) };
}

/// Runs `work` without a rule, or with all of them.
#[cfg(feature = "mutations")]
pub fn without<T>(rule: Option<Rule>, work: impl FnOnce() -> T) -> T {
    /// Puts back what was there, also after a panic.
    struct Restore(Option<Rule>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SWITCHED_OFF.set(self.0);
        }
    }
    let _restore = Restore(SWITCHED_OFF.replace(rule));
    work()
}
