//! Something that can be varied: one of the broker's settings, or a key of the sections beside them.

use ackproof_core::setting::{Effective, Setting, SettingName, ValueSource};
use ackproof_core::setup::Setup;

use crate::catalogue::{Catalogue, Meant, name_of};
use crate::config;
use crate::diagnostics::{Diagnostics, Place, nearest};
use crate::node::{Content, Node};
use crate::setup::{self, SetupKey};
use crate::yaml;

#[derive(Copy, Clone)]
pub(crate) enum Target {
    Setting(&'static Setting),
    Setup(&'static SetupKey),
}

/// A value for a target: in the form that rows are compared by, and as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub text: String,
    pub node: Node,
}

impl Target {
    /// What a key written without its section, or with it, stands for.
    pub fn named(written: &str, place: Place, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<Target> {
        if let Some(key) = setup::key_at(written) {
            return key.is_of(catalogue.broker, place, out).then_some(Target::Setup(key));
        }
        if let Meant::Nothing = catalogue.resolve(written)
            && let Some(near) = nearest(written, setup::KEYS.iter().map(|key| key.path))
        {
            out.error(
                place,
                format!("`{written}` is neither a setting of {} nor a key of a scenario", catalogue.broker.name()),
            )
            .help(format!("did you mean `{near}`?"));
            return None;
        }
        catalogue.require(written, place, out).map(Target::Setting)
    }

    /// As an axis, a condition or `--set`, where a setting without effect is a mistake.
    pub fn acting(written: &str, place: Place, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<Target> {
        let target = Target::named(written, place, catalogue, out)?;
        if let Target::Setting(setting) = target
            && !setting.modelled
        {
            let message = format!("`{written}` is not modelled: to vary it would show nothing");
            out.error(place, message).note(setting.effect);
            return None;
        }
        Some(target)
    }

    /// `producer.acks`, `app.consumer.ack`.
    pub fn name(self) -> String {
        match self {
            Target::Setting(setting) => name_of(setting).to_string(),
            Target::Setup(key) => key.path.to_owned(),
        }
    }
    pub fn setting_name(self) -> Option<SettingName> {
        match self {
            Target::Setting(setting) => Some(name_of(setting)),
            Target::Setup(_) => None,
        }
    }
    /// Whether a user who writes this word means this target.
    pub fn answers_to(self, written: &str) -> bool {
        match self {
            Target::Setting(setting) => {
                let key = written
                    .strip_prefix(setting.section)
                    .and_then(|rest| rest.strip_prefix('.'))
                    .filter(|rest| *rest == setting.key || setting.aliases.contains(rest));
                key.is_some() || setting.key == written || setting.aliases.contains(&written)
            }
            Target::Setup(key) => key.path == written,
        }
    }

    pub fn read(self, node: &Node, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<Choice> {
        let text = match self {
            Target::Setting(setting) => config::read_value(setting, setting.key, node, catalogue, out)?,
            Target::Setup(key) => {
                let (mut scratch, errors) = (catalogue.broker.setup(), out.error_count());
                key.read_for(Some(catalogue.broker), node, &mut scratch, out);
                (out.error_count() == errors).then(|| key.text(&scratch))?
            }
        };
        Some(Choice { text, node: node.clone() })
    }
    /// One value, or a list of which any will do.
    pub fn read_any(self, node: &Node, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<Vec<Choice>> {
        match &node.content {
            Content::List(items) => items.iter().map(|item| self.read(item, catalogue, out)).collect(),
            Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::Map(_) => {
                Some(vec![self.read(node, catalogue, out)?])
            }
        }
    }

    /// Puts a choice, which has been read without an error, into force.
    pub fn apply(self, choice: &Choice, source: ValueSource, effective: &mut Effective, setup: &mut Setup) {
        match self {
            Target::Setting(setting) => effective.set(name_of(setting), choice.text.clone(), source),
            Target::Setup(key) => key.apply(&choice.node, setup, &mut Diagnostics::default()),
        }
    }
    /// The value in force.
    pub fn text(self, effective: &Effective, setup: &Setup) -> Option<String> {
        match self {
            Target::Setting(setting) => effective.text(setting.section, setting.key).map(str::to_owned),
            Target::Setup(key) => Some(key.text(setup)),
        }
    }
}

/// A value fixed on the command line: it wins over everything.
#[derive(Clone)]
pub(crate) struct Fixed {
    pub target: Target,
    pub choice: Choice,
}

impl Fixed {
    /// Reads `key=value`.
    pub fn parse(given: &str, catalogue: Catalogue<'_>, out: &mut Diagnostics) -> Option<Fixed> {
        let whole = out.add_source("--set", given);
        let Some((key, value)) = given.split_once('=') else {
            out.error(whole, "expected key=value").help("as in --set acks=all");
            return None;
        };
        let target = Target::acting(key.trim(), whole.within(0, key.len()), catalogue, out)?;
        let node = value_node(value, whole.within(key.len() + 1, given.len()), out)?;
        let choice = target.read(&node, catalogue, out)?;
        Some(Fixed { target, choice })
    }
}

/// A value given in a word on the command line, with the place of the word for all its parts.
pub(crate) fn value_node(value: &str, place: Place, out: &mut Diagnostics) -> Option<Node> {
    if value.trim().is_empty() {
        return Some(Node { place, content: Content::Text(String::new()) });
    }
    let mut aside = Diagnostics::default();
    let whole = aside.add_source("", value);
    match yaml::parse(value, whole, &mut aside) {
        Some(mut node) => {
            settle(&mut node, place);
            Some(node)
        }
        None => {
            out.error(place, format!("`{value}` is not a value"));
            None
        }
    }
}

fn settle(node: &mut Node, place: Place) {
    node.place = place;
    match &mut node.content {
        Content::List(items) => items.iter_mut().for_each(|item| settle(item, place)),
        Content::Map(entries) => {
            for (key, node) in entries {
                key.place = place;
                settle(node, place);
            }
        }
        Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) => {}
    }
}
