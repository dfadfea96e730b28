//! What the page shows of one run of a cell, kept beside its replay file, since rendering never simulates.
//!
//! A cell that breaks a promise shows the run in which that was found, message by message, and the life of one message
//! in the smallest run that fails in the same way. Any other cell shows one of its runs, message by message.

use ackproof_core::app::MsgId;
use ackproof_core::seed::Seed;
use ackproof_core::time::Time;
use serde::{Deserialize, Serialize};

use crate::explain::Life;
use crate::result::VERSION;

/// More lines of an autopsy than this are cut behind the last that fits.
const AUTOPSY_LINES: usize = 160;

/// One run of a cell, and the message that shows what is broken.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Exhibit {
    pub v: u32,
    /// Id of the cell.
    pub cell: String,
    pub seed: Seed,
    /// The file that runs it again, relative to the run's folder; in a cell that breaks a promise the smallest run, else
    /// the very run that is shown. Empty when there is none.
    pub file: String,
    /// The same in short, for `replay TOKEN`.
    pub token: String,
    /// Of the run as the sweep met it.
    pub strip: Strip,
    /// Of the smallest run that fails; `None` in a cell that breaks nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Case>,
}

/// What became of each message of a run, in the order in which they were sent.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Strip {
    /// All of them.
    pub messages: u64,
    /// When the workload began; other times count from the beginning of the run.
    pub began: Time,
    /// Messages that follow one another and fared alike.
    pub stretches: Vec<Stretch>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultSpan>,
}

/// Messages that fared alike.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stretch {
    pub count: u64,
    pub kind: Kind,
    /// The first and the last, as `p1#50`.
    pub first: String,
    pub last: String,
    /// When those two were sent.
    pub sent: [Time; 2],
}

/// What a reader wants to know first about a message; of several the worst, in this order.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Acknowledged and never consumed.
    Lost,
    /// Acknowledged and consumed, and the broker has it no more.
    Vanished,
    /// Acknowledged; a copy exists, and nobody may serve it.
    Unreachable,
    /// Gone, and nobody was told anything.
    Unreported,
    /// Told to have failed, and consumed.
    Ghost,
    Duplicated,
    Reordered,
    /// Acknowledged; whether it is lost is not known.
    Undecided,
    Rejected,
    Aborted,
    /// A failure that may have happened anyway.
    Unknown,
    /// Nobody was told anything, and it is not gone.
    Untold,
    /// Acknowledged and consumed once.
    Fine,
}

impl Kind {
    /// Every kind, with its word and what it means.
    pub const ALL: [(Kind, &'static str, &'static str); 13] = [
        (Kind::Lost, "lost", "acknowledged, never consumed"),
        (Kind::Vanished, "vanished", "acknowledged and consumed in time; the broker has it no more"),
        (Kind::Unreachable, "unreachable", "acknowledged; a copy exists, and nobody may serve it"),
        (Kind::Unreported, "unreported", "gone, and nobody was told"),
        (Kind::Ghost, "ghost", "told to have failed, and consumed all the same"),
        (Kind::Duplicated, "duplicated", "consumed more than once"),
        (Kind::Reordered, "reordered", "consumed out of order"),
        (Kind::Undecided, "undecided", "acknowledged; the run ended before it was consumed"),
        (Kind::Rejected, "rejected", "the application was told that it failed"),
        (Kind::Aborted, "aborted", "taken back with its transaction"),
        (Kind::Unknown, "unknown", "the application was told a failure that may have happened anyway, or nothing yet"),
        (Kind::Untold, "untold", "the application was told nothing that promises anything"),
        (Kind::Fine, "fine", "acknowledged and consumed once"),
    ];

    pub fn word(self) -> &'static str {
        Kind::ALL[self as usize].1
    }
    pub fn meaning(self) -> &'static str {
        Kind::ALL[self as usize].2
    }
}

/// A message with when it was sent and how it fared.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Sent {
    pub at: Time,
    pub msg: MsgId,
    pub kind: Kind,
}

/// When a fault was in force, in time and in messages.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FaultSpan {
    /// Its place in the schedule, from 1.
    pub fault: u64,
    /// What happened, in plain words.
    pub text: String,
    /// `None` when it never fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Time>,
    /// `None` when it never ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// How many messages were sent before it began, and before it ended.
    pub messages: [u64; 2],
}

/// A message of the smallest failing run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Case {
    /// The promise and how it is broken.
    pub shows: String,
    /// As `p1#50`; empty where no message is to blame.
    pub message: String,
    /// What became of it and why, as text; see `ackproof_check::Autopsy`.
    pub autopsy: String,
    /// When the workload began in that run.
    pub began: Time,
    pub life: Life,
}

