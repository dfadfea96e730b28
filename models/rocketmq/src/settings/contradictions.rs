//! Rows that RocketMQ does not start with, clusters that are not what their settings say, and applications that ask a
//! listener for what it cannot do.

use ackproof_core::setting::{Effective, Problem, SettingName};
use ackproof_core::setup::{AckMode, Setup};

use crate::config::{ClusterConfig, Mode};
use crate::deployment;
use crate::reader::{delays, hours};
use crate::release::Release;
use crate::settings::SETTINGS;

/// Settings that are not modelled and that are looked at all the same, to refuse a row or to warn of it.
pub const HEEDED: [(&str, &str); 6] = [
    ("broker", "enableControllerMode"),
    ("broker", "enableDLegerCommitLog"),
    ("broker", "enableSlaveActingMaster"),
    ("broker", "duplicationEnable"),
    ("broker", "defaultMessageRequestMode"),
    ("namesrv", "enableControllerInNamesrv"),
];

/// Settings that cannot be used together, or not with this cluster or application.
pub fn refuse(effective: &Effective, setup: &Setup) -> Vec<Problem> {
    let row = Row { effective, setup, cluster: deployment::cluster(setup) };
    let mut problems = Vec::from_iter(row.listener());
    problems.extend(row.transaction());
    problems.extend(row.old_release());
    problems.extend(row.contradicted_mode());
    problems.extend(row.two_ways_of_electing());
    problems.extend(row.master_that_is_a_slave());
    problems.extend(row.controllers_of_nobody());
    problems.extend(row.unreadable());
    problems
}

struct Row<'r> {
    effective: &'r Effective,
    setup: &'r Setup,
    cluster: ClusterConfig,
}

fn problem(section: &str, key: &str, message: String, source: &'static str) -> Problem {
    Problem { name: SettingName::new(section, key), message, source }
}

/// A setting of the brokers that says which mode they are in.
const MODE_KEYS: [(&str, Mode, &str); 3] = [
    ("enableControllerMode", Mode::Controller, "controller"),
    ("enableDLegerCommitLog", Mode::Dledger, "dledger"),
    ("enableSlaveActingMaster", Mode::ActingMaster, "acting-master"),
];

