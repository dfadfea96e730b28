//! Everything about a run that is not the broker's own settings: machines, application, workload, network, disks.

use serde::{Deserialize, Serialize};

use crate::time::{Span, SpanRange};

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Setup {
    pub cluster: Cluster,
    pub app: App,
    pub workload: Workload,
    pub network: Network,
    pub disk: DiskTiming,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cluster {
    pub brokers: u8,
    /// Broker `i` (from 1) sits in `racks[(i - 1) % len]`; empty for no racks.
    pub racks: Vec<String>,
    /// How brokers form groups; `None` for a broker whose machines are all alike, and then `brokers` counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Deployment>,
}

/// Groups of brokers, each with a master and its slaves, and the servers around them.
#[derive(Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// One of the words of [`crate::model::Broker::modes`].
    pub mode: String,
    /// At least 1.
    pub groups: u8,
    /// Of each group, beside its first broker.
    pub slaves: u8,
    /// At least 1.
    pub nameservers: u8,
    /// At least 1, where the mode has any.
    pub controllers: u8,
}

impl Deployment {
    /// Brokers of all groups together.
    pub fn brokers(&self) -> u32 {
        u32::from(self.groups) * (u32::from(self.slaves) + 1)
    }
}

impl Cluster {
    /// Brokers, however they are told.
    pub fn broker_count(&self) -> u32 {
        self.deployment.as_ref().map_or(u32::from(self.brokers), Deployment::brokers)
    }

    /// The rack of broker number `broker`, counted from 0.
    pub fn rack(&self, broker: u8) -> Option<String> {
        (!self.racks.is_empty()).then(|| self.racks[usize::from(broker) % self.racks.len()].clone())
    }
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct App {
    pub producer: ProducerApp,
    pub consumer: ConsumerApp,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ProducerApp {
    pub send: SendMode,
    pub on_failure: OnFailure,
    /// `None`: every message is sent by itself.
    pub transaction: Option<Transaction>,
    /// Statuses of a send that was answered which the application takes for success; `None` for a broker whose answers
    /// are either success or failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Vec<String>>,
}

impl ProducerApp {
    /// In place of statuses: every one.
    pub const ANY_STATUS: &str = "any";

    /// Whether a failure reaches anybody. The end of a transaction says how all of its messages fared, so whoever uses
    /// transactions is told even if nobody looks at the result of each send.
    pub fn is_checked(&self) -> bool {
        self.transaction.is_some() || self.send.is_checked()
    }
}

/// How an application groups its sends into transactions, one after the other.
#[derive(Copy, Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Transaction {
    /// Sends of one transaction, at least 1; the last one may be shorter.
    pub messages: u32,
    /// Probability, from 0 to 1, that the application takes a transaction back although nothing failed.
    pub abort_rate: f64,
    /// Probability, from 0 to 1, that the application does not know yet, when it is asked, whether it wants to commit.
    #[serde(default, skip_serializing_if = "is_never")]
    pub unknown_rate: f64,
    /// What it says when the broker asks later.
    #[serde(default, skip_serializing_if = "CheckBack::is_answer")]
    pub check: CheckBack,
}

impl Transaction {
    /// Transactions of so many sends, of which the application always knows at once what it wants.
    pub fn of(messages: u32, abort_rate: f64) -> Transaction {
        Transaction { messages, abort_rate, unknown_rate: 0.0, check: CheckBack::Answer }
    }
    /// Whether anything is left for the broker to ask about.
    pub fn needs_check_back(self) -> bool {
        !is_never(&self.unknown_rate) || !self.check.is_answer()
    }
}

fn is_never(rate: &f64) -> bool {
    *rate == 0.0
}

/// What an application says to a broker that asks what became of a transaction.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckBack {
    /// Whether it wanted it committed or taken back.
    #[default]
    Answer,
    /// That it still does not know, however often it is asked.
    Unknown,
}

impl CheckBack {
    fn is_answer(&self) -> bool {
        match self {
            CheckBack::Answer => true,
            CheckBack::Unknown => false,
        }
    }
}

/// How the application sends and whether it looks at the result.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendMode {
    /// Waits for the result of each message before the next.
    Sync,
    /// Goes on at once and handles each result when it comes.
    #[default]
    Async,
    /// Goes on at once and never looks at a result.
    AsyncUnchecked,
    /// Asks for no result.
    OneWay,
}

