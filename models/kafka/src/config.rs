//! The settings of one row as the actors read them: typed, with a broker's values standing in for a topic's, and the
//! rules that this version of Kafka plays by.

mod broker;
mod client;
mod librdkafka;
mod reader;
mod reset;
mod retention;
mod rules;
mod topic;
mod truncation;

use ackproof_core::setting::Effective;
use ackproof_core::setup::{AckMode, Setup};
use ackproof_core::time::Span;

use crate::release::Release;
pub use crate::release::Version;
use crate::settings;
pub use broker::{BrokerConfig, Forgetting, TransactionsConfig};
pub use client::{
    Acks, Backoff, Client, Clock, Commit, ConnectionConfig, ConsumerConfig, Librdkafka, ProducerConfig, Stores,
};
pub use librdkafka::librdkafka_strategy;
pub use reset::{Reset, ResetProblem};
pub use rules::Rules;
pub use topic::{Retention, TimestampLimits, TopicConfig};
pub use truncation::{Protocol, Speech, Truncation, default_protocol};

/// What a message counts as, whatever counts bytes.
pub const MESSAGE_BYTES: u64 = 100;

/// One row, ready to run.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    pub version: Version,
    pub release: Release,
    pub rules: Rules,
    /// Broker machines, producers and consumers of the run.
    pub brokers: u8,
    pub producers: u8,
    pub consumers: u8,
    pub broker: BrokerConfig,
    /// How followers cut their logs.
    pub truncation: Truncation,
    /// Whether a follower's fetch names the leader epoch that it believes in.
    pub fences_fetches: bool,
    /// Whether it names the process that it comes from.
    pub names_processes: bool,
    /// The topic of the workload.
    pub topic: TopicConfig,
    /// `__consumer_offsets`, of which one partition is modelled: the only group's.
    pub offsets: TopicConfig,
    /// `__transaction_state`, of which one partition is modelled; `None` where nobody has transactions.
    pub transaction_state: Option<TopicConfig>,
    /// The library that producers and consumers use.
    pub client: Client,
    /// The producers of the workload send in transactions.
    pub sends_in_transactions: bool,
    /// The consumers write results in transactions, to a topic like that of the workload.
    pub results_in_transactions: bool,
    pub producer: ProducerConfig,
    pub consumer: ConsumerConfig,
}

impl Config {
    /// After how long a member of the group that is not heard of is removed.
    pub fn session_timeout(&self) -> Span {
        match self.consumer.is_reconciling {
            true => self.broker.group_session_timeout,
            false => self.consumer.session_timeout,
        }
    }

    /// Types the values in force. Values that are not valid together were refused before.
    ///
    /// # Panics
    /// When a setting that the table promises a value for has none.
    pub fn from_effective(effective: &Effective, setup: &Setup) -> Config {
        let release = Release::parse(&effective.version)
            .unwrap_or_else(|| panic!("{} is no version of Kafka", effective.version));
        let (version, rules) = (release.version, Rules::of(release));
        let read = reader::Reader { effective };
        let speech = read.speech(version);
        let is_librdkafka = settings::is_librdkafka(effective);
        Config {
            version,
            release,
            rules,
            truncation: speech.map_or(Truncation::OnFetch, Speech::truncation),
            fences_fetches: speech.is_none_or(|speech| speech.protocol.fences_fetches()),
            names_processes: !rules.mistakes_processes && speech.is_none_or(|speech| speech.protocol.names_processes()),
            brokers: setup.cluster.brokers,
            producers: setup.workload.producers,
            consumers: setup.workload.consumers,
            broker: read.broker(rules, version),
            topic: read.topic(version),
            offsets: read.offsets(setup.cluster.brokers),
            transaction_state: read.has_transactions().then(|| read.transaction_state()),
            sends_in_transactions: read.has_transactions() && setup.app.producer.transaction.is_some(),
            results_in_transactions: read.has_transactions()
                && setup.app.consumer.ack == Some(AckMode::InTransaction)
                && setup.workload.consumers > 0,
            client: read.client(),
            producer: match is_librdkafka {
                true => read.librdkafka_producer(),
                false => read.producer(rules),
            },
            consumer: match is_librdkafka {
                true => read.librdkafka_consumer(setup),
                false => read.consumer(rules, setup),
            },
        }
    }
}

/// Whether the topic's messages carry leader epochs, before everything else of a row is known to be valid.
pub fn messages_have_epochs(effective: &Effective, version: Version) -> bool {
    reader::Reader { effective }.speech(version).is_none_or(Speech::has_epochs)
}
