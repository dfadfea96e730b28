//! A table whose rows stand in groups below a heading: settings are too long for a column of their own.

use crate::text::{Page, Tone};

/// A table before it is laid out. A cell may have several lines; a row may have fewer cells than there are columns.
pub(super) struct Columns {
    pub header: Vec<&'static str>,
    /// Heading and rows; a heading may be empty.
    pub groups: Vec<(String, Vec<Vec<String>>)>,
    /// The tone of a line of a cell.
    pub tone: fn(&str) -> Option<Tone>,
}

const MARGIN: &str = "  ";
const GAP: &str = "  ";

impl Columns {
    /// Adds a row under a heading, which is the last one's if it reads the same.
    pub(super) fn add(&mut self, heading: String, row: Vec<String>) {
        match self.groups.last_mut() {
            Some((last, rows)) if *last == heading => rows.push(row),
            Some(_) | None => self.groups.push((heading, vec![row])),
        }
    }

    pub(super) fn put(&self, page: &mut Page<'_>) {
        if self.groups.is_empty() {
            return;
        }
        let look = page.look;
        let widths = self.widths();
        page.gap();
        let header = self.header.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        page.line(look.paint(&line(&header, &widths, |text| text.to_owned()), Tone::Quiet));
        for (heading, rows) in &self.groups {
            if !heading.is_empty() {
                page.paragraph(heading, 1, Some(Tone::Strong));
            }
            let mut before = "";
            for row in rows {
                // What is said once for a cell need not be said again on its next line.
                let again = row.first().is_some_and(|first| first == before);
                before = row.first().map_or("", String::as_str);
                let height = row.iter().map(|cell| cell.lines().count()).max().unwrap_or(0);
                for n in 0..height {
                    let mut cells: Vec<String> =
                        row.iter().map(|cell| cell.lines().nth(n).unwrap_or_default().to_owned()).collect();
                    cells.iter_mut().take(usize::from(again)).for_each(String::clear);
                    page.line(line(&cells, &widths, |text| {
                        (self.tone)(text.trim_end()).map_or(text.to_owned(), |tone| look.paint(text, tone))
                    }));
                }
            }
        }
    }

    fn widths(&self) -> Vec<usize> {
        let width = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        let column = |n: usize| {
            let cells = self.groups.iter().flat_map(|(_, rows)| rows).filter_map(|row| row.get(n));
            cells.map(|cell| width(cell)).chain([width(self.header[n])]).max().unwrap_or(0)
        };
        (0..self.header.len()).map(column).collect()
    }
}

fn line(cells: &[String], widths: &[usize], paint: impl Fn(&str) -> String) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| {
        let blanks = " ".repeat(width - cell.chars().count());
        format!("{}{blanks}", paint(cell))
    });
    format!("{MARGIN}{}", padded.collect::<Vec<_>>().join(GAP)).trim_end().to_owned()
}