impl SendMode {
    /// Whether a failure reaches anybody.
    pub fn is_checked(self) -> bool {
        match self {
            SendMode::Sync | SendMode::Async => true,
            SendMode::AsyncUnchecked | SendMode::OneWay => false,
        }
    }
}

/// What the application does when it is told of a failure.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Counts it and goes on.
    #[default]
    Report,
    /// Sends the message again, as a new send, at most `times` times.
    Resend { times: u32, backoff: Span },
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ConsumerApp {
    /// `None`: whatever the broker's own settings say.
    pub ack: Option<AckMode>,
    /// Whether it waits for the answer when it acknowledges by itself.
    pub commit: CommitCall,
    pub processing: Processing,
    /// Probability, from 0 to 1, that processing a delivery fails.
    pub failure_rate: f64,
    pub on_error: OnError,
}

impl Default for ConsumerApp {
    fn default() -> Self {
        ConsumerApp {
            ack: None,
            commit: CommitCall::Sync,
            processing: Processing::Inline,
            failure_rate: 0.0,
            on_error: OnError::Retry,
        }
    }
}

/// When progress is acknowledged, relative to processing.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AckMode {
    /// The client library does it.
    Auto,
    BeforeProcessing,
    AfterProcessing,
    AfterBatch,
    /// The application writes one result for each message it processes, and the results and its progress become
    /// visible in one transaction or not at all (consume, transform, produce).
    InTransaction,
}

/// How the application stores its progress, where it does so by itself.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommitCall {
    /// Waits for the broker's answer before it goes on.
    #[default]
    Sync,
    /// Goes on at once, and nobody repeats a commit that failed.
    Async,
}

/// What an application can ask for only where the broker has it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Feature {
    /// `app.producer.transaction`: sends that are committed together.
    Transactions,
    /// `app.consumer.ack: in-transaction`: results and progress that are committed together.
    ResultsInTransaction,
    /// `app.consumer.commit: async`: progress that is stored while the application goes on.
    AsyncCommits,
    /// `app.producer.transaction.unknown_rate` and `check`: the broker asks what became of a transaction.
    CheckBacks,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Processing {
    /// In the thread that receives.
    Inline,
    /// Handed to a worker of the same process, while the receiving thread goes on.
    Background,
}

/// What the application does with a delivery whose processing failed.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// Processes it again, at once, until it succeeds.
    Retry,
    /// Gives it back to the broker (or goes back to its position).
    Requeue,
    /// Gives up on it and goes on.
    Reject,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Workload {
    pub producers: u8,
    pub consumers: u8,
    /// Of all producers together; dealt out evenly.
    pub messages: u32,
    /// Between two sends of one producer.
    pub interval: Span,
    /// Of one message by a consumer.
    pub processing: Span,
    pub consumer_start: ConsumerStart,
}

impl Workload {
    /// Messages of producer number `index`, counted from 0.
    pub fn share(&self, index: u8) -> u32 {
        let producers = u32::from(self.producers);
        self.messages / producers + u32::from(u32::from(index) < self.messages % producers)
    }

    /// How long the sending takes when nothing delays it, at least a second: the nominal length of the chaos phase.
    pub fn nominal(&self) -> Span {
        let each = u64::from(self.messages.div_ceil(u32::from(self.producers)));
        Span((each * self.interval.0).max(1000))
    }
}

#[derive(Copy, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsumerStart {
    /// This long after the chaos phase began.
    After(SpanRange),
    /// When every fault has been healed.
    Heal,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Network {
    /// Of one message, one way; at least a millisecond.
    pub latency: SpanRange,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DiskTiming {
    /// Of a write into the page cache, before the process goes on.
    pub write: Span,
    pub sync: SpanRange,
    /// Age at which the kernel writes a dirty page back by itself; `None` for never.
    pub writeback: Option<Span>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            cluster: Cluster { brokers: 3, racks: Vec::new(), deployment: None },
            app: App::default(),
            workload: Workload {
                producers: 1,
                consumers: 1,
                messages: 200,
                interval: Span(10),
                processing: Span(2),
                consumer_start: ConsumerStart::After(SpanRange::exactly(Span::ZERO)),
            },
            network: Network { latency: SpanRange::between(Span(1), Span(3)) },
            disk: DiskTiming {
                write: Span::ZERO,
                sync: SpanRange::between(Span(2), Span(8)),
                writeback: Some(Span::secs(30)),
            },
        }
    }
}
