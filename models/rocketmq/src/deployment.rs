//! How brokers form groups, in the words of a scenario.

use ackproof_core::setup::{Deployment, Setup};

use crate::config::{ClusterConfig, Mode};

/// The words for `cluster.mode`.
pub const MODES: &[&str] = &["master-slave", "acting-master", "controller", "dledger"];

impl Mode {
    /// Of one of the words for `cluster.mode`.
    pub fn named(word: &str) -> Option<Mode> {
        match word {
            "master-slave" => Some(Mode::MasterSlave),
            "acting-master" => Some(Mode::ActingMaster),
            "controller" => Some(Mode::Controller),
            "dledger" => Some(Mode::Dledger),
            _ => None,
        }
    }
}

/// What a scenario has that says nothing of its machines: a master and its slave, known to two nameservers.
pub(crate) fn standard() -> Deployment {
    Deployment { mode: "master-slave".to_owned(), groups: 1, slaves: 1, nameservers: 2, controllers: 3 }
}

/// The machines of a run. A word for the mode that is none was refused before.
pub(crate) fn cluster(setup: &Setup) -> ClusterConfig {
    let standard = standard();
    let deployment = setup.cluster.deployment.as_ref().unwrap_or(&standard);
    let mode = Mode::named(&deployment.mode).unwrap_or(Mode::MasterSlave);
    ClusterConfig {
        mode,
        groups: deployment.groups,
        slaves: deployment.slaves,
        nameservers: deployment.nameservers,
        controllers: match mode {
            Mode::Controller => deployment.controllers,
            Mode::MasterSlave | Mode::ActingMaster | Mode::Dledger => 0,
        },
        producers: setup.workload.producers,
        consumers: setup.workload.consumers,
    }
}
