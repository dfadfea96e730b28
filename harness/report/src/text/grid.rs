//! A table for a terminal: wide ones are cut into blocks, each with the columns that name its rows.

use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};

use super::paint::{Look, Tone};

/// A table before it is laid out. A cell may have several lines.
pub(crate) struct Grid {
    /// How many columns name the row; they are repeated in each block.
    pub keys: usize,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Whether a line separates the rows.
    pub ruled: bool,
    /// The tone of a line of a cell.
    pub tone: fn(&str) -> Option<Tone>,
}

impl Grid {
    /// The finished lines, block by block with an empty line between.
    pub(crate) fn lines(&self, look: &Look) -> Vec<String> {
        let every: Vec<usize> = (0..self.header.len()).collect();
        // A blank on each side and the line between two columns.
        let widths = self.table(&every, look).column_max_content_widths();
        let widths: Vec<usize> = widths.into_iter().map(|width| usize::from(width) + 3).collect();
        let mut lines = Vec::new();
        for block in self.blocks(&widths, look) {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            let mut table = self.table(&block, look);
            if block.iter().map(|&column| widths[column]).sum::<usize>() > look.width() + 1 {
                table.set_content_arrangement(ContentArrangement::Dynamic).set_width(look.width() as u16);
            }
            lines.extend(table.lines().map(|line| self.painted(line.trim_end(), look)));
        }
        lines
    }

    /// Which columns go into which block; the keys go into each.
    fn blocks(&self, widths: &[usize], look: &Look) -> Vec<Vec<usize>> {
        let keys = || (0..self.keys).collect::<Vec<usize>>();
        let fits = |block: &[usize], column: usize| {
            let sum: usize = block.iter().chain([&column]).map(|&column| widths[column]).sum();
            sum <= look.width() + 1
        };
        let mut blocks = vec![keys()];
        for column in self.keys..self.header.len() {
            let last = blocks.last_mut().expect("there is always a block");
            if last.len() == self.keys || fits(last, column) {
                last.push(column);
            } else {
                blocks.push([keys(), vec![column]].concat());
            }
        }
        blocks
    }

    fn table(&self, columns: &[usize], look: &Look) -> Table {
        let pick = |row: &[String]| columns.iter().map(|&column| row[column].clone()).collect::<Vec<String>>();
        let mut table = Table::new();
        table.load_style(style(look, self.ruled));
        table.set_header(pick(&self.header));
        for row in &self.rows {
            table.add_row(pick(row));
        }
        table
    }

    /// Colours a finished line: the table measures its cells, so colour comes last.
    fn painted(&self, line: &str, look: &Look) -> String {
        if !look.color {
            return line.to_owned();
        }
        let bar = if look.unicode { "│" } else { "|" };
        let cells = line.split(bar).enumerate().map(|(column, cell)| {
            let text = cell.trim();
            match (self.tone)(text).filter(|_| column >= self.keys && !text.is_empty()) {
                Some(tone) => cell.replacen(text, &look.paint(text, tone), 1),
                None => cell.to_owned(),
            }
        });
        cells.collect::<Vec<_>>().join(bar)
    }
}

/// Lines between columns and under the header, none around.
fn style(look: &Look, ruled: bool) -> TableStyle {
    let (bar, line, cross) = if look.unicode { ('│', '─', '┼') } else { ('|', '-', '+') };
    let style = TableStyle::new()
        .header_lines(ContentLineStyle::none().junction(bar))
        .header_separator(LineStyle::none().fill(line).junction(cross))
        .content_lines(ContentLineStyle::none().junction(bar));
    if ruled { style.row_separator(LineStyle::none().fill(line).junction(cross)) } else { style }
}
