//! Settings without effect in a row: two rows that differ in nothing else are one row.

mod brokers;
mod clients;

use ackproof_core::setting::{Effective, Inert, SettingName};
use ackproof_core::setup::Setup;

use crate::config::{Config, Mode};
use crate::settings::SETTINGS;

/// Why a setting makes no difference.
type Why = &'static str;

/// Everything without effect, with the reason.
pub fn inert(effective: &Effective, setup: &Setup) -> Vec<Inert> {
    let config = Config::from_effective(effective, setup);
    let mut found = brokers::inert(effective, &config);
    found.extend(clients::inert(setup, &config));
    found.extend(of_controllers(&config));
    found.retain(|inert| inert.name.section == "cluster" || inert.name.section == "app" || has(effective, inert));
    found
}

fn has(effective: &Effective, inert: &Inert) -> bool {
    effective.text(&inert.name.section, &inert.name.key).is_some()
}

fn inert_of(section: &str, key: &str, why: Why) -> Inert {
    Inert { name: SettingName::new(section, key), why: why.to_owned() }
}

fn of_controllers(config: &Config) -> Vec<Inert> {
    match config.cluster.mode {
        Mode::Controller => Vec::new(),
        Mode::MasterSlave | Mode::ActingMaster | Mode::Dledger => {
            let why = "only controller mode has controllers";
            let keys = SETTINGS.iter().filter(|setting| setting.section == "controller" && setting.modelled);
            let mut found: Vec<Inert> = keys.map(|setting| inert_of("controller", setting.key, why)).collect();
            found.push(inert_of("cluster", "controllers", why));
            found
        }
    }
}

#[cfg(test)]
mod tests;
