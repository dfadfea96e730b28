//! What is wrong with what the user wrote: where, what, and the nearest thing that would have been right.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use crate::secret;

/// A text that diagnostics point into: a file, a built-in scenario, or what was given on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub name: String,
    /// As long as the text is, with every secret in it overwritten.
    pub text: Arc<str>,
    /// Byte ranges that held secrets.
    hidden: Vec<(usize, usize)>,
}

/// A stretch of one source, in bytes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Place {
    source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Place {
    pub(crate) fn within(self, start: usize, end: usize) -> Place {
        Place { source: self.source, start, end }
    }
}

/// Whether a diagnostic stops the run.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Error,
    Warning,
}

/// One thing that is wrong, or that does not mean what a reader would think.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    severity: Severity,
    message: String,
    place: Option<Place>,
    label: String,
    related: Vec<(Place, String)>,
    help: Vec<String>,
    notes: Vec<String>,
}

impl Diagnostic {
    /// Words beside the caret.
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Diagnostic {
        self.label = label.into();
        self
    }
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Diagnostic {
        self.help.push(help.into());
        self
    }
    /// Offers the known word nearest to `found`; when none is near, lists them if they are few.
    pub(crate) fn suggest<'w>(&mut self, found: &str, known: impl IntoIterator<Item = &'w str>) -> &mut Diagnostic {
        let known: Vec<&str> = known.into_iter().collect();
        match nearest(found, known.iter().copied()) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None if known.len() <= 24 && !known.is_empty() => self.help(format!("known: {}", known.join(", "))),
            None => self,
        }
    }
    pub(crate) fn note(&mut self, note: impl Into<String>) -> &mut Diagnostic {
        self.notes.push(note.into());
        self
    }
    pub(crate) fn also(&mut self, place: Place, label: impl Into<String>) -> &mut Diagnostic {
        self.related.push((place, label.into()));
        self
    }
}

/// The known word that `found` was probably meant to be.
pub(crate) fn nearest<'w>(found: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let plain = |word: &str| word.to_ascii_lowercase().replace(['_', '.', ' '], "-");
    let found = plain(found);
    let mut best: Option<(f64, &str)> = None;
    for word in known {
        let score = strsim::normalized_damerau_levenshtein(&found, &plain(word));
        if score >= 0.6 && best.is_none_or(|(top, _)| score > top) {
            best = Some((score, word));
        }
    }
    best.map(|(_, word)| word)
}

/// Everything found in a set of files, all at once. Shown as rustc shows its errors; as data, one flat record each.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    sources: Vec<Source>,
    list: Vec<Diagnostic>,
}

/// A diagnostic as data. Line and column count from 1, columns in characters; both are absent when nothing in the
/// file can be pointed at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Located {
    pub severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    pub message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
}

/// More than this many diagnostics help nobody.
const SHOWN_MAX: usize = 50;

impl Diagnostics {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
    /// How many of them are errors.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }
    pub fn len(&self) -> usize {
        self.list.len()
    }
    /// Each diagnostic as data, in the order found.
    pub fn located(&self) -> Vec<Located> {
        self.list
            .iter()
            .map(|diagnostic| {
                let position = diagnostic.place.map(|place| self.line_column(place));
                Located {
                    severity: diagnostic.severity,
                    file: self.source_of(diagnostic).map(|source| source.name.clone()),
                    line: position.map(|(line, _)| line),
                    column: position.map(|(_, column)| column),
                    message: diagnostic.message.clone(),
                    help: diagnostic.help.clone(),
                }
            })
            .collect()
    }

