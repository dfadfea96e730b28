//! A cluster told by files, one for each broker: who each is, how many there are, and in what they are alike.
//!
//! What a file's keys say of its broker is the model's ([`Fleet::standing`]). A run has masters that are all alike and
//! slaves that are all alike, so two files that differ in anything else are an error, not a guess.

mod equality;

use std::collections::BTreeMap;

use ackproof_core::surroundings::{Fleet, Seat, Standing};

use super::{Session, Told};
use crate::diagnostics::Place;
use crate::node::{Content, Node};

/// The file of one broker, with the last value of each key.
pub(super) struct BrokerFile {
    pub name: String,
    pub whole: Place,
    pub entries: BTreeMap<String, Entry>,
    /// Whether a scenario names it, among others that belong to its cluster.
    pub is_part: bool,
}

/// One value, where it stands.
#[derive(Clone)]
pub(super) struct Entry {
    pub value: String,
    pub key_place: Place,
    pub value_place: Place,
}

impl BrokerFile {
    /// Where a key stands, or the beginning of the file.
    fn place(&self, key: &str) -> Place {
        self.entries.get(key).map_or(self.whole.within(0, 0), |entry| entry.key_place)
    }
}

/// A broker of the cluster.
struct Member<'f> {
    file: &'f BrokerFile,
    standing: Standing,
}

