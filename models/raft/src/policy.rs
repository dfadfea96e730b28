//! How members of one implementation behave, as data: what counts, what is on the platter before it is said, and the times.

use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, SpanRange};

/// Which copy of a record counts towards a majority.
///
/// Process memory is no choice: records go to the page cache as they are taken, by `write` or by a mapped file.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Horizon {
    /// A copy in the page cache: a power loss may take it back after it was counted.
    PageCache,
    /// A copy that was synced.
    Platter,
}

/// When a ballot is good enough to act on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Keeping {
    /// Once it is written. A power loss may take it back, and the member then votes twice in a term.
    Written,
    /// Once it is synced; until then nothing leaves the member.
    Synced,
}

/// When a member asks for its log to be synced.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Flush {
    /// As soon as something is written and no other sync is under way.
    AtOnce,
    /// This long after something was written or the last sync ended.
    Background(Span),
}

/// Which records a leader may commit by counting copies.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Commits {
    /// Those of its own term, and with them everything before. Source: Ongaro and Ousterhout, Raft, section 5.4.2.
    OwnTerm,
    /// Every record, older terms' too. Such a record may still be overwritten:
    ///
    /// 1. A, leader of term 2, copies a record to B and is gone.
    /// 2. E, leader of term 3 by C's and D's votes, keeps a record to itself and is gone.
    /// 3. A, leader of term 4, copies its old record to C, counts three of five, and is gone.
    /// 4. The last record of E is of term 3, so C and D vote for it, and it overwrites what was counted.
    AnyTerm,
}

/// How a leader is found.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Election {
    /// As Raft has it, with pre-votes as Ra has them.
    Raft {
        /// Whether a member asks first, in its present term, if it would be elected.
        pre_vote: bool,
        /// How long a member that just started, or that stands, waits before it tries again.
        short: SpanRange,
        /// The same for a member that lost its leader, or that asks for pre-votes.
        long: SpanRange,
        /// How soon a follower stands once the connection with its leader's process is closed; `None` when it does not notice.
        closed: Option<SpanRange>,
    },
    /// As DLedger has it. A candidate asks in the term it has. Whoever has an older term is not ready, takes the term up
    /// and is asked again. The answers decide when the next round is, and whether it is in another term.
    Ledger {
        /// Between two rounds.
        interval: SpanRange,
        /// The same on a preferred leader that was asked to take over.
        taking: SpanRange,
        /// How long a round waits for answers.
        round: SpanRange,
        /// How often the state is looked at: the delay of everything that is done «at once».
        poll: Span,
    },
}

/// One implementation's rules and times. Start from [`Policy::dledger`] or [`Policy::ra`].
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Policy {
    pub election: Election,
    pub heartbeat: Span,
    /// A follower that has heard nothing from its leader for longer stands.
    pub silence: Span,
    /// A leader that a majority has not answered for longer stands down; `None` for never.
    pub isolated: Option<Span>,
    pub counts: Horizon,
    pub ballot: Keeping,
    pub flush: Flush,
    pub commits: Commits,
    /// Whether a leader that meets a follower whose log ends before what it has counted takes that count back.
    pub uncounts: bool,
    /// Whether followers are told of a commit at once, or with the next records and after every `push_timeout`.
    pub tells_commits: bool,
    /// Records in one message.
    pub batch: usize,
    /// Records that may be on their way to a follower.
    pub window: u64,
    /// After which a leader compares logs again with a follower that did not answer.
    pub probe_timeout: Span,
    /// After which it sends records again that were not answered.
    pub push_timeout: Span,
    /// Members that should lead; a leader that is none of them hands over to the one that is behind least.
    pub preferred: Vec<NodeId>,
    /// A member that is behind by as many records or more is not handed over to.
    pub handover_lag: u64,
}

impl Policy {
    /// DLedger 0.3.1.2, which RocketMQ 4.9.8 to 5.3.3 bring along (5.0 and 5.1.0: 0.3.1).
    ///
    /// Source: `DLedgerConfig` (heartBeatTimeIntervalMs, maxHeartBeatLeak, minVoteIntervalMs, maxVoteIntervalMs, flushFileInterval,
    /// maxPushTimeOutMs, min/maxTakeLeadershipVoteIntervalMs, maxLeadershipTransferWaitIndex, isEnableBatchPush);
    /// `DLedgerLeaderElector.maintainAsCandidate` (rounds of 2 s and up to 1 s more), `StateMaintainer.doWork` (10 ms);
    /// `MemberState.persistTerm`, `IOUtils.string2File` (no sync); `DLedgerEntryPusher.QuorumAckChecker` (median of end indexes,
    /// whatever the record's term), `EntryDispatcher` (1000 in flight, 500 ms after a failed comparison); tag dledger-all-0.3.1.2.
    pub fn dledger() -> Policy {
        let heartbeat = Span::ms(2000);
        let leak = Span::ms(3 * heartbeat.0);
        Policy {
            election: Election::Ledger {
                interval: SpanRange::between(Span::ms(300), Span::ms(999)),
                taking: SpanRange::between(Span::ms(30), Span::ms(99)),
                round: SpanRange::between(Span::ms(2000), Span::ms(2999)),
                poll: Span::ms(10),
            },
            heartbeat,
            silence: leak,
            isolated: Some(leak),
            counts: Horizon::PageCache,
            ballot: Keeping::Written,
            flush: Flush::Background(Span::ms(10)),
            commits: Commits::AnyTerm,
            uncounts: false,
            tells_commits: false,
            batch: 1,
            window: 1000,
            probe_timeout: Span::ms(500),
            push_timeout: Span::ms(1000),
            preferred: Vec::new(),
            handover_lag: 1000,
        }
    }

    /// How long a DLedger leader waits for a majority before it answers WAIT_QUORUM_ACK_TIMEOUT; the record stays.
    /// Source: `DLedgerConfig.maxWaitAckTimeMs`.
    pub const DLEDGER_MAX_WAIT_ACK: Span = Span::ms(2500);

    /// Ra 3.1, as RabbitMQ's quorum queues use it.
    ///
    /// Source: `ra_server_proc` (broadcast time 100 ms, short and long election timeouts, aten's poll interval, tick 1 s),
    /// `ra_server` (AER_CHUNK_SIZE 128, DEFAULT_MAX_PIPELINE_COUNT 4096, `match_indexes`, `increment_commit_index`,
    /// `call_for_election`), `ra_log_meta:store_sync`, `ra_log_wal` (sync_method datasync); v3.1.10.
    ///
    /// Simplified: Ra's leader sends no heartbeats; Erlang's monitors and the failure detector aten tell followers of a
    /// node that is gone. Here a leader's heartbeats do, every second. Gives up: how long exactly a silent leader goes unnoticed.
    pub fn ra() -> Policy {
        Policy {
            election: Election::Raft {
                pre_vote: true,
                short: SpanRange::between(Span::ms(101), Span::ms(600)),
                long: SpanRange::between(Span::ms(1001), Span::ms(2000)),
                closed: Some(SpanRange::between(Span::ms(1), Span::ms(100))),
            },
            heartbeat: Span::ms(1000),
            silence: Span::ms(2000),
            isolated: None,
            counts: Horizon::Platter,
            ballot: Keeping::Synced,
            flush: Flush::AtOnce,
            commits: Commits::OwnTerm,
            uncounts: true,
            tells_commits: true,
            batch: 128,
            window: 4096,
            probe_timeout: Span::ms(1000),
            push_timeout: Span::ms(1000),
            preferred: Vec::new(),
            handover_lag: 4096,
        }
    }
}
