//! `${NAME}` in a value, as docker compose and Spring Boot fill it in.

use std::collections::BTreeMap;

/// Whose rules hold.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Style {
    /// `${X}`, `${X:-default}`, `${X-default}`, `$X`; `$$` is a dollar.
    Compose,
    /// `${X:default}`.
    Spring,
}

/// A value with what stood in for its placeholders.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Filled {
    pub text: String,
    /// Names that nobody defines and whose default was taken.
    pub by_default: Vec<String>,
}

/// Defaults may hold placeholders in turn; nobody needs more than this.
const DEPTH_MAX: usize = 8;

/// Fills in what `known` or a default says.
///
/// # Errors
/// The name, or the expression, that nothing is known of.
pub(super) fn fill(text: &str, style: Style, known: &BTreeMap<String, String>) -> Result<Filled, String> {
    let mut filled = Filled { text: String::new(), by_default: Vec::new() };
    expand(text, style, known, DEPTH_MAX, &mut filled)?;
    Ok(filled)
}

fn expand(
    text: &str,
    style: Style,
    known: &BTreeMap<String, String>,
    depth: usize,
    into: &mut Filled,
) -> Result<(), String> {
    let mut rest = text;
    while let Some(at) = rest.find(['$', '#']) {
        into.text.push_str(&rest[..at]);
        let here = &rest[at..];
        if style == Style::Compose && here.starts_with("$$") {
            into.text.push('$');
            rest = &here[2..];
        } else if here.starts_with("${") {
            let end = closing(here).ok_or_else(|| here.to_owned())?;
            replace(&here[2..end], style, known, depth, into)?;
            rest = &here[end + 1..];
        } else if style == Style::Spring && here.starts_with("#{") {
            return Err(here.to_owned());
        } else if style == Style::Compose && here.starts_with('$') && starts_name(&here[1..]) {
            let name: String = here[1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let value = known.get(&name).ok_or_else(|| name.clone())?;
            into.text.push_str(value);
            rest = &here[1 + name.len()..];
        } else {
            into.text.push_str(&here[..1]);
            rest = &here[1..];
        }
    }
    into.text.push_str(rest);
    Ok(())
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Where the brace closes that `${` opens.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 1 => return Some(at),
            b'}' => open = open.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// What stands between the braces.
fn replace(
    inner: &str,
    style: Style,
    known: &BTreeMap<String, String>,
    depth: usize,
    into: &mut Filled,
) -> Result<(), String> {
    let cut = match style {
        Style::Spring => inner.find(':'),
        Style::Compose => inner.find([':', '-', '?', '+']),
    };
    let (name, rest) = cut.map_or((inner, ""), |at| inner.split_at(at));
    let default = match style {
        Style::Spring => rest.strip_prefix(':'),
        Style::Compose => rest.strip_prefix(":-").or(rest.strip_prefix('-')),
    };
    let asks_for_other = style == Style::Compose && (rest.starts_with(":+") || rest.starts_with('+'));
    // `:-` takes an empty value for none.
    let is_missing = |value: &&String| value.is_empty() && rest.starts_with(":-");
    match (known.get(name).filter(|value| !is_missing(value)), default) {
        _ if asks_for_other || name.is_empty() => return Err(inner.to_owned()),
        (Some(value), _) => into.text.push_str(value),
        (None, Some(default)) if depth > 0 => {
            into.by_default.push(name.to_owned());
            expand(default, style, known, depth - 1, into)?;
        }
        (None, Some(_) | None) => return Err(name.to_owned()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, style: Style) -> Result<String, String> {
        let known = BTreeMap::from([("A".to_owned(), "one".to_owned()), ("EMPTY".to_owned(), String::new())]);
        fill(text, style, &known).map(|filled| filled.text)
    }

    #[test]
    fn compose_takes_what_is_defined_and_else_the_default() {
        for (text, expected) in [
            ("${A}", Ok("one")),
            ("x-$A.y", Ok("x-one.y")),
            ("${B:-two}", Ok("two")),
            ("${B-two}${A}", Ok("twoone")),
            ("${EMPTY:-three}", Ok("three")),
            ("${EMPTY-three}", Ok("")),
            ("${B:-${C:-${A}}}", Ok("one")),
            ("cost: $$5 and 5$", Ok("cost: $5 and 5$")),
            ("${B}", Err("B")),
            ("$B", Err("B")),
            ("${B:?say it}", Err("B")),
            ("${A:+other}", Err("A:+other")),
            ("${A", Err("${A")),
        ] {
            assert_eq!(filled(text, Style::Compose), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn spring_takes_what_stands_behind_the_colon() {
        for (text, expected) in [
            ("${B:all}", Ok("all")),
            ("${A:all}", Ok("one")),
            ("${B:}", Ok("")),
            ("${B:http://x:9092}", Ok("http://x:9092")),
            ("${B:${C:x}}", Ok("x")),
            ("${B}", Err("B")),
            ("#{systemProperties['x']}", Err("#{systemProperties['x']}")),
            ("$5", Ok("$5")),
        ] {
            assert_eq!(filled(text, Style::Spring), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn defaults_without_end_are_given_up() {
        let deep = format!("{}x{}", "${N:-".repeat(1000), "}".repeat(1000));
        assert!(filled(&deep, Style::Compose).is_err());
    }
}
