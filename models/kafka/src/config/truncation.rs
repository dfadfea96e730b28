//! How a follower finds out where its log parts from its leader's: what two of Kafka's own settings decide up to 3.9,
//! `inter.broker.protocol.version` and `log.message.format.version`.

use std::fmt;

use crate::release::Version;

/// How a replica that begins to follow in a new leader epoch cuts its log.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Truncation {
    /// To its own high watermark, which lags behind. Loses and diverges: the two scenarios of KIP-101.
    HighWatermark,
    /// To where the leader says that the follower's latest epoch ends. The answer does not name the epoch it is about,
    /// so logs may part after fail-overs in quick succession: KIP-279, KAFKA-6361.
    EpochEndOnly,
    /// As above, and the answer names its epoch: the follower asks before its first fetch, again where it must.
    EpochEnd,
    /// The answer to a fetch says so. Source: KIP-595.
    OnFetch,
}

/// A value of `inter.broker.protocol.version` and its relatives, by its place among all of them.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct Protocol(usize);

/// Every value that a broker up to 3.9 accepts, oldest first.
///
/// Source: `ApiVersion.allVersions` on 2.8 to 3.2, `MetadataVersion` on 3.3 to 3.9.
#[rustfmt::skip]
const PROTOCOLS: &[&str] = &[
    "0.8.0", "0.8.1", "0.8.2", "0.9.0",
    "0.10.0-IV0", "0.10.0-IV1", "0.10.1-IV0", "0.10.1-IV1", "0.10.1-IV2", "0.10.2-IV0",
    "0.11.0-IV0", "0.11.0-IV1", "0.11.0-IV2", "1.0-IV0", "1.1-IV0",
    "2.0-IV0", "2.0-IV1", "2.1-IV0", "2.1-IV1", "2.1-IV2", "2.2-IV0", "2.2-IV1", "2.3-IV0", "2.3-IV1",
    "2.4-IV0", "2.4-IV1", "2.5-IV0", "2.6-IV0", "2.7-IV0", "2.7-IV1", "2.7-IV2", "2.8-IV0", "2.8-IV1",
    "3.0-IV0", "3.0-IV1", "3.1-IV0", "3.2-IV0", "3.3-IV0", "3.3-IV1", "3.3-IV2", "3.3-IV3", "3.4-IV0",
    "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2",
    "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1",
];

/// From here on an old format of messages is not heeded. Source: `LogConfig.shouldIgnoreMessageFormatVersion`, 3.9.
const FORMAT_IGNORED: &str = "3.0-IV1";

impl Protocol {
    /// What a broker of `version` makes of a value; `None` where it does not start. Of a release that is followed by
    /// more (`2.8.1`) the rest is not looked at, and one without a step stands for its last step.
    ///
    /// Source: `ApiVersion.apply` on 2.8, `MetadataVersion.fromVersionString` on 3.9.
    pub fn parse(text: &str, version: Version) -> Option<Protocol> {
        let segments: Vec<&str> = text.split('.').collect();
        let kept = if text.starts_with("0.") { 3 } else { 2 };
        let key = segments[..kept.min(segments.len())].join(".");
        let known = &PROTOCOLS[..=position(newest_known(version)?)];
        if let Some(exact) = known.iter().position(|known| *known == key) {
            return Some(Protocol(exact));
        }
        let released = &known[..=position(default_protocol(version)?)];
        let is_step_of = |known: &str| known.split_once("-IV").is_some_and(|(release, _)| release == key);
        released.iter().rposition(|known| is_step_of(known)).map(Protocol)
    }

    fn is_at_least(self, name: &str) -> bool {
        self.0 >= position(name)
    }
    /// Messages carry leader epochs. Source: `RecordVersion.V2`.
    fn has_epochs(self) -> bool {
        self.is_at_least("0.11.0-IV0")
    }
    /// Older ones write the same format of messages.
    fn format(self) -> usize {
        ["0.10.0-IV0", "0.11.0-IV0"].iter().filter(|first| self.is_at_least(first)).count()
    }
    /// Whether brokers write in the present format whatever they are told.
    pub fn ignores_formats(self, version: Version) -> bool {
        version >= Version::new(3, 0) && self.is_at_least(FORMAT_IGNORED)
    }
    /// Whether it cannot carry messages of `format`. Source: `KafkaConfig.validateValues`, 3.9.
    pub fn is_below_format(self, format: Protocol) -> bool {
        self.format() < format.format()
    }
    /// Fetches name the leader epoch that their sender believes in. Source: KIP-320.
    pub fn fences_fetches(self) -> bool {
        self.is_at_least("2.1-IV1")
    }
    /// Fetches name the process that they come from. Source: KIP-903.
    pub fn names_processes(self) -> bool {
        self.is_at_least("3.5-IV1")
    }
    /// Whether a cluster without ZooKeeper can have it. Source: `MetadataVersion.MINIMUM_KRAFT_VERSION`, 3.9.
    pub fn suits_kraft(self) -> bool {
        self.is_at_least("3.0-IV1")
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PROTOCOLS[self.0])
    }
}

