//! Election and replication by majority, as plain state machines: DLedger, which RocketMQ's DLedger mode is built on, and Ra, which
//! RabbitMQ's quorum queues are built on. What they have in common is code, where they differ is a [`Policy`].
//!
//! `RULES.md` lists every rule with its source and the test named after it, and what is left out.
//!
//! # How a broker's actor drives a member
//!
//! The actor owns one [`Member`] for each group it is in. It gives the member every event that concerns it, together with its disk, its random
//! stream and the time, and turns the effects that come back into its own words. The member knows no protocol: not what else is on the
//! disk, nor what carries its messages.
//!
//! 1. The broker's record implements [`Entry`] beside `Stamped`, its cell [`BallotCell`], and its message has a variant that carries a
//!    [`Message`] of that record.
//! 2. On `actor::Event::Start`: `Member::new(node, members, place, Policy::dledger(), disk)`, then [`Event::Start`].
//! 3. `actor::Event::Timer(id)` whose number is one of the member's becomes [`Event::Timer`] by [`Timer::ALL`]; `Synced` whose target
//!    the member [owns](Member::owns) becomes [`Event::Synced`]; its messages become [`Event::Message`]; `Closed` becomes
//!    [`Event::Closed`], for every peer.
//! 4. A producer's message: [`Member::append`] with a record of [`Member::epoch`]. The position it returns is what the producer waits for.
//! 5. The effects, in order. Those that the world carries out are `Send`, `SetTimer`, `CancelTimer` and `Sync`. The broker acts on the
//!    others: `Committed` answers producers that wait below it and lets consumers read up to it; `Deposed` answers those that still wait with
//!    what the broker says of a write whose fate is unknown; `Leads`, `Follows` and `Stands` are what it tells nameservers and clients;
//!    `Appended`, `Truncated` and `Committed` are what indexes over the log follow; `DiskFailed` ends the process, or does not, as the
//!    broker's rule is.
//!
//! ```
//! # use ackproof_core::{disk::{CellId, Disk, FileId}, node::NodeId, seed::Seed, time::{Span, Time}};
//! # use ackproof_log::{Epoch, Stamped};
//! # use ackproof_raft::{Ballot, BallotCell, Effect, Entry, Event, Member, Place, Policy, Step, Timer};
//! # #[derive(Clone, Debug)] struct Record { epoch: Epoch, message: u64 }
//! # impl Stamped for Record {
//! #     fn epoch(&self) -> Epoch { self.epoch }
//! #     fn timestamp(&self) -> Time { Time::ZERO }
//! #     fn left(&self) -> u32 { 0 }
//! # }
//! impl Entry for Record {
//!     fn opening(_: Epoch, _: Time) -> Option<Record> { None } // DLedger 0.3.1.2 has no record that opens a term
//!     fn seal(&self) -> u64 { self.message }                   // and compares contents
//! }
//! # #[derive(Clone, Debug)] struct Cell(Ballot);
//! # impl BallotCell for Cell {
//! #     fn of_ballot(ballot: Ballot) -> Cell { Cell(ballot) }
//! #     fn ballot(&self) -> Option<Ballot> { Some(self.0) }
//! # }
//! # let mut disk: Disk<Record, Cell> = Disk::new(None, Span::ZERO);
//! # let mut random = Seed(1).stream("model/b1");
//! let place = Place { log: FileId(0), ballot: CellId(0) };
//! let mut member = Member::new(NodeId(0), &[NodeId(0)], place, Policy::dledger(), &disk);
//! let mut effects = Vec::new(); // kept by the actor, drained after each event
//! let mut step = Step { disk: &mut disk, random: &mut random, now: Time(0), effects: &mut effects };
//! member.on(&mut step, Event::Start);
//! member.on(&mut step, Event::Timer(Timer::Election)); // a group of one elects itself
//! let record = Record { epoch: member.epoch(), message: 7 };
//! let at = member.append(&mut step, [record]).expect("it leads");
//! assert_eq!(member.committed(), at.plus(1));
//! # assert!(effects.iter().any(|effect| matches!(effect, Effect::Leads { .. })));
//! ```
//!
//! A member that is alone commits what it appends at once, so that `Committed` may be among the effects of `append` itself: the actor notes who
//! waits before it goes through them.

mod ballot;
mod beat;
mod effect;
mod follower;
mod leader;
mod ledger;
mod member;
mod message;
mod policy;
mod raft;
mod role;

pub use ballot::{Ballot, BallotCell};
pub use effect::{Effect, Event, Step, Timer};
pub use leader::Refused;
pub use member::{Member, Place};
pub use message::{Answer, BeatReply, Entry, LogEnd, Mark, Message, Push, PushReply};
pub use policy::{Commits, Election, Flush, Horizon, Keeping, Policy};

#[cfg(test)]
mod tests;
