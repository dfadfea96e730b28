//! The tree of a YAML text, each part with its place, and how the sections of a scenario are read from it.

use crate::diagnostics::{Diagnostics, Place};

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub place: Place,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub place: Place,
    pub text: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number {
        number: serde_yaml::Number,
        /// As it is written.
        text: String,
    },
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// What it is, as an error says it.
    pub fn what(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "true or false",
            Content::Number { .. } => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }
    /// A single value as it is written; `None` for nothing, a list or a map.
    pub fn scalar(&self) -> Option<String> {
        match &self.content {
            Content::Bool(flag) => Some(flag.to_string()),
            Content::Number { text, .. } => Some(text.clone()),
            Content::Text(text) => Some(text.clone()),
            Content::Null | Content::List(_) | Content::Map(_) => None,
        }
    }
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node),
            Content::Null | Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::List(_) => None,
        }
    }

    /// The entries of a map; `what` is how the error calls it.
    pub fn map(&self, what: &str, out: &mut Diagnostics) -> Option<&[(Key, Node)]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            Content::Null => {
                out.error(self.place, format!("{what} has nothing in it"));
                None
            }
            Content::Bool(_) | Content::Number { .. } | Content::Text(_) | Content::List(_) => {
                out.error(self.place, format!("{what} is a map of keys and values, not {}", self.what()));
                None
            }
        }
    }
    /// The items of a list; a single value is an error that says how to make a list of it.
    pub fn list(&self, what: &str, out: &mut Diagnostics) -> Option<&[Node]> {
        if let Content::List(items) = &self.content {
            return Some(items);
        }
        let error = out.error(self.place, format!("{what} is a list, not {}", self.what()));
        if let Some(text) = self.scalar() {
            error.help(format!("write `[{text}]`"));
        }
        None
    }
    /// A single value as text.
    pub fn word(&self, what: &str, out: &mut Diagnostics) -> Option<String> {
        let word = self.scalar();
        if word.is_none() {
            out.error(self.place, format!("{what} is a single value, not {}", self.what()));
        }
        word
    }
    /// A whole number between two bounds, both included.
    pub fn whole(&self, what: &str, min: u64, max: u64, out: &mut Diagnostics) -> Option<u64> {
        let found = match &self.content {
            Content::Number { number, text } => match number.as_u64() {
                Some(value) if (min..=max).contains(&value) => return Some(value),
                Some(_) | None => format!("`{text}`"),
            },
            Content::Text(text) => format!("`{text}`"),
            Content::Null | Content::Bool(_) | Content::List(_) | Content::Map(_) => self.what().to_owned(),
        };
        let allowed = if max == u64::MAX { format!("{min} or more") } else { format!("from {min} to {max}") };
        out.error(self.place, format!("{what} is a whole number, {allowed}, not {found}"));
        None
    }
}

/// The keys of one map: each is taken by whoever knows it, and what nobody took is an error.
pub(crate) struct Fields<'n> {
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
    what: &'static str,
}

impl<'n> Fields<'n> {
    /// `what` names the map in errors: "a scenario", "`cluster`".
    pub fn of(node: &'n Node, what: &'static str, out: &mut Diagnostics) -> Option<Fields<'n>> {
        Some(Fields { entries: node.map(what, out)?, known: Vec::new(), what })
    }
    pub fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.take_entry(key).map(|(_, node)| node)
    }
    pub fn take_entry(&mut self, key: &'static str) -> Option<(&'n Key, &'n Node)> {
        self.known.push(key);
        self.entries.iter().find(|(k, _)| k.text == key).map(|(key, node)| (key, node))
    }
    /// What nobody has taken.
    pub fn rest(&self) -> impl Iterator<Item = (&'n Key, &'n Node)> + use<'n, '_> {
        self.entries.iter().filter(|(key, _)| !self.known.contains(&key.text.as_str())).map(|(key, node)| (key, node))
    }
    /// Reports what nobody has taken.
    pub fn finish(self, out: &mut Diagnostics) {
        for (key, _) in self.rest() {
            unknown_key(key, self.what, self.known.iter().copied(), out);
        }
    }
}

pub(crate) fn unknown_key<'w>(key: &Key, what: &str, known: impl IntoIterator<Item = &'w str>, out: &mut Diagnostics) {
    let error = out.error(key.place, format!("unknown key `{}` in {what}", key.text));
    if key.text == "<<" {
        error.help("merge keys are not supported: write the keys out");
    } else {
        error.suggest(&key.text, known);
    }
}
