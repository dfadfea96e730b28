//! What became of one message: the definitions, each with the counterexample to the obvious simpler one.
//!
//! **Told.** A message may be sent several times by its application. It is `acked` if any attempt was: the
//! application was told success once and will act on it. Else `unknown` if somebody was told of a failure that may
//! have happened anyway, or still waits at the end. Else `untold` if nobody was told of some attempt: it promised
//! nothing, or its process ended first. Else every attempt certainly failed: `aborted` if the transaction of any was
//! taken back, since a broker may hold what was taken back, else `rejected`. Counterexample to "the last answer counts":
//! attempt 0 times out, attempt 1 is refused; the broker may well have the message, because of attempt 0.
//!
//! **Consumed** is processed, not delivered. **Duplicated** is processed twice. Counterexample to "delivered twice":
//! the consumer dies with a message in its hands and is handed it again; the application did its work once.
//!
//! Where consumers write results in transactions, together with their progress, consumed is that a committed result is
//! there, and duplicated is two of them. Counterexample to "processed" there:
//!
//! 1. The application finishes with p1#7 and writes its result. Before the commit it is fenced.
//! 2. The result is taken back with the transaction, and so is the progress.
//! 3. Another consumer is handed p1#7, and its result is committed. It was processed twice and took effect once.
//!
//! **Lost** is acked, never consumed, and beyond doubt never to be:
//! - `consumer`: the late consumer found it, and the group's progress is past every copy. Counterexample to "past one
//!   copy": a client's retry stored it twice, at 10 and at 90; progress is 50; the group will still meet it at 90.
//!   Where results count, nobody can tell a result that was never written from one that was committed and lost again.
//! - `disposal`: the broker said that it dropped it by a rule of its own, and it is nowhere, or what is left of it is
//!   behind the group's progress. Counterexample to "nowhere": a broker moves what the group gave back too often to a
//!   dead-letter queue, and keeps the original behind the group's progress until it is deleted by age.
//! - `broker`: it is nowhere, and no rule disposed of it. This is so even when it had been delivered or when progress
//!   is past its position. Counterexample to blaming the consumer then: c1 is handed p1#7 at offset 7 and dies; the
//!   log is cut at 5 and other messages take the offsets 5 to 8; progress passes 7, and nobody skipped p1#7.
//!
//! **Unreachable**: nobody serves it, but a disk holds it and the broker would serve it if it could. Never lost, even
//! when progress is past it: with a leader again, somebody may go back and read it. The same holds where its result is
//! all that nobody may serve, in a run that came to rest.
//!
//! **Waiting**: a copy is served and nobody has come to it yet. That is neither lost (a consumer may come) nor consumed
//! (none has). When the run was cut before it came to rest, the same holds for a message in the hands of an application
//! that was still alive: it was not given the time. In a run that came to rest by itself, nobody was still at work.
//!
//! **Unproven**: it was not found, but not everything was looked at; absence proves nothing.
//!
//! **Vanished**: acked, and nowhere, and not disposed of, whether or not somebody consumed it in time.
//!
//! **Ghost**: consumed although the application was told that it failed, and not told otherwise by another attempt.
//! Counterexample to "not acked and consumed": the run was cut while the answer was under way; nobody was told a lie.
//!
//! **Unreported**: nobody was told anything, it was never consumed, and it is nowhere; what a rule of the broker's
//! disposed of is as gone as the rest. A copy on a disk that nobody serves is not gone.

use ackproof_core::app::MsgId;
use ackproof_core::verdict::Stage;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::ledger::Ledger;

/// What the application was told about a message in the end.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    Acked,
    /// A failure that is certain.
    Rejected,
    /// A failure that may have happened anyway, or no answer until the end.
    Unknown,
    /// Nothing that promises anything.
    Untold,
    /// A failure that is certain: the transaction that it belonged to was taken back.
    Aborted,
}

