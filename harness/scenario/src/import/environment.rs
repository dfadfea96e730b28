//! Variables of a container: `.env` files, and what each variable sets.

use ackproof_core::setting::Setting;
use ackproof_core::surroundings::Image;

use super::containers::Container;
use super::{File, Session};
use crate::diagnostics::{Diagnostics, Place};

/// One variable. `value` is `None` where it is taken from whoever starts the container.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub name: String,
    pub value: Option<String>,
    pub place: Place,
    pub value_place: Place,
}

/// `.env`, `kafka.env`, `.env.prod`.
pub(super) fn is_one(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    file.ends_with(".env") || file.starts_with(".env.")
}

/// Reads lines of `NAME=value`; bad ones are added to `out` and left out.
pub(super) fn parse(text: &str, whole: Place, out: &mut Diagnostics) -> Vec<Variable> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        let content = content.trim_start();
        let (shift, content) = match content.strip_prefix("export ") {
            Some(rest) => (indent + "export ".len(), rest),
            None => (indent, content),
        };
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let begin = at + shift;
        let place = whole.within(begin, begin + content.len());
        let (name, value) = content.split_once('=').map_or((content, None), |(name, value)| (name, Some(value)));
        let name = name.trim_end();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if name.is_empty() || !name.chars().all(is_name) {
            out.error(place, "not a line of an environment file").help("as in NAME=value");
            continue;
        }
        let name_place = whole.within(begin, begin + name.len());
        let value_place = value.map_or(name_place, |value| place.within(place.end - value.len(), place.end));
        found.push(Variable { name: name.to_owned(), value: value.map(unquoted), place: name_place, value_place });
    }
    found
}

/// Without quotes, or without the comment behind a value that has none.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote)
            && let Some((inner, _)) = rest.split_once(quote)
        {
            return inner.to_owned();
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end().to_owned()
}

/// What a variable is to one image.
pub(super) enum Meaning {
    /// No setting: for the image's scripts, or for somebody else.
    Nothing,
    Key(String),
    Either(Vec<String>),
}

pub(super) fn meaning(variable: &str, image: &Image, tag: &str) -> Meaning {
    let is_for_scripts = |script: &&str| match script.strip_suffix('*') {
        Some(start) => variable.starts_with(start),
        None => variable == *script,
    };
    let Some(rest) = variable.strip_prefix(image.prefix) else { return Meaning::Nothing };
    if rest.is_empty() || image.scripts.iter().any(is_for_scripts) {
        return Meaning::Nothing;
    }
    let mut keys = (image.keys)(rest, tag);
    match keys.len() {
        0 | 1 => keys.pop().map_or(Meaning::Nothing, Meaning::Key),
        _ => Meaning::Either(keys),
    }
}

impl Session<'_> {
    /// Takes an environment file's variables for placeholders in other files.
    pub(super) fn learn_variables(&mut self, file: File<'_>) {
        // What is wrong with it is said when its turn comes.
        for variable in parse(file.text, file.whole, &mut Diagnostics::default()) {
            if let Some(value) = variable.value {
                self.variables.insert(variable.name, value);
            }
        }
    }

    /// Reads an environment file as that of a container.
    pub(super) fn read_environment(&mut self, file: File<'_>) {
        let variables = parse(file.text, file.whole, self.out);
        if variables.is_empty() {
            self.out.warning(Some(file.whole.within(0, 0)), format!("`{}` sets nothing", file.name));
            return;
        }
        self.spring_variables.push((file.name.to_owned(), variables.clone()));
        let prefixes = self.catalogue.broker.surroundings().prefixes;
        let of_a_broker = |variable: &&Variable| prefixes.iter().any(|prefix| variable.name.starts_with(prefix));
        let Some(first) = variables.iter().find(of_a_broker) else { return };
        let place = first.place;
        let image = match &file.hints.image {
            Some(image) => image.clone(),
            // Placeholders of the files beside it are what it is for, then.
            None if self.is_beside_others => return,
            None => String::new(),
        };
        let container = Container { name: file.name.to_owned(), image, place, variables, count: 1, is_tool: false };
        self.read_containers(file, vec![container]);
    }

    /// The setting of this key that a container may set.
    pub(super) fn container_setting(&self, key: &str) -> Option<&'static Setting> {
        self.catalogue.find(self.catalogue.broker.surroundings().section, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_kind_are_read_and_placed() {
        let text = "# note\nA=1\nexport B = \"two words\" # x\n\nC='#3'\nD\nE=4 # four\nno name=5\n";
        let mut out = Diagnostics::default();
        let whole = out.add_source(".env", text);
        let found = parse(text, whole, &mut out);
        let shown: Vec<(&str, Option<&str>, u32)> = found
            .iter()
            .map(|variable| (variable.name.as_str(), variable.value.as_deref(), out.line(variable.place)))
            .collect();
        let expected = [
            ("A", Some("1"), 2),
            ("B", Some("two words"), 3),
            ("C", Some("#3"), 5),
            ("D", None, 6),
            ("E", Some("4"), 7),
        ];
        assert_eq!(shown, expected);
        assert!(out.to_string().contains(".env:8:1"), "{out}");
        assert!(is_one("deploy/.env") && is_one("kafka.env") && is_one(".env.prod") && !is_one("environment.yml"));
    }
}