impl Session<'_> {
    /// Puts the brokers' files together, once all of them are read.
    pub(super) fn muster(&mut self) {
        let files = std::mem::take(&mut self.brokers);
        let Some(fleet) = self.catalogue.broker.surroundings().fleet.filter(|_| !files.is_empty()) else { return };
        let errors = self.out.error_count();
        let mut members = Vec::new();
        for file in &files {
            let texts = file.entries.iter().map(|(key, entry)| (key.as_str(), entry.value.as_str())).collect();
            match (fleet.standing)(&texts) {
                Ok(standing) => members.push(Member { file, standing }),
                Err(misfit) => {
                    self.out.error(file.place(misfit.key), misfit.message).note(format!("source: {}", fleet.source));
                }
            }
        }
        if self.out.error_count() == errors {
            self.check_members(fleet, &members);
        }
        if self.out.error_count() == errors {
            self.tell_cluster(fleet, &members);
            self.put_alike(fleet, &members);
        }
    }

    fn line_of(&self, place: Place) -> String {
        format!("{}:{}", self.out.source_name(place), self.out.line(place))
    }

    /// Whether they can be one cluster.
    fn check_members(&mut self, fleet: &Fleet, members: &[Member<'_>]) {
        let Some((first, others)) = members.split_first() else { return };
        for other in others.iter().filter(|other| other.standing.mode != first.standing.mode) {
            let message = format!(
                "`{}` is a broker of cluster.mode: {}, and `{}` of {}",
                other.file.name, other.standing.mode, first.file.name, first.standing.mode
            );
            self.out.error(place_of_group(fleet, other), message).also(place_of_group(fleet, first), "the other");
        }
        let mut seen: BTreeMap<(&str, &str), &Member<'_>> = BTreeMap::new();
        for member in members {
            let Some(id) = &member.standing.id else { continue };
            let group = &member.standing.group;
            if let Some(before) = seen.insert((group, id), member) {
                let (here, there) = (place_of_id(fleet, member), place_of_id(fleet, before));
                let message = match member.standing.seat {
                    Seat::Master => format!("`{group}` has two masters: here and in {}", self.line_of(there)),
                    Seat::Slave | Seat::Any => {
                        format!("`{group}` has two brokers with the id {id}: here and in {}", self.line_of(there))
                    }
                };
                self.out.error(here, message).also(there, "the other");
            }
        }
        self.check_masters(fleet, members);
        self.check_sizes(fleet, members);
    }

    fn check_masters(&mut self, fleet: &Fleet, members: &[Member<'_>]) {
        for member in members.iter().filter(|member| member.standing.seat == Seat::Slave && member.file.is_part) {
            let is_its = |other: &&Member<'_>| {
                other.standing.group == member.standing.group && other.standing.seat == Seat::Master
            };
            if !members.iter().any(|other| is_its(&other)) {
                let message = format!("a slave of `{}`, and none of the files is its master's", member.standing.group);
                self.out
                    .error(member.file.place(fleet.role), message)
                    .help("name the file of its master in `from` as well");
            }
        }
    }

    fn check_sizes(&mut self, fleet: &Fleet, members: &[Member<'_>]) {
        let groups = groups_of(members);
        let Some((name, first)) = groups.first() else { return };
        for (other, theirs) in groups.iter().skip(1).filter(|(_, theirs)| size_of(theirs) != size_of(first)) {
            let message = format!(
                "`{other}` has {} and `{name}` {} brokers: in a run all groups are alike",
                size_of(theirs),
                size_of(first)
            );
            let (here, there) = (place_of_group(fleet, theirs[0]), place_of_group(fleet, first[0]));
            self.out.error(here, message).also(there, format!("`{name}` begins here"));
        }
        for (name, group) in &groups {
            let told = group.iter().find_map(|member| Some((member, member.standing.members?)));
            if let Some((member, told)) = told.filter(|(_, told)| usize::from(*told) < group.len()) {
                let message = format!("`{name}` has {told} brokers by this file, and {} files", group.len());
                self.out.error(place_of_group(fleet, member), message);
            }
        }
    }

    /// What follows for the scenario's `cluster`. Of one broker's file alone nobody knows whether there are others.
    fn tell_cluster(&mut self, fleet: &Fleet, members: &[Member<'_>]) {
        let groups = groups_of(members);
        let Some(((_, group), last)) = groups.first().zip(members.last()) else { return };
        let is_whole = members.len() > 1 || group[0].standing.members.is_some();
        let place = place_of_group(fleet, last);
        self.tell("cluster.mode", Content::Text(last.standing.mode.to_owned()), place, is_whole);
        self.tell("cluster.groups", number(groups.len()), place, is_whole);
        self.tell("cluster.slaves", number(size_of(group).saturating_sub(1)), place, is_whole);
        for (index, (name, group)) in groups.iter().enumerate() {
            let letter = char::from(b'a' + u8::try_from(index % 26).unwrap_or(0));
            for member in group {
                let seat = match member.standing.seat {
                    Seat::Master => "its master",
                    Seat::Slave => "a slave",
                    Seat::Any => "a broker that may be elected",
                };
                self.remark(place_of_group(fleet, member), format!("`{name}` is group {letter}, and this {seat}"));
            }
        }
    }

    /// Notes what a file says of the scenario's own sections; `is_whole` where a scenario cannot say otherwise.
    pub(super) fn tell(&mut self, path: &'static str, content: Content, place: Place, is_whole: bool) {
        let source = self.source_at(place);
        let told = Told { path, node: Node { place, content }, source, is_whole };
        self.chosen.told.retain(|other| other.path != path);
        self.chosen.told.push(told);
    }

    /// How many addresses a key lists, where a scenario has a key for it.
    pub(super) fn count_addresses(&mut self, section: &str, key: &str, entry: &Entry) {
        let addresses = self.catalogue.broker.surroundings().addresses;
        let Some((.., path)) = addresses.iter().find(|(of, name, _)| (*of, *name) == (section, key)) else { return };
        let count = entry.value.split(';').filter(|address| !address.trim().is_empty()).count();
        if (1..=5).contains(&count) {
            self.tell(path, number(count), entry.key_place, false);
        }
    }
}

fn number(count: usize) -> Content {
    Content::Number { number: count.into(), text: count.to_string() }
}

/// Where a file names its group.
fn place_of_group(fleet: &Fleet, member: &Member<'_>) -> Place {
    let said = fleet.own.iter().filter_map(|key| member.file.entries.get(*key));
    let name = member.standing.group.as_str();
    said.into_iter().find(|entry| entry.value.trim() == name).map_or(member.file.place(""), |entry| entry.key_place)
}

/// Where a file says which broker it is for.
fn place_of_id(fleet: &Fleet, member: &Member<'_>) -> Place {
    let keys = ["brokerId", fleet.role].into_iter().chain(fleet.own.iter().copied());
    let id = member.standing.id.as_deref();
    let said = keys.filter_map(|key| member.file.entries.get(key));
    let by_value = said.clone().find(|entry| Some(entry.value.trim()) == id);
    by_value.map_or(member.file.place(fleet.role), |entry| entry.key_place)
}

/// Groups in the order in which files speak of them.
fn groups_of<'m, 'f>(members: &'m [Member<'f>]) -> Vec<(&'m str, Vec<&'m Member<'f>>)> {
    let mut groups: Vec<(&str, Vec<&Member<'_>>)> = Vec::new();
    for member in members {
        let name = member.standing.group.as_str();
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.push(member),
            None => groups.push((name, vec![member])),
        }
    }
    groups
}

/// Brokers of a group: as many as a file says, else as many as there are files.
fn size_of(group: &[&Member<'_>]) -> usize {
    group.iter().find_map(|member| member.standing.members).map_or(group.len(), usize::from)
}

/// Where the values of a file go.
fn is_slave(member: &Member<'_>) -> bool {
    match member.standing.seat {
        Seat::Slave => true,
        Seat::Master | Seat::Any => false,
    }
}
