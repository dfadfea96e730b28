//! Which cells are held against each other.

use indexmap::IndexMap;

use crate::baseline::{Baseline, Standing};
use crate::matrix::ANY;

/// Two results, and the cells of each that belong together.
pub struct Matched<'a> {
    pub base: &'a Baseline,
    pub head: &'a Baseline,
    pub cells: Vec<Match<'a>>,
    /// The rows that were asked for, `acks=1` and `acks=all`; `None` where cells of the same settings are compared.
    pub rows: Option<[String; 2]>,
}

/// A cell in both results, or in one of them.
#[derive(Copy, Clone)]
pub enum Match<'a> {
    Both(&'a Standing, &'a Standing),
    Gone(&'a Standing),
    New(&'a Standing),
}

/// Why nothing can be compared.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Unmatched {
    /// A word that is no `key=value`.
    Word(String),
    /// No row has this value. The values that rows have, or the axes when there is no such axis.
    NoRow { word: String, known: Vec<String> },
    /// The rows that were picked share no fault class, or differ in other settings too.
    NothingCommon,
}

/// Settings that pick rows, as `key=value,key=value` writes them.
struct Picked(Vec<(String, String)>);

impl<'a> Matched<'a> {
    /// Cells with the same settings under the same fault class.
    pub fn by_settings(base: &'a Baseline, head: &'a Baseline) -> Matched<'a> {
        let same = |a: &Standing, b: &Standing| a.settings == b.settings && a.fault == b.fault;
        let mut cells: Vec<Match<'a>> = Vec::new();
        for cell in &base.cells {
            let other = head.cells.iter().find(|other| same(cell, other));
            cells.push(other.map_or(Match::Gone(cell), |other| Match::Both(cell, other)));
        }
        let is_new = |cell: &&Standing| !base.cells.iter().any(|other| same(cell, other));
        cells.extend(head.cells.iter().filter(is_new).map(Match::New));
        Matched { base, head, cells, rows: None }
    }

    /// The rows of `base` that `row` picks against those of `head` that `with` picks, under the same fault class and with
    /// the same values of every other setting.
    ///
    /// # Errors
    /// A word cannot be understood, picks nothing, or nothing is left to compare.
    pub fn by_rows(base: &'a Baseline, head: &'a Baseline, row: &str, with: &str) -> Result<Matched<'a>, Unmatched> {
        let (picked_row, picked_with) = (Picked::read(row, base)?, Picked::read(with, head)?);
        let is_named = |key: &str| picked_row.names(key) || picked_with.names(key);
        // `any` stands for every value of a setting that has no effect in its row.
        let alike = |a: &str, b: &str| a == b || a == ANY || b == ANY;
        let same_rest = |a: &IndexMap<String, String>, b: &IndexMap<String, String>| {
            a.iter().filter(|(key, _)| !is_named(key)).all(|(key, value)| b.get(key).is_some_and(|it| alike(it, value)))
        };
        let mut cells = Vec::new();
        for cell in head.cells.iter().filter(|cell| picked_with.picks(&cell.settings)) {
            let others = base.cells.iter().filter(|other| picked_row.picks(&other.settings));
            let others = others.filter(|other| other.fault == cell.fault && same_rest(&other.settings, &cell.settings));
            cells.extend(others.map(|other| Match::Both(other, cell)));
        }
        if cells.is_empty() {
            return Err(Unmatched::NothingCommon);
        }
        Ok(Matched { base, head, cells, rows: Some([row.to_owned(), with.to_owned()]) })
    }

    /// Whether there is anything to compare.
    pub fn has_common(&self) -> bool {
        self.cells.iter().any(|cell| matches!(cell, Match::Both(..)))
    }
}

impl Picked {
    fn read(words: &str, result: &Baseline) -> Result<Picked, Unmatched> {
        let mut picked = Picked(Vec::new());
        for word in words.split(',') {
            let (key, value) = word.split_once('=').ok_or_else(|| Unmatched::Word(word.to_owned()))?;
            let (key, value) = (key.trim(), value.trim());
            let axes = || result.cells.iter().flat_map(|cell| cell.settings.iter());
            let values: Vec<String> = once(axes().filter(|(axis, _)| is_called(axis, key)).map(|(_, value)| value));
            if values.is_empty() {
                return Err(Unmatched::NoRow { word: word.to_owned(), known: once(axes().map(|(axis, _)| axis)) });
            }
            if !values.iter().any(|known| known == value) {
                return Err(Unmatched::NoRow { word: word.to_owned(), known: values });
            }
            picked.0.push((key.to_owned(), value.to_owned()));
        }
        Ok(picked)
    }

    fn names(&self, axis: &str) -> bool {
        self.0.iter().any(|(key, _)| is_called(axis, key))
    }

    fn picks(&self, settings: &IndexMap<String, String>) -> bool {
        let has =
            |key: &str, wanted: &str| settings.iter().any(|(axis, value)| is_called(axis, key) && value == wanted);
        self.0.iter().all(|(key, value)| has(key, value))
    }
}

/// Whether somebody means this axis: `producer.acks`, or `acks`.
fn is_called(axis: &str, key: &str) -> bool {
    axis == key || axis.split_once('.').is_some_and(|(_, bare)| bare == key)
}

/// Each once, in order.
fn once<'s>(texts: impl Iterator<Item = &'s String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        if !all.contains(text) {
            all.push(text.clone());
        }
    }
    all
}