/// Where a message ended. What was never acknowledged and never consumed was owed to nobody: [`End::Unowed`].
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    Consumed,
    Lost(Stage),
    /// A copy exists and nobody may serve it.
    Unreachable,
    /// A copy is served, and nobody has come to it yet.
    Waiting,
    /// Not found, but not everything was looked at.
    Unproven,
    Unowed,
}

/// What became of one message.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fate {
    pub told: Told,
    pub end: End,
    /// How often it was consumed.
    pub consumed: u16,
    /// Acked, and the broker has it no more, by no rule of its own.
    pub vanished: bool,
    /// Whether the broker still has it is not known, since not everything was looked at.
    pub unproven: bool,
    pub unreported: bool,
    pub ghost: bool,
    /// Put where only a person looks, and never consumed.
    pub dead_lettered: bool,
    pub reordered: bool,
    /// Nobody was told that it failed, nobody consumed it, and a later message of its producer was consumed.
    pub gap: bool,
}

impl Fate {
    pub fn duplicated(&self) -> bool {
        self.consumed > 1
    }
}

/// What is left of a message in the broker.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Remains {
    Served,
    Stranded,
    Disposed,
    Nothing,
    Unproven,
}

/// Concludes what an account comes to.
pub fn of(msg: MsgId, account: &Account, ledger: &Ledger) -> Fate {
    let told = told(account, ledger);
    let remains = remains(account, ledger);
    let (acked, consumed) = (told == Told::Acked, account.consumed > 0);
    let gone = matches!(remains, Remains::Disposed | Remains::Nothing);
    let told_failure = account.rejected || account.unknown || account.aborted;
    let silent = matches!(told, Told::Acked | Told::Untold);
    Fate {
        told,
        end: end(account, ledger, told, remains),
        consumed: account.consumed,
        vanished: acked && remains == Remains::Nothing,
        unproven: remains == Remains::Unproven,
        unreported: told == Told::Untold && !consumed && gone,
        ghost: matches!(told, Told::Rejected | Told::Unknown | Told::Aborted) && told_failure && consumed,
        dead_lettered: account.dead_lettered && !consumed,
        reordered: account.reordered,
        gap: silent && !consumed && ledger.is_past(msg, account),
    }
}

fn told(account: &Account, ledger: &Ledger) -> Told {
    let open = account.open > 0;
    let alive = account.sender.is_none_or(|life| ledger.is_alive(life));
    if account.acked {
        Told::Acked
    } else if account.unknown || open && alive {
        Told::Unknown
    } else if account.untold || account.orphaned || open {
        Told::Untold
    } else if account.aborted {
        Told::Aborted
    } else {
        Told::Rejected
    }
}

fn remains(account: &Account, ledger: &Ledger) -> Remains {
    // Another attempt may have gone to another partition or queue than the one where it was seen.
    let place = account.origin.filter(|_| account.attempts == 1);
    if account.audited {
        Remains::Served
    } else if account.stranded {
        Remains::Stranded
    } else if !ledger.survey.proves_absence(place) {
        Remains::Unproven
    } else if account.disposed {
        Remains::Disposed
    } else {
        Remains::Nothing
    }
}

fn end(account: &Account, ledger: &Ledger, told: Told, remains: Remains) -> End {
    if account.consumed > 0 {
        return End::Consumed;
    }
    if told != Told::Acked {
        return End::Unowed;
    }
    if ledger.run.was_cut() && account.holder.is_some_and(|life| ledger.is_alive(life)) {
        return End::Waiting;
    }
    if account.result_stranded {
        return if ledger.run.was_cut() { End::Waiting } else { End::Unreachable };
    }
    if !ledger.survey.proves_no_result() {
        return End::Unproven;
    }
    match remains {
        Remains::Served if account.ahead => End::Waiting,
        Remains::Served if account.disposed => End::Lost(Stage::Disposal),
        Remains::Served => End::Lost(Stage::Consumer),
        Remains::Stranded => End::Unreachable,
        Remains::Disposed => End::Lost(Stage::Disposal),
        Remains::Nothing => End::Lost(Stage::Broker),
        Remains::Unproven => End::Unproven,
    }
}
