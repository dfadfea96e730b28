//! Java `.properties` text, key by key with the place of each.
//!
//! The java-properties crate decides what a line means; this file only cuts the text into logical lines, so that
//! every bad line is reported and every value keeps its place.

use java_properties::{LineContent, PropertiesIter};

use crate::diagnostics::{Diagnostics, Place};

pub(crate) struct Property {
    pub key: String,
    pub value: String,
    /// Whether blanks follow the value: some programs trip over them.
    pub is_padded: bool,
    pub key_place: Place,
    pub value_place: Place,
}

/// Reads a whole text; bad lines are added to `out` and left out.
pub(crate) fn parse(text: &str, whole: Place, out: &mut Diagnostics) -> Vec<Property> {
    let mut properties = Vec::new();
    for (start, end, is_cut_off) in logical_lines(text) {
        let place = whole.within(start, text[..end].trim_end().len().max(start));
        if is_cut_off {
            out.error(place, "the file ends inside a value: its last line asks to be continued");
            continue;
        }
        if let Some(at) = bare_control(&text[start..end]) {
            out.error(whole.within(start + at, start + at + 1), "a control character in a properties file");
            continue;
        }
        match PropertiesIter::new(&text.as_bytes()[start..end]).next() {
            Some(Ok(line)) => match line.consume_content() {
                LineContent::Comment(_) => {}
                LineContent::KVPair(key, _) if key.is_empty() => {
                    out.error(place, "a value without a key");
                }
                LineContent::KVPair(key, value) => {
                    let (key_place, value_place) = places(&text[start..end], whole, start);
                    let trimmed = value.trim_end();
                    let is_padded = trimmed.len() < value.len();
                    properties.push(Property { key, value: trimmed.to_owned(), is_padded, key_place, value_place });
                }
            },
            Some(Err(error)) => {
                // The crate counts from the line it was given; the place says it better.
                let message = error.to_string();
                let words = message.split(" (line_number").next().unwrap_or_default().trim_end_matches('.');
                out.error(place, format!("not a properties line: {words}"));
            }
            None => {}
        }
    }
    properties
}

/// `(start, end, cut off)` of each line that is neither blank nor a comment, with the lines that continue it.
fn logical_lines(text: &str) -> Vec<(usize, usize, bool)> {
    let mut lines = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let (start, end) = (at, at + line.len());
        at = end;
        let content = line.trim_end_matches(['\n', '\r']);
        if open.is_none() && (content.trim().is_empty() || content.trim_start().starts_with(['#', '!'])) {
            continue;
        }
        // A carriage return and its line feed are one end of line.
        if content.is_empty() && line == "\n" && text[..start].ends_with('\r') {
            continue;
        }
        let first = open.unwrap_or(start);
        let continues = content.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
        if continues {
            open = Some(first);
        } else {
            lines.push((first, end, false));
            open = None;
        }
    }
    lines.extend(open.map(|first| (first, text.len(), true)));
    lines
}

/// A control character other than white space: a binary file, not a properties file.
fn bare_control(line: &str) -> Option<usize> {
    line.char_indices().find(|(_, c)| c.is_control() && !c.is_whitespace()).map(|(at, _)| at)
}

/// Where key and value stand in a logical line.
fn places(line: &str, whole: Place, start: usize) -> (Place, Place) {
    let indent = line.len() - line.trim_start().len();
    let mut escaped = false;
    let is_end = |c: char| {
        let ends = !escaped && (c.is_whitespace() || c == '=' || c == ':');
        escaped = c == '\\' && !escaped;
        ends
    };
    let key_end = line[indent..].find(is_end).map_or(line.len(), |at| indent + at);
    let rest = &line[key_end..];
    let blank = |text: &str| text.len() - text.trim_start_matches([' ', '\t', '\x0c']).len();
    let mut value = key_end + blank(rest);
    if line[value..].starts_with(['=', ':']) {
        value += 1;
        value += blank(&line[value..]);
    }
    let value_end = line.trim_end().len().max(value);
    (whole.within(start + indent, start + key_end), whole.within(start + value, start + value_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<(String, String, u32, u32)>, String) {
        let mut out = Diagnostics::default();
        let whole = out.add_source("x.properties", text);
        let found = parse(text, whole, &mut out);
        let rows = found
            .into_iter()
            .map(|property| {
                let (line, column) = out.line_column(property.value_place);
                (property.key, property.value, line, column)
            })
            .collect();
        (rows, out.to_string())
    }

    #[test]
    fn every_spelling_of_a_line_is_read_and_placed() {
        let text = "# note\r\nacks = all\r\n\r\n  retries:3\nlinger.ms 5\nbootstrap.servers=a,\\\n   b\nempty=\n";
        let (rows, errors) = read(text);
        let expected = [
            ("acks", "all", 2, 8),
            ("retries", "3", 4, 11),
            ("linger.ms", "5", 5, 11),
            ("bootstrap.servers", "a,b", 6, 19),
            ("empty", "", 8, 7),
        ];
        assert_eq!(rows, expected.map(|(key, value, line, column)| (key.into(), value.into(), line, column)));
        assert_eq!(errors, "");
    }

    #[test]
    fn every_bad_line_is_reported_with_its_own_number() {
        let (rows, errors) = read("a=1\nb=\\u12\nc=2\n=3\nd=4\\");
        assert_eq!(rows.len(), 2);
        for place in ["x.properties:2:1", "x.properties:4:1", "x.properties:5:1"] {
            assert!(errors.contains(place), "{errors}");
        }
    }
}
