//! Rows for the tests of settings.

use ackproof_core::model::Broker;
use ackproof_core::setting::{Effective, SettingName, ValueSource};
use ackproof_core::setup::Setup;

use crate::describe::ROCKETMQ;

/// A row that somebody chose some values of.
#[derive(Clone)]
pub(crate) struct Bench {
    pub effective: Effective,
    pub setup: Setup,
}

impl Bench {
    pub fn of(version: &str) -> Bench {
        let effective = Effective::defaults(version, "java", ROCKETMQ.versions(), ROCKETMQ.settings());
        Bench { effective, setup: ROCKETMQ.setup() }
    }
    pub fn in_mode(mut self, mode: &str, slaves: u8) -> Bench {
        let deployment = self.setup.cluster.deployment.as_mut().expect("it has groups");
        (deployment.mode, deployment.slaves) = (mode.to_owned(), slaves);
        self
    }
    /// `broker.flushDiskType=SYNC_FLUSH`, several with spaces between them.
    pub fn with(mut self, values: &str) -> Bench {
        for pair in values.split(' ') {
            let (name, value) = pair.split_once('=').expect("a name and a value");
            let (section, key) = name.split_once('.').expect("a section and a key");
            let is_known = ROCKETMQ.settings().iter().any(|setting| (setting.section, setting.key) == (section, key));
            assert!(is_known, "{name} is no setting");
            self.effective.set(SettingName::new(section, key), value, ValueSource::Scenario { line: 1 });
        }
        self
    }
    pub fn setting(mut self, set: impl FnOnce(&mut Setup)) -> Bench {
        set(&mut self.setup);
        self
    }
    /// What is refused: name and message.
    pub fn refused(&self) -> Vec<String> {
        let problems = ROCKETMQ.refuse(&self.effective, &self.setup);
        problems.into_iter().map(|problem| format!("{}: {}", problem.name, problem.message)).collect()
    }
    pub fn traps(&self) -> Vec<&'static str> {
        ROCKETMQ.traps(&self.effective, &self.setup).into_iter().map(|trap| trap.id).collect()
    }
    /// Why a setting has no effect, `None` where it has.
    pub fn why(&self, name: &str) -> Option<String> {
        let inert = ROCKETMQ.inert(&self.effective, &self.setup);
        inert.into_iter().find(|inert| inert.name.to_string() == name).map(|inert| inert.why)
    }
}
