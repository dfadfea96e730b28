//! Known bugs of Kafka that decide what is lost, doubled or unreachable: which releases have each, and whether it is
//! modelled. A row that runs on a release with one that could matter there is told so.
//!
//! Left out: bugs of what is not modelled at all, such as topics that are deleted and made again, several controllers,
//! tiered storage, or reading from followers.

use ackproof_core::setup::Setup;

use crate::config::{Acks, Client, Config, Reset, Truncation};
use crate::release::Release;
use crate::settings::Idempotence;

/// A bug that somebody has reported and, mostly, somebody has fixed.
#[derive(Debug)]
pub struct Bug {
    /// Stable: `kafka-bug-` and the number of the ticket.
    pub id: &'static str,
    pub ticket: &'static str,
    /// The first release that has it, of those known here.
    pub since: Release,
    /// The first release without it on each branch that got the fix, oldest first; every later version has it too.
    pub fixed: &'static [Release],
    /// In an operator's words.
    pub does: &'static str,
    /// Whether runs on these releases show it.
    pub modelled: bool,
    /// Whether it could make a difference with these settings.
    matters: fn(&Bystanders<'_>) -> bool,
}

/// What a bug may depend on.
pub struct Bystanders<'a> {
    pub config: &'a Config,
    pub setup: &'a Setup,
    pub idempotence: Idempotence,
}

impl Bug {
    pub fn is_in(&self, release: Release) -> bool {
        let Some(last) = self.fixed.last() else { return release >= self.since };
        let on_its_branch = self.fixed.iter().find(|fixed| fixed.version == release.version);
        let is_fixed = on_its_branch.map_or(release > *last, |fixed| release >= *fixed);
        release >= self.since && !is_fixed
    }

    /// Which releases are free of it, in words.
    pub fn remedy(&self) -> String {
        match self.fixed {
            [] => "no release has a fix".to_owned(),
            fixed => {
                let releases: Vec<String> = fixed.iter().map(ToString::to_string).collect();
                format!("fixed in {}", releases.join(", "))
            }
        }
    }
}

/// A follower takes a fetch answer of an older leader epoch for one of this epoch.
///
/// Source: KAFKA-18991; `AbstractFetcherThread.processFetchRequest` at 3.9 before and after 5a95cb2793.
pub static STALE_FETCH_ANSWER: Bug = Bug {
    id: "kafka-bug-18991",
    ticket: "KAFKA-18991",
    since: Release::new(2, 8, 0),
    fixed: &[Release::new(3, 9, 1), Release::new(4, 0, 1), Release::new(4, 1, 0)],
    does: "a follower takes an answer that its leader gave in an older leader epoch for one of the present epoch: it \
           cuts confirmed messages off, or copies some that are no longer in the leader's log",
    modelled: true,
    matters: |beside| beside.config.topic.replication_factor > 1 && beside.config.truncation == Truncation::OnFetch,
};

/// With eligible leader replicas, the last known leader is elected while it is fenced.
///
/// Source: KAFKA-19522; `PartitionChangeBuilder.canElectLastKnownLeader` on 4.0 and 4.1.
pub static FENCED_LAST_KNOWN_LEADER: Bug = Bug {
    id: "kafka-bug-19522",
    ticket: "KAFKA-19522",
    since: Release::new(4, 0, 0),
    fixed: &[Release::new(4, 1, 0)],
    does: "with eligible leader replicas, a replica that is away is elected when nobody else may lead, and the \
           partition stays unreachable although it has a leader",
    modelled: true,
    matters: |beside| beside.config.broker.eligible_leader_replicas && beside.config.topic.replication_factor > 1,
};

/// A follower that returns with a blank disk before anybody has missed it is taken for the one that had everything.
///
/// Source: KAFKA-14139; KIP-903, which 3.5 implements.
pub static BLANK_DISK_IN_SYNC: Bug = Bug {
    id: "kafka-bug-14139",
    ticket: "KAFKA-14139",
    since: Release::new(2, 8, 0),
    fixed: &[Release::new(3, 5, 0)],
    does: "a replica that was restarted with a blank disk may join the in-sync set by what its last process had \
           fetched, and lead without the messages",
    modelled: true,
    matters: |beside| beside.config.topic.replication_factor > 1,
};

/// Producers were meant to be idempotent by default and were not.
///
/// Source: KAFKA-13598; `docs/upgrade.html`, notable changes in 3.0.1, 3.1.1 and 3.2.0.
pub static IDEMPOTENCE_WITHOUT_EFFECT: Bug = Bug {
    id: "kafka-bug-13598",
    ticket: "KAFKA-13598",
    since: Release::new(3, 0, 0),
    fixed: &[Release::new(3, 0, 1), Release::new(3, 1, 1), Release::new(3, 2, 0)],
    does: "enable.idempotence is true by default and does nothing unless somebody sets it: retries duplicate and \
           reorder",
    modelled: true,
    matters: |beside| beside.idempotence == Idempotence::WithoutEffect,
};