impl Exhibit {
    /// An exhibit without a case and without a file.
    pub fn new(cell: impl Into<String>, seed: Seed, strip: Strip) -> Exhibit {
        Exhibit { v: VERSION, cell: cell.into(), seed, file: String::new(), token: String::new(), strip, case: None }
    }
}

impl Strip {
    /// From the messages of a run in any order, and its faults with where they begin and end in time.
    pub fn of(began: Time, mut sent: Vec<Sent>, mut faults: Vec<FaultSpan>) -> Strip {
        sent.sort_by_key(|it| (it.at, it.msg));
        let mut stretches: Vec<Stretch> = Vec::new();
        for it in &sent {
            match stretches.last_mut().filter(|last| last.kind == it.kind) {
                Some(last) => {
                    last.count += 1;
                    last.last = it.msg.to_string();
                    last.sent[1] = it.at;
                }
                None => {
                    let name = it.msg.to_string();
                    let last = name.clone();
                    stretches.push(Stretch { count: 1, kind: it.kind, first: name, last, sent: [it.at, it.at] });
                }
            }
        }
        let before = |time: Time| sent.partition_point(|it| it.at < time) as u64;
        for fault in &mut faults {
            let end = fault.ended.map_or(sent.len() as u64, before);
            fault.messages = fault.began.map_or([0, 0], |began| [before(began), end]);
        }
        Strip { messages: sent.len() as u64, began, stretches, faults }
    }

    /// How many messages are of each kind that occurs.
    pub fn counts(&self) -> Vec<(Kind, u64)> {
        let of = |kind| self.stretches.iter().filter(|it| it.kind == kind).map(|it| it.count).sum::<u64>();
        Kind::ALL.iter().map(|&(kind, ..)| (kind, of(kind))).filter(|(_, count)| *count > 0).collect()
    }
}

/// An autopsy that is short enough to be kept.
pub fn shortened(autopsy: &str) -> String {
    let lines: Vec<&str> = autopsy.lines().collect();
    if lines.len() <= AUTOPSY_LINES {
        return autopsy.to_owned();
    }
    let left_out = lines.len() - AUTOPSY_LINES;
    format!("{}\n  ({left_out} more lines; `ackproof explain` prints them)\n", lines[..AUTOPSY_LINES].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(at: u64, sequence: u32, kind: Kind) -> Sent {
        Sent { at: Time(at), msg: MsgId::new(0, sequence), kind }
    }

    #[test]
    fn messages_that_fare_alike_are_one_stretch_and_faults_know_their_messages() {
        let sent = vec![
            sent(13, 3, Kind::Fine),
            sent(10, 0, Kind::Fine),
            sent(11, 1, Kind::Lost),
            sent(12, 2, Kind::Lost),
            sent(20, 4, Kind::Fine),
        ];
        let fault = |began, ended| FaultSpan { fault: 1, text: String::new(), began, ended, messages: [0, 0] };
        let faults = vec![fault(Some(Time(11)), Some(Time(13))), fault(Some(Time(12)), None), fault(None, None)];
        let strip = Strip::of(Time(5), sent, faults);
        let told: Vec<_> = strip.stretches.iter().map(|it| (it.count, it.kind, it.first.as_str())).collect();
        assert_eq!(told, [(1, Kind::Fine, "p1#0"), (2, Kind::Lost, "p1#1"), (2, Kind::Fine, "p1#3")]);
        assert_eq!(strip.stretches[2].sent, [Time(13), Time(20)]);
        assert_eq!(strip.faults.iter().map(|it| it.messages).collect::<Vec<_>>(), [[1, 3], [2, 5], [0, 0]]);
        assert_eq!(strip.counts(), [(Kind::Lost, 2), (Kind::Fine, 3)]);
    }

    #[test]
    fn each_kind_stands_at_its_place_in_the_list() {
        for (index, (kind, word, _)) in Kind::ALL.into_iter().enumerate() {
            assert_eq!((kind as usize, kind.word()), (index, word));
            assert_eq!(serde_json::to_value(kind).unwrap(), word);
        }
    }

    #[test]
    fn a_long_autopsy_says_how_much_of_it_is_missing() {
        let text: String = (0..500).map(|line| format!("line {line}\n")).collect();
        let short = shortened(&text);
        assert!(short.lines().count() == AUTOPSY_LINES + 1 && short.ends_with("prints them)\n"), "{short}");
        assert!(short.contains("(340 more lines"));
        assert_eq!(shortened("a\nb\n"), "a\nb\n");
    }
}
