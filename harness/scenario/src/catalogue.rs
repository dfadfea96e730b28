//! A broker's settings as a scenario names them: by section and key, or by key alone where only one can be meant.

use ackproof_core::model::Broker;
use ackproof_core::setting::{Effective, Setting, SettingName};

use crate::diagnostics::{Diagnostic, Diagnostics, Place, nearest};
use crate::secret;

/// One broker in one version with one client library.
#[derive(Copy, Clone)]
pub(crate) struct Catalogue<'b> {
    pub broker: &'b dyn Broker,
    pub version: &'static str,
    pub client: &'static str,
}

/// What a key without a section stands for.
pub(crate) enum Meant {
    One(&'static Setting),
    /// Several settings, none more likely than the others.
    Ambiguous(Vec<&'static Setting>),
    Nothing,
}

impl<'b> Catalogue<'b> {
    /// By any of its spellings; a key that ends in `*` in the table stands for all that begin so.
    pub fn find(&self, section: &str, key: &str) -> Option<&'static Setting> {
        let matches = |setting: &&Setting| {
            setting.section == section
                && (setting.key == key
                    || setting.aliases.contains(&key)
                    || setting.key.strip_suffix('*').is_some_and(|start| key.starts_with(start)))
        };
        self.settings().iter().find(matches)
    }

    /// Every setting known to this client.
    pub fn settings(&self) -> &'static [Setting] {
        self.broker.settings_of(self.client)
    }

    /// Every default of this version and client.
    pub fn defaults(&self) -> Effective {
        Effective::defaults(self.version, self.client, self.broker.versions(), self.settings())
    }

    /// The same broker with each of its other clients.
    fn others(self) -> impl Iterator<Item = Catalogue<'b>> {
        let clients = self.broker.clients().iter().copied().filter(move |client| *client != self.client);
        clients.map(move |client| Catalogue { client, ..self })
    }

    /// What to say of a setting that only other clients have, found by each of them with `has`.
    fn of_another_client(&self, written: &str, has: impl Fn(&Catalogue<'b>) -> bool) -> Option<String> {
        let clients: Vec<&str> = self.others().filter(has).map(|other| other.client).collect();
        let client = self.client;
        (!clients.is_empty())
            .then(|| format!("`{written}` is a setting of the client {}, not of {client}", clients.join(" and ")))
    }

    /// `acks` or `producer.acks`.
    pub fn resolve(&self, written: &str) -> Meant {
        let sections = self.broker.sections();
        let mut found: Vec<&'static Setting> = Vec::new();
        if let Some((section, key)) = written.split_once('.') {
            found.extend(self.find(section, key).filter(|_| sections.contains(&section)));
        }
        found.extend(sections.iter().filter_map(|section| self.find(section, written)));
        if found.iter().any(|setting| setting.modelled) {
            found.retain(|setting| setting.modelled);
        }
        for (winner, loser) in self.broker.replacing_sections() {
            if found.iter().any(|setting| setting.section == *winner) {
                found.retain(|setting| setting.section != *loser);
            }
        }
        match found.len() {
            0 => Meant::Nothing,
            1 => Meant::One(found[0]),
            _ => Meant::Ambiguous(found),
        }
    }

    /// As [`Catalogue::resolve`], with an error that says what could have been meant.
    pub fn require(&self, written: &str, place: Place, out: &mut Diagnostics) -> Option<&'static Setting> {
        match self.resolve(written) {
            Meant::One(setting) => Some(setting),
            Meant::Ambiguous(several) => {
                let names: Vec<String> = several.iter().map(|s| format!("`{}.{}`", s.section, s.key)).collect();
                out.error(place, format!("`{written}` is in several sections"))
                    .help(format!("write {}", names.join(" or ")));
                None
            }
            Meant::Nothing => {
                let elsewhere =
                    self.of_another_client(written, |other| !matches!(other.resolve(written), Meant::Nothing));
                let error = out.error(place, format!("{} has no setting `{written}`", self.broker.name()));
                match elsewhere.or_else(|| self.near(written).map(|near| format!("did you mean `{near}`?"))) {
                    Some(help) => error.help(help),
                    None => error.help(self.where_to_look()),
                };
                None
            }
        }
    }

    /// Reports a key that a section does not have.
    pub fn report_unknown<'d>(
        &self,
        section: &str,
        key: &str,
        place: Place,
        out: &'d mut Diagnostics,
    ) -> &'d mut Diagnostic {
        let broker = self.broker;
        let error = out.error(place, format!("{} has no {section} setting `{key}`", broker.name()));
        let elsewhere: Vec<&str> =
            broker.sections().iter().copied().filter(|other| self.find(other, key).is_some()).collect();
        if !elsewhere.is_empty() {
            return error.help(format!("`{key}` belongs to `{}`", elsewhere.join("` or `")));
        }
        if let Some(help) = self.of_another_client(key, |other| other.find(section, key).is_some()) {
            return error.help(help);
        }
        match self.nearest(section, key) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(self.where_to_look()),
        }
    }

    /// The key of a section that was probably meant.
    pub fn nearest(&self, section: &str, key: &str) -> Option<&'static str> {
        nearest(key, self.spellings(Some(section)))
    }

    fn where_to_look(&self) -> String {
        let name = self.broker.name();
        match self.broker.clients().first() {
            Some(default) if *default != self.client => {
                format!("`ackproof list settings {name} --client {}` shows all", self.client)
            }
            Some(_) | None => format!("`ackproof list settings {name}` shows all"),
        }
    }

    /// The value in the form that the model reads, or an error with what is allowed. A secret is not looked at.
    pub fn check(&self, setting: &Setting, text: &str, place: Place, out: &mut Diagnostics) -> Option<String> {
        if ackproof_core::setting::is_secret(setting.key) {
            return Some(secret::HIDDEN.to_owned());
        }
        let versions = self.broker.versions();
        if let Some(since) = setting.comes_after(self.version, versions) {
            let message = format!("{} {} does not have `{}` yet", self.broker.name(), self.version, setting.key);
            out.error(place, message).help(format!("it came with {since}"));
            return None;
        }
        match setting.kind.normalise(text) {
            Ok(value) => Some(value),
            Err(allowed) => {
                let unit = if setting.unit.is_empty() { String::new() } else { format!(" ({})", setting.unit) };
                out.error(place, format!("`{text}` is no value of `{}`", setting.key))
                    .label(format!("{allowed}{unit}"));
                None
            }
        }
    }

    /// The setting that was probably meant, spelled with its section if `written` is.
    fn near(&self, written: &str) -> Option<String> {
        if let Some((section, key)) = written.split_once('.')
            && self.broker.sections().contains(&section)
            && let Some(near) = nearest(key, self.spellings(Some(section)))
        {
            return Some(format!("{section}.{near}"));
        }
        nearest(written, self.spellings(None)).map(str::to_owned)
    }

    fn spellings(&self, section: Option<&str>) -> impl Iterator<Item = &'static str> {
        let wanted: Vec<&'static Setting> =
            self.settings().iter().filter(|setting| section.is_none_or(|s| s == setting.section)).collect();
        wanted.into_iter().flat_map(|setting| std::iter::once(setting.key).chain(setting.aliases.iter().copied()))
    }
}

pub(crate) fn name_of(setting: &Setting) -> SettingName {
    SettingName::new(setting.section, setting.key)
}
