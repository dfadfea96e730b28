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
    /// Off: `acks=all` is answered as `acks=1` is.
    AcksAll,
    /// Off: a batch is appended however few are in sync.
    MinIsrBefore,
    /// Off: a batch is confirmed however few are left.
    MinIsrAfter,
    /// Off: `min.insync.replicas` above the replication factor is never capped.
    MinIsrCap,
    /// Off: the high watermark moves below `min.insync.replicas`.
    MinIsrGate,
    /// Off: `acks=all` waits for every replica, in sync or not.
    InSyncOnly,
    /// Off: a proposed shrink counts before the controller has it.
    PendingShrink,
    /// Off: a replica that is proposed, or may be next, does not hold the high watermark back.
    PendingExpand,
    /// Off: a member that is behind leaves at the first look.
    IsrShrink,
    /// Off: a member that lags never leaves.
    IsrShrinkAtAll,
    /// Off: one process of a broker is as good as another, for fetches and for the in-sync set.
    BrokerEpoch,
    /// Off: a new leader cuts its log to its high watermark.
    NewLeaderKeeps,
    /// Off: any replica may lead when no member can.
    CleanElection,
    /// Off: an unclean election never happens.
    UncleanElection,
    /// Off: the last member leaves the set too, and nobody leads for ever.
    LastMember,
    /// Off: leaderships never go back to the preferred replica.
    PreferredElection,
    /// Off: whoever leaves too small a set is not remembered.
    ElrMembers,
    /// Off: a machine that failed stays eligible.
    ElrUncleanShutdown,
    /// Off: the last known leader does not come back.
    LastKnownLeader,
    /// Off: a silent broker is never fenced.
    Session,
    /// Off: a new process goes on with the session of the last one.
    DuplicateRegistration,
    /// Off: a broker that stops hands nothing over.
    ControlledShutdown,
    /// Off: every append is synced.
    PageCache,
    /// Off: `flush.messages` does not sync.
    FlushMessages,
    /// Off: `flush.ms` needs no scheduler.
    FlushMs,
    /// Off: consumers read beyond the high watermark.
    ReadCommittedOnly,
    /// Off: `__consumer_offsets` has the settings of the workload's topic.
    OffsetsConfig,
    /// Off: a batch that is in the log is appended again.
    Dedupe,
    /// Off: a batch before which something is missing is appended.
    SequenceGap,
    /// Off: a new leader knows no producers.
    ProducerState,
    /// Off: a producer is idempotent although its other settings turn that off.
    SilentlyOff,
    /// Off: an automatic commit stores what the same poll returns.
    EarlierPolls,
    /// Off: a position is never checked against a new leader.
    PositionCheck,
    /// Off: `auto.offset.reset` is always earliest.
    ResetPolicy,
    /// Off: a slow application keeps its place in the group.
    PollInterval,
    /// Off: anybody stores progress.
    CommitFencing,
    /// Off: a dead member stays in its group for ever.
    MemberSession,
    /// Off: nothing is too old.
    RetentionMs,
    /// Off: progress is never forgotten.
    OffsetsRetention,
    /// Off: readers of what is committed go on to the high watermark.
    LastStableOffset,
    /// Off: they are given what was aborted.
    AbortedPassedOver,
    /// Off: a batch may begin a transaction that its coordinator does not know.
    Hanging,
    /// Off: a silent producer is never forgotten.
    ProducerExpiry,
    /// Off: a member with a `group.instance.id` is like any other.
    StaticMembers,
}

impl Rule {
    /// Each with its name in `RULES.md`, or the words that it begins with there.
    pub const ALL: [(Rule, &'static str); 44] = [
        (Rule::AcksAll, "acks-all"),
        (Rule::MinIsrBefore, "min-isr-before"),
        (Rule::MinIsrAfter, "min-isr-after"),
        (Rule::MinIsrCap, "min-isr-cap"),
        (Rule::MinIsrGate, "min-isr-gate"),
        (Rule::InSyncOnly, "acks-all"),
        (Rule::PendingShrink, "pending-shrink"),
        (Rule::PendingExpand, "pending-expand"),
        (Rule::IsrShrink, "isr-shrink"),
        (Rule::IsrShrinkAtAll, "isr-shrink"),
        (Rule::BrokerEpoch, "broker-epoch"),
        (Rule::NewLeaderKeeps, "new-leader-keeps"),
        (Rule::CleanElection, "clean-election"),
        (Rule::UncleanElection, "unclean-election"),
        (Rule::LastMember, "last-member"),
        (Rule::PreferredElection, "preferred-election"),
        (Rule::ElrMembers, "elr-members"),
        (Rule::ElrUncleanShutdown, "elr-unclean-shutdown"),
        (Rule::LastKnownLeader, "last-known-leader"),
        (Rule::Session, "session"),
        (Rule::DuplicateRegistration, "duplicate-registration"),
        (Rule::ControlledShutdown, "controlled-shutdown"),
        (Rule::PageCache, "page-cache"),
        (Rule::FlushMessages, "flush-messages"),
        (Rule::FlushMs, "flush-ms"),
        (Rule::ReadCommittedOnly, "read-committed-only"),
        (Rule::OffsetsConfig, "offsets-config"),
        (Rule::Dedupe, "dedupe"),
        (Rule::SequenceGap, "sequence-gap"),
        (Rule::ProducerState, "producer-state"),
        (Rule::SilentlyOff, "It is on by default since 3.0, and off where it gave way."),
        (Rule::EarlierPolls, "Automatic commits happen inside `poll()`"),
        (Rule::PositionCheck, "A position that was reached by reading"),
        (Rule::ResetPolicy, "A member begins at the progress of its group"),
        (Rule::PollInterval, "A member whose application stays away from `poll()`"),
        (Rule::CommitFencing, "commit-fencing"),
        (Rule::MemberSession, "rebalance"),
        (Rule::RetentionMs, "retention-ms"),
        (Rule::OffsetsRetention, "offsets-retention"),
        (Rule::LastStableOffset, "last-stable-offset"),
        (Rule::AbortedPassedOver, "With `isolation.level=read_committed` aborted records are passed over"),
        (Rule::Hanging, "hanging"),
        (Rule::ProducerExpiry, "producer-expiry"),
        (Rule::StaticMembers, "static-members"),
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
