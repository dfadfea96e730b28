//! What brokers of the same role have in common, and what slaves have otherwise than their master.

use std::collections::BTreeSet;

use ackproof_core::setting::Setting;
use ackproof_core::surroundings::Fleet;

use super::{BrokerFile, Entry, Member, Seat, is_slave};
use crate::catalogue::name_of;
use crate::import::{Session, Written};

/// What the brokers of one role have for a key.
struct Common<'f> {
    /// In the form that the model reads; `None` for a key without a default that nobody sets.
    value: Option<String>,
    /// The first that says it.
    said: Option<(&'f BrokerFile, &'f Entry)>,
}

impl Session<'_> {
    /// Puts into force what masters say, and what slaves say otherwise.
    pub(super) fn put_alike(&mut self, fleet: &Fleet, members: &[Member<'_>]) {
        let (slaves, masters): (Vec<&Member<'_>>, Vec<&Member<'_>>) = members.iter().partition(|m| is_slave(m));
        let keys: BTreeSet<&str> =
            members.iter().flat_map(|member| member.file.entries.keys().map(String::as_str)).collect();
        for key in keys {
            let Some(setting) = self.catalogue.find(fleet.section, key) else { continue };
            if fleet.own.contains(&key) || !setting.modelled {
                self.look_at(fleet, setting, key, members);
                continue;
            }
            let of_masters = self.common(fleet, setting, key, &masters);
            let of_slaves = self.common(fleet, setting, key, &slaves);
            if let Some((file, entry)) = of_masters.said {
                self.put_entry(file, key, entry, setting);
            }
            if !slaves.is_empty() && key != fleet.role && of_slaves.value != of_masters.value {
                self.put_of_slaves(fleet, key, &of_slaves, &slaves);
            }
        }
    }

    fn put_entry(&mut self, file: &BrokerFile, key: &str, entry: &Entry, setting: &'static Setting) {
        let (value, key_place, value_place) = (entry.value.as_str(), entry.key_place, entry.value_place);
        self.put(&file.name, &Written { key, value, key_place, value_place }, setting);
    }

    /// What says who a broker is has been understood, and needs no more than a valid value; the rest is noted.
    fn look_at(&mut self, fleet: &Fleet, setting: &'static Setting, key: &str, members: &[Member<'_>]) {
        for member in members {
            let Some(entry) = member.file.entries.get(key) else { continue };
            let is_heeded = self.catalogue.broker.heeds(setting);
            match fleet.own.contains(&key) && !is_heeded {
                true => drop(self.catalogue.check(setting, &entry.value, entry.value_place, self.out)),
                false => self.put_entry(member.file, key, entry, setting),
            }
        }
    }

    /// The value that all of them have; one that differs is an error at the second.
    fn common<'f>(
        &mut self,
        fleet: &Fleet,
        setting: &'static Setting,
        key: &str,
        members: &[&Member<'f>],
    ) -> Common<'f> {
        let default = setting.default_in(self.catalogue.version, self.catalogue.broker.versions());
        let is_role = |member: &Member<'_>| key == fleet.role && member.standing.seat != Seat::Master;
        let mut common: Option<(Option<String>, &BrokerFile)> = None;
        let mut said: Option<(&'f BrokerFile, &'f Entry)> = None;
        for member in members.iter().filter(|member| !is_role(member)) {
            let entry = member.file.entries.get(key);
            let value = match entry {
                Some(entry) => match self.catalogue.check(setting, &entry.value, entry.value_place, self.out) {
                    Some(value) => Some(value),
                    None => continue,
                },
                None => default.map(str::to_owned),
            };
            said = said.or(entry.map(|entry| (member.file, entry)));
            match &common {
                None => common = Some((value, member.file)),
                Some((first, _)) if *first == value => {}
                Some((first, file)) => {
                    let first = (first.clone(), *file);
                    self.report_difference(key, (&first.0, first.1), (&value, member.file));
                }
            }
        }
        Common { value: common.map_or(default.map(str::to_owned), |(value, _)| value), said }
    }

    fn report_difference(
        &mut self,
        key: &str,
        (first, first_file): (&Option<String>, &BrokerFile),
        (second, second_file): (&Option<String>, &BrokerFile),
    ) {
        let says = |value: &Option<String>, file: &BrokerFile| {
            let value = value.as_deref().unwrap_or("nothing");
            match file.entries.contains_key(key) {
                true => format!("`{value}`"),
                false => format!("left at its default `{value}`"),
            }
        };
        let (here, there) = (second_file.place(key), first_file.place(key));
        let message = format!(
            "`{key}` is {} in {} and {} in {}: brokers of the same role are alike in a run",
            says(second, second_file),
            self.line_of(here),
            says(first, first_file),
            self.line_of(there)
        );
        self.out.error(here, message).also(there, "the other");
    }

    /// A value of slaves that their master does not have; a key that they leave out has its default.
    fn put_of_slaves(&mut self, fleet: &Fleet, key: &str, common: &Common<'_>, slaves: &[&Member<'_>]) {
        let Some(first) = slaves.first() else { return };
        let place = common.said.map_or(first.file.place(""), |(_, entry)| entry.key_place);
        let Some(setting) = self.catalogue.find(fleet.of_slaves, key) else {
            self.remark(place, format!("`{key}` is taken from the master: slaves cannot have their own here"));
            return;
        };
        match (common.said, &common.value) {
            (Some((file, entry)), _) => self.put_entry(file, key, entry, setting),
            (None, Some(value)) => {
                let entry = Entry { value: value.clone(), key_place: place, value_place: place };
                self.put_entry(first.file, key, &entry, setting);
                let name = name_of(setting).to_string();
                self.remark(
                    place,
                    format!("{name} is the default, {value}: the file leaves it out, and the master's does not"),
                );
            }
            (None, None) => {}
        }
    }
}
