//! The summary for a terminal: the answer first, then the matrix, then what stands behind it.

mod grid;
mod paint;
mod sections;

pub use paint::Look;
pub(crate) use paint::Tone;

use crate::headline;
use crate::matrix::Matrix;
use crate::remarks;
use crate::result::{CellVerdict, Summary};

/// The whole report, ending in a newline.
pub fn render(summary: &Summary, look: &Look) -> String {
    let matrix = Matrix::of(summary);
    let mut page = Page::new(look);
    head(&mut page, summary, &matrix);
    sections::table(&mut page, summary, &matrix);
    sections::columns(&mut page, &matrix);
    sections::costs(&mut page, &matrix);
    sections::losses(&mut page, &matrix);
    sections::breaches(&mut page, &matrix);
    sections::expectations(&mut page, summary);
    sections::notes(&mut page, summary, &matrix);
    sections::next(&mut page, &matrix);
    page.finish()
}

/// Answer, smallest loss, what prevents it; then what was asked of what.
fn head(page: &mut Page<'_>, summary: &Summary, matrix: &Matrix<'_>) {
    let lossy = summary.cells.iter().any(|cell| cell.keeps() == CellVerdict::Violated);
    let holds = summary.cells.iter().all(|cell| cell.keeps() == CellVerdict::Holds && cell.doubt().is_none());
    let tone = if lossy {
        Tone::Loss
    } else if holds {
        Tone::Holds
    } else {
        Tone::Doubt
    };
    page.paragraph(&headline::answer(summary, matrix), 0, Some(tone));
    if let Some(example) = headline::example(matrix) {
        page.paragraph(&headline::how(&example, matrix), 0, None);
        page.paragraph(&headline::prevention(&example), 0, None);
    }
    page.gap();
    if !summary.title.is_empty() {
        page.paragraph(&summary.title, 0, Some(Tone::Strong));
    }
    page.paragraph(&remarks::about(summary), 0, Some(Tone::Quiet));
}

/// The lines written so far.
pub(crate) struct Page<'a> {
    pub look: &'a Look,
    lines: Vec<String>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(look: &'a Look) -> Page<'a> {
        Page { look, lines: Vec::new() }
    }

    /// A paragraph behind `margin` blanks.
    pub(crate) fn paragraph(&mut self, text: &str, margin: usize, tone: Option<Tone>) {
        self.entry("", text, margin, tone);
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    /// `label`, and then a text in a column of its own that begins behind `column` blanks; below a label that is too
    /// long for that. The tone is the label's, or the text's where there is no label.
    pub(crate) fn entry(&mut self, label: &str, text: &str, column: usize, tone: Option<Tone>) {
        let paint = |text: &str| tone.map_or(text.to_owned(), |tone| self.look.paint(text, tone));
        let length = label.chars().count();
        if length > 0 && length >= column {
            self.lines.push(paint(label));
            let lines = self.look.wrap(text, column, column).into_iter().enumerate();
            self.lines
                .extend(lines.map(|(n, line)| if n == 0 { format!("{}{line}", " ".repeat(column)) } else { line }));
            return;
        }
        let gap = column - length;
        let mut lines = self.look.wrap(text, length + gap, column).into_iter();
        let first = lines.next().unwrap_or_default();
        let blanks = " ".repeat(gap);
        if label.is_empty() {
            self.lines.push(format!("{blanks}{}", paint(&first)));
            self.lines.extend(lines.map(|line| paint(&line)));
        } else {
            self.lines.push(format!("{}{blanks}{first}", paint(label)));
            self.lines.extend(lines);
        }
    }

    /// A command to type, below what it does.
    pub(crate) fn command(&mut self, command: &str, what: &str) {
        self.lines.push(format!("  {}", self.look.paint(&format!("# {what}"), Tone::Quiet)));
        self.lines.push(format!("  {command}"));
    }

    pub(crate) fn title(&mut self, title: &str) {
        self.gap();
        self.paragraph(title, 0, Some(Tone::Strong));
    }

    /// One empty line, never two.
    pub(crate) fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    pub(crate) fn finish(self) -> String {
        let mut text = self.lines.join("\n");
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}