static OTHERS: [Bug; 6] = [
    Bug {
        id: "kafka-bug-19902",
        ticket: "KAFKA-19902",
        since: Release::new(2, 8, 0),
        fixed: &[],
        does: "a consumer whose leader does not know the epoch of its position goes to where auto.offset.reset says, \
               which after an unclean election means everything once more",
        modelled: true,
        matters: |beside| {
            let resets = beside.config.consumer.reset == Reset::Earliest && beside.setup.workload.consumers > 0;
            resets && beside.config.topic.unclean_leader_election
        },
    },
    Bug {
        id: "kafka-bug-19012",
        ticket: "KAFKA-19012",
        since: Release::new(2, 8, 0),
        fixed: &[Release::new(3, 9, 2), Release::new(4, 1, 2), Release::new(4, 2, 0)],
        does: "the Java producer may reuse the memory of a batch that expired while it was being sent: a message lands \
               in another topic, and the one that was meant lacks it",
        modelled: false,
        matters: |beside| beside.config.producer.acks != Acks::None && beside.config.client == Client::Java,
    },
    Bug {
        id: "kafka-bug-19221",
        ticket: "KAFKA-19221",
        since: Release::new(2, 8, 0),
        fixed: &[Release::new(4, 0, 1), Release::new(4, 1, 0)],
        does: "a clean stop whose last writes fail calls itself clean all the same, so that the next start looks for no \
               damage",
        modelled: false,
        matters: |beside| beside.config.topic.flush_messages != Some(1),
    },
    Bug {
        id: "kafka-bug-16541",
        ticket: "KAFKA-16541",
        since: Release::new(3, 7, 0),
        fixed: &[Release::new(3, 8, 0)],
        does: "a machine that loses power may keep a torn file of leader epochs, by which replicas find where their logs \
               part",
        modelled: false,
        matters: |beside| beside.config.topic.replication_factor > 1,
    },
    Bug {
        id: "kafka-bug-18723",
        ticket: "KAFKA-18723",
        since: Release::new(2, 8, 0),
        fixed: &[Release::new(3, 9, 1), Release::new(4, 0, 1), Release::new(4, 1, 0)],
        does: "a follower that reads a leader's log while it is being cut may copy batches of another epoch, or stop \
               copying",
        modelled: false,
        matters: |beside| beside.config.topic.replication_factor > 1,
    },
    Bug {
        id: "kafka-bug-13207",
        ticket: "KAFKA-13207",
        since: Release::new(2, 8, 0),
        fixed: &[Release::new(2, 8, 1), Release::new(3, 0, 0)],
        does: "a replica that has just stopped following may still cut its log as its former leader told it",
        modelled: false,
        matters: |beside| beside.config.topic.replication_factor > 1,
    },
];

/// Every bug that is known here, those that are modelled first.
pub fn all() -> impl Iterator<Item = &'static Bug> {
    [&STALE_FETCH_ANSWER, &FENCED_LAST_KNOWN_LEADER, &BLANK_DISK_IN_SYNC, &IDEMPOTENCE_WITHOUT_EFFECT]
        .into_iter()
        .chain(&OTHERS)
}

/// Those of the row's release that could matter in it.
pub fn at_large<'a>(beside: &'a Bystanders<'a>) -> impl Iterator<Item = &'static Bug> + 'a {
    all().filter(|bug| bug.is_in(beside.config.release) && (bug.matters)(beside))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = include_str!("../RULES.md");

    #[test]
    fn a_bug_is_in_the_releases_before_its_fix_on_each_branch() {
        let is_in = |text: &str| STALE_FETCH_ANSWER.is_in(Release::parse(text).expect("a release"));
        for has_it in ["2.8.0", "3.8.1", "3.8", "3.9.0", "4.0.0"] {
            assert!(is_in(has_it), "{has_it}");
        }
        for is_free in ["3.9.1", "3.9", "4.0.1", "4.0", "4.1.0", "4.1", "4.4"] {
            assert!(!is_in(is_free), "{is_free}");
        }
        let elr = |text: &str| FENCED_LAST_KNOWN_LEADER.is_in(Release::parse(text).expect("a release"));
        assert_eq!(["3.9.2", "4.0.0", "4.0.1", "4.1.0", "4.2"].map(elr), [false, true, true, false, false]);
    }

    #[test]
    fn every_known_bug_is_in_the_table_of_the_rules() {
        let (_, rest) = RULES.split_once("\n## Versions and known bugs\n").expect("the section is there");
        let (section, _) = rest.split_once("\n## ").expect("another section follows");
        let rows = section.lines().filter(|line| line.starts_with("| KAFKA-")).count();
        assert_eq!(rows, all().count());
        for bug in all() {
            let modelled = if bug.modelled { "modelled" } else { "not modelled" };
            let row = format!("| {} | {} | {} | {modelled} |", bug.ticket, bug.since, bug.remedy());
            assert!(section.contains(&row), "no row `{row}`");
            assert_eq!(bug.id.strip_prefix("kafka-bug-"), bug.ticket.strip_prefix("KAFKA-"));
        }
    }
}