impl Row<'_> {
    fn says(&self, section: &str, key: &str, value: &str) -> bool {
        self.effective.text(section, key) == Some(value)
    }

    /// A listener acknowledges by what it returns, and nothing else is stored.
    fn listener(&self) -> Option<Problem> {
        let why = match self.setup.app.consumer.ack? {
            AckMode::AfterProcessing | AckMode::InTransaction => return None,
            AckMode::BeforeProcessing => {
                "one that returns before the work is done is `app.consumer.processing: background`"
            }
            AckMode::Auto | AckMode::AfterBatch => "leave it out or write after-processing",
        };
        let message = format!("a RocketMQ listener acknowledges by returning: {why}");
        let source = "ConsumeMessageConcurrentlyService.processConsumeResult at develop 8fc57f1";
        Some(problem("app", "consumer.ack", message, source))
    }

    fn transaction(&self) -> Option<Problem> {
        let messages = self.setup.app.producer.transaction?.messages;
        let message = format!("a transaction of RocketMQ is of one message, not {messages}: write `messages: 1`");
        let source = "TransactionMQProducer.sendMessageInTransaction at develop 8fc57f1";
        (messages != 1).then(|| problem("app", "producer.transaction", message, source))
    }

    fn old_release(&self) -> Option<Problem> {
        let is_old = Release::parse(&self.effective.version).is_some_and(|release| release < Release::new(5, 0, 0));
        let mode = match self.cluster.mode {
            Mode::ActingMaster => "acting-master",
            Mode::Controller => "controller",
            Mode::MasterSlave | Mode::Dledger => return None,
        };
        let message = format!("RocketMQ {} has no mode {mode}: it came with 5.0", self.effective.version);
        is_old.then(|| problem("cluster", "mode", message, "BrokerConfig at 4.9.8 and 5.0.0"))
    }

    fn contradicted_mode(&self) -> Vec<Problem> {
        let mode = self.setup.cluster.deployment.as_ref().map_or("master-slave", |deployment| &deployment.mode);
        let contradicts = |(key, of, word): (&'static str, Mode, &str)| {
            let is_it = self.cluster.mode == of;
            let message = match self.effective.text("broker", key)? {
                "true" if !is_it => format!("`{key}=true` is cluster.mode: {word}, and the scenario has {mode}"),
                "false" if is_it => format!("cluster.mode: {mode} needs `{key}=true`, and it is false"),
                _ => return None,
            };
            Some(problem("broker", key, message, "BrokerConfig, MessageStoreConfig at develop 8fc57f1"))
        };
        MODE_KEYS.into_iter().filter_map(contradicts).collect()
    }

    fn two_ways_of_electing(&self) -> Option<Problem> {
        let both =
            self.says("broker", "enableControllerMode", "true") && self.says("broker", "enableDLegerCommitLog", "true");
        let message = "`enableControllerMode` and `enableDLegerCommitLog` cannot both be true: the broker exits";
        let source = "BrokerStartup.buildBrokerController at develop 8fc57f1";
        both.then(|| problem("broker", "enableControllerMode", message.to_owned(), source))
    }

    /// Who is the master is the controller's or DLedger's to say; anywhere else `broker` is about masters.
    fn master_that_is_a_slave(&self) -> Option<Problem> {
        let is_fixed = match self.cluster.mode {
            Mode::MasterSlave | Mode::ActingMaster => true,
            Mode::Controller | Mode::Dledger => false,
        };
        let message = "`broker` is about the masters of the groups, and a SLAVE is none: slaves are `cluster.slaves`, \
                       and what they have otherwise is set in `slave`";
        let source = "BrokerStartup.buildBrokerController at develop 8fc57f1: the broker with id 0 is the master";
        let is_slave = is_fixed && self.says("broker", "brokerRole", "SLAVE");
        is_slave.then(|| problem("broker", "brokerRole", message.to_owned(), source))
    }

    fn controllers_of_nobody(&self) -> Vec<Problem> {
        if self.cluster.mode == Mode::Controller {
            return Vec::new();
        }
        let is_chosen = |key: &str, default: Option<&str>| {
            self.effective.is_set("controller", key) && self.effective.text("controller", key) != default
        };
        let of_controllers = SETTINGS.iter().filter(|setting| setting.section == "controller" && setting.modelled);
        let chosen = of_controllers.filter(|setting| {
            is_chosen(setting.key, setting.default_in(&self.effective.version, crate::release::VERSIONS))
        });
        let mut problems: Vec<Problem> = chosen
            .map(|setting| {
                let message = "no controller is there outside of cluster.mode: controller".to_owned();
                problem("controller", setting.key, message, setting.source)
            })
            .collect();
        if self.says("namesrv", "enableControllerInNamesrv", "true") {
            let message = "nameservers with a controller inside belong to cluster.mode: controller".to_owned();
            problems.push(problem(
                "namesrv",
                "enableControllerInNamesrv",
                message,
                "NamesrvStartup.controllerManagerMain at develop 8fc57f1",
            ));
        }
        problems
    }

    /// Texts that are read only when the broker runs.
    fn unreadable(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for section in ["broker", "slave"] {
            if let Some(text) = self.effective.text(section, "messageDelayLevel").filter(|text| delays(text).is_none())
            {
                let message = format!(
                    "`{text}` is no list of delays such as `1s 5s 1m 2h`, one space apart: the broker does not start"
                );
                let source = "ScheduleMessageService.parseDelayLevel, DefaultMessageStore.load at develop 8fc57f1";
                problems.push(problem(section, "messageDelayLevel", message, source));
            }
            if let Some(text) = self.effective.text(section, "deleteWhen").filter(|text| hours(text).is_none()) {
                let message = format!("`{text}` is no hour from 00 to 23, or several with ; between them");
                problems.push(problem(section, "deleteWhen", message, "UtilAll.isItTimeToDo at develop 8fc57f1"));
            }
        }
        problems
    }
}