fn position(name: &str) -> usize {
    PROTOCOLS.iter().position(|known| *known == name).expect("a name that this file takes from the table")
}

/// What a broker speaks that nobody told otherwise; `None` from 4.0 on, where nobody can.
///
/// Source: the default of `inter.broker.protocol.version` on each branch.
pub fn default_protocol(version: Version) -> Option<&'static str> {
    Some(match (version.major, version.minor) {
        (2, 8) => "2.8-IV1",
        (3, 0) => "3.0-IV1",
        (3, 1) => "3.1-IV0",
        (3, 2) => "3.2-IV0",
        (3, 3) => "3.3-IV3",
        (3, 4) => "3.4-IV0",
        (3, 5) => "3.5-IV2",
        (3, 6) => "3.6-IV2",
        (3, 7) => "3.7-IV4",
        (3, 8) => "3.8-IV0",
        (3, 9) => "3.9-IV0",
        _ => return None,
    })
}

/// The last value that a broker knows by its full name, finished or not. Source: `MetadataVersion` on each branch.
fn newest_known(version: Version) -> Option<&'static str> {
    match (version.major, version.minor) {
        (3, 7) => Some("3.8-IV0"),
        (3, 8) => Some("3.9-IV0"),
        (3, 9) => Some("4.0-IV1"),
        _ => default_protocol(version),
    }
}

/// What brokers say to each other, and in which format they write a topic's messages.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Speech {
    pub protocol: Protocol,
    pub format: Protocol,
}

impl Speech {
    /// Source: `Log.initializeLeaderEpochCache` on 2.8 (without epochs in the messages there is no table of them),
    /// `AbstractFetcherThread.fetchTruncatingPartitions`, `ReplicaFetcherThread.isOffsetForLeaderEpochSupported`,
    /// `MetadataVersion.isTruncationOnFetchSupported` on 3.9; `ReplicaFetcherThread.offsetForLeaderEpochRequestVersion` on
    /// 2.8.
    pub fn truncation(self) -> Truncation {
        let Speech { protocol, format } = self;
        if !format.has_epochs() || !protocol.is_at_least("0.11.0-IV2") {
            Truncation::HighWatermark
        } else if !protocol.is_at_least("2.0-IV0") {
            Truncation::EpochEndOnly
        } else if !protocol.is_at_least("2.7-IV1") {
            Truncation::EpochEnd
        } else {
            Truncation::OnFetch
        }
    }
    /// Whether messages carry the leader epoch in which they were written.
    pub fn has_epochs(self) -> bool {
        self.format.has_epochs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, version: &str) -> Option<String> {
        Protocol::parse(text, Version::parse(version)?).map(|protocol| protocol.to_string())
    }

    #[test]
    fn a_protocol_version_is_read_as_the_broker_reads_it() {
        for (text, version, read) in [
            ("0.10.2", "3.9", Some("0.10.2-IV0")),
            ("0.10.2.1", "2.8", Some("0.10.2-IV0")),
            ("0.9.0", "3.9", Some("0.9.0")),
            ("0.11.0", "3.9", Some("0.11.0-IV2")),
            ("0.11.0-IV0", "3.9", Some("0.11.0-IV0")),
            ("2.7.2", "2.8", Some("2.7-IV2")),
            ("2.8", "2.8", Some("2.8-IV1")),
            ("3.0", "2.8", None),
            ("3.9", "3.8", None),
            ("3.9-IV0", "3.8", Some("3.9-IV0")),
            ("4.0", "3.9", None),
            ("4.0-IV0", "3.9", Some("4.0-IV0")),
            ("2", "3.9", None),
            ("0.12.0", "3.9", None),
            ("", "3.9", None),
            ("3.9", "4.0", None),
        ] {
            assert_eq!(parsed(text, version).as_deref(), read, "{text} on {version}");
        }
    }

    #[test]
    fn protocol_and_format_decide_how_followers_cut_their_logs() {
        let version = Version::new(3, 9);
        for (protocol, format, expected) in [
            ("0.10.2", "0.10.2", Truncation::HighWatermark),
            ("0.11.0-IV1", "0.11.0", Truncation::HighWatermark),
            ("0.11.0", "0.11.0", Truncation::EpochEndOnly),
            ("1.1", "1.1", Truncation::EpochEndOnly),
            ("2.0-IV0", "2.0", Truncation::EpochEnd),
            ("2.7-IV0", "2.7", Truncation::EpochEnd),
            ("2.7-IV1", "2.7", Truncation::OnFetch),
            ("2.8", "0.10.2", Truncation::HighWatermark),
        ] {
            let read = |text| Protocol::parse(text, version).expect("known");
            let speech = Speech { protocol: read(protocol), format: read(format) };
            assert_eq!(speech.truncation(), expected, "{protocol}, {format}");
        }
    }
}
