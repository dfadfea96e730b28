//! A broker's timers.

use ackproof_core::actor::TimerId;

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Timer {
    /// A round of the flushing thread.
    Flush,
    /// A round of the committing thread.
    Commit,
    /// Time to register with the nameservers.
    Register,
    /// A send has waited long enough.
    Answer,
    /// A link looks for entries to push.
    Push,
    /// Links that say nothing are closed.
    Links,
    /// The link to the master needs something.
    Follow,
    /// A pull was held long enough.
    Hold,
    /// `consumerOffset.json` is written.
    PersistProgress,
    /// The master is asked for progress.
    SyncProgress,
    /// Half messages that were not decided are looked for.
    CheckTransactions,
    /// What was decided is written down.
    WriteOps,
    /// Old files of the log are deleted.
    Clean,
    /// A delayed message is due.
    Delayed,
    /// `delayOffset.json` is written.
    PersistDelays,
    /// Members that say nothing are looked for.
    Members,
    /// A request of POP was held long enough.
    PopHold,
    /// What was handed out under POP is to be stored, or comes back.
    Revive,
    /// A member of a DLedger group: its own timers.
    RaftElection,
    RaftHeartbeat,
    RaftPush,
    RaftFlush,
    /// A majority was waited for long enough.
    Majority,
    /// A leader looks whether its queues know everything.
    CatchUp,
}

impl Timer {
    const ALL: [Timer; 24] = [
        Timer::Flush,
        Timer::Commit,
        Timer::Register,
        Timer::Answer,
        Timer::Push,
        Timer::Links,
        Timer::Follow,
        Timer::Hold,
        Timer::PersistProgress,
        Timer::SyncProgress,
        Timer::CheckTransactions,
        Timer::WriteOps,
        Timer::Clean,
        Timer::Delayed,
        Timer::PersistDelays,
        Timer::Members,
        Timer::PopHold,
        Timer::Revive,
        Timer::RaftElection,
        Timer::RaftHeartbeat,
        Timer::RaftPush,
        Timer::RaftFlush,
        Timer::Majority,
        Timer::CatchUp,
    ];

    pub fn id(self) -> TimerId {
        TimerId(self as u64)
    }
    pub fn of_raft(timer: ackproof_raft::Timer) -> Timer {
        match timer {
            ackproof_raft::Timer::Election => Timer::RaftElection,
            ackproof_raft::Timer::Heartbeat => Timer::RaftHeartbeat,
            ackproof_raft::Timer::Push => Timer::RaftPush,
            ackproof_raft::Timer::Flush => Timer::RaftFlush,
        }
    }
    pub fn of(id: TimerId) -> Timer {
        Timer::ALL[id.0 as usize]
    }
}