    /// Adds a text to point into, and gives the place of the whole of it. Its secrets are not kept.
    pub(crate) fn add_source(&mut self, name: &str, text: &str) -> Place {
        let hidden = secret::find(text);
        self.sources.push(Source { name: name.to_owned(), text: secret::mask(text, &hidden).into(), hidden });
        Place { source: self.sources.len() - 1, start: 0, end: text.len() }
    }
    pub(crate) fn error(&mut self, place: Place, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, Some(place), message.into())
    }
    /// An error that no text can be pointed at for.
    pub(crate) fn error_without_place(&mut self, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Error, None, message.into())
    }
    pub(crate) fn warning(&mut self, place: Option<Place>, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Severity::Warning, place, message.into())
    }
    fn push(&mut self, severity: Severity, place: Option<Place>, message: String) -> &mut Diagnostic {
        let (label, related, help, notes) = (String::new(), Vec::new(), Vec::new(), Vec::new());
        self.list.push(Diagnostic { severity, message, place, label, related, help, notes });
        self.list.last_mut().expect("one was just pushed")
    }
    /// Adds to what was reported last.
    pub(crate) fn amend_last(&mut self, amend: impl FnOnce(&mut Diagnostic)) {
        if let Some(last) = self.list.last_mut() {
            amend(last);
        }
    }
    /// Takes back what was reported last, for whoever tells it in another way: its message with what it proposes.
    pub(crate) fn retract(&mut self) -> Option<String> {
        let last = self.list.pop()?;
        let help: String = last.help.iter().map(|help| format!(", {help}")).collect();
        Some(last.message + &help)
    }
    /// How many errors there are; a step compares before and after to know whether it went well.
    pub(crate) fn error_count(&self) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// The text that a diagnostic is about: the first one where it points nowhere.
    fn source_of(&self, diagnostic: &Diagnostic) -> Option<&Source> {
        diagnostic.place.map_or(self.sources.first(), |place| self.sources.get(place.source))
    }

    /// Line and column, both from 1; the column in characters.
    pub(crate) fn line_column(&self, place: Place) -> (u32, u32) {
        let text = &self.sources[place.source].text;
        let before = &text[..floor(text, place.start)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        (line as u32, column as u32)
    }
    /// The file that a place is in.
    pub(crate) fn source_name(&self, place: Place) -> String {
        self.sources[place.source].name.clone()
    }
    pub(crate) fn line(&self, place: Place) -> u32 {
        self.line_column(place).0
    }

    /// The diagnostics as text for a person; `styled` with terminal colours.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        let of = |severity| self.list.iter().filter(move |diagnostic| diagnostic.severity == severity);
        for diagnostic in of(Severity::Error).chain(of(Severity::Warning)).take(SHOWN_MAX) {
            text.push_str(&renderer.render(&[self.group(diagnostic)]));
            text.push_str("\n\n");
        }
        if self.list.len() > SHOWN_MAX {
            text.push_str(&format!("... and {} more\n\n", self.list.len() - SHOWN_MAX));
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn group<'d>(&'d self, diagnostic: &'d Diagnostic) -> Group<'d> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
        if let Some(place) = diagnostic.place {
            let mut marks = vec![(place, diagnostic.label.as_str(), true)];
            let (near, far): (Vec<_>, Vec<_>) = diagnostic.related.iter().partition(|(p, _)| p.source == place.source);
            marks.extend(near.iter().map(|(place, label)| (*place, label.as_str(), false)));
            group = self.snippet(group, &marks);
            for (place, label) in far {
                group = self.snippet(group, &[(*place, label.as_str(), false)]);
            }
        } else if let Some(source) = self.source_of(diagnostic) {
            group = group.element(Origin::path(source.name.clone()));
        }
        for note in &diagnostic.notes {
            group = group.element(Level::NOTE.message(clean(note)));
        }
        for help in &diagnostic.help {
            group = group.element(Level::HELP.message(clean(help)));
        }
        group
    }

    /// The lines from the first to the last mark, with what is secret in them replaced.
    fn snippet<'d>(&self, group: Group<'d>, marks: &[(Place, &'d str, bool)]) -> Group<'d> {
        let source = &self.sources[marks[0].0.source];
        if source.text.is_empty() {
            return group.element(Origin::path(source.name.clone()));
        }
        let first = marks.iter().map(|mark| mark.0.start).min().unwrap_or(0);
        let last = marks.iter().map(|mark| mark.0.end).max().unwrap_or(0);
        let window_start = source.text[..floor(&source.text, first)].rfind('\n').map_or(0, |at| at + 1);
        let rest = floor(&source.text, last.max(window_start));
        let window_end = source.text[rest..].find('\n').map_or(source.text.len(), |at| rest + at);
        let (shown, moved) = source.shown(window_start, window_end);
        let line = source.text[..window_start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        let mut snippet = Snippet::source(shown.clone()).line_start(line).path(source.name.clone());
        for (place, label, primary) in marks {
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let start = floor(&shown, moved(place.start));
            let mut end = floor(&shown, moved(place.end)).max(start);
            if start == end {
                end = shown[start..].chars().next().filter(|c| *c != '\n').map_or(start, |c| start + c.len_utf8());
            }
            let annotation = kind.span(start..end);
            snippet = snippet.annotation(if label.is_empty() { annotation } else { annotation.label(clean(label)) });
        }
        group.element(snippet)
    }
}

impl Source {
    /// The text between two line boundaries without its secrets, and where a byte of the source is in it.
    fn shown(&self, start: usize, end: usize) -> (String, impl Fn(usize) -> usize) {
        let mut shown = String::new();
        // (from, to, how many bytes were written for what lay before `to`)
        let mut cuts: Vec<(usize, usize, usize)> = Vec::new();
        let mut at = start;
        for &(from, to) in self.hidden.iter().filter(|&&(from, to)| to > start && from < end) {
            let (from, to) = (from.max(at), to.min(end));
            shown.push_str(&self.text[at..from]);
            let before = shown.len();
            shown.push_str(secret::HIDDEN);
            cuts.push((from, to, before));
            at = to;
        }
        shown.push_str(&self.text[at..end]);
        let length = shown.len();
        let moved = move |byte: usize| {
            let mut place = byte.saturating_sub(start);
            for &(from, to, before) in &cuts {
                if byte >= to {
                    place = before + secret::HIDDEN.len() + (byte - to);
                } else if byte > from {
                    return before;
                }
            }
            place.min(length)
        };
        (shown, moved)
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Without control characters, which a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}
impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_word_and_the_secret_of_its_line_is_gone() {
        let mut found = Diagnostics::default();
        let text = "a: 1\nb: { ssl.key.password: hunter2 }\nacks: al\n";
        let whole = found.add_source("x.yaml", text);
        let at = text.find("al\n").unwrap();
        found.error(whole.within(at, at + 2), "`al` is no value of acks").suggest("al", ["all", "0"]);
        let secret = text.find("hunter2").unwrap();
        found.error(whole.within(secret, secret + 3), "not like this");
        let shown = found.to_string();
        assert!(shown.contains(" --> x.yaml:3:7") && shown.contains("^^") && shown.contains("`all`"), "{shown}");
        assert!(!shown.contains("hunter2") && shown.contains("(hidden)"), "{shown}");
    }
}
