//! Colour only where asked for, signs only where they can be shown, lines no longer than the terminal.

use anstyle::{AnsiColor, Style};

/// How the reader wants it.
#[derive(Clone, PartialEq, Debug)]
pub struct Look {
    /// Width of the terminal; at least 40 is used.
    pub columns: usize,
    /// Whether to write colours.
    pub color: bool,
    /// Whether to use signs beyond ASCII: `≤`, lines, dashes.
    pub unicode: bool,
    /// The folder that witnesses' files are relative to, as the reader would type it; empty for the current one.
    pub folder: String,
    /// How the reader calls this program, for the commands that are worth typing next.
    pub program: String,
}

impl Default for Look {
    fn default() -> Look {
        Look { columns: 100, color: false, unicode: true, folder: String::new(), program: "ackproof".to_owned() }
    }
}

/// What a piece of text means, which decides its colour.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum Tone {
    Strong,
    Loss,
    Holds,
    Doubt,
    Quiet,
}

impl Look {
    pub(crate) fn width(&self) -> usize {
        self.columns.max(40)
    }
    pub(crate) fn at_most(&self) -> &'static str {
        if self.unicode { "≤" } else { "<=" }
    }
    pub(crate) fn dash(&self) -> &'static str {
        if self.unicode { "–" } else { "-" }
    }

    pub(crate) fn paint(&self, text: &str, tone: Tone) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let style = match tone {
            Tone::Strong => Style::new().bold(),
            Tone::Loss => AnsiColor::Red.on_default().bold(),
            Tone::Holds => AnsiColor::Green.on_default(),
            Tone::Doubt => AnsiColor::Yellow.on_default(),
            Tone::Quiet => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }

    /// `text` in lines that fit. The first begins behind `before` columns that are written already, the others behind
    /// `indent` blanks. A word that is longer than a line stays whole: it may be a path that somebody copies.
    pub(crate) fn wrap(&self, text: &str, before: usize, indent: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        let mut column = before;
        let mut is_first_word = true;
        for word in words(text) {
            let length = word.chars().count();
            if !is_first_word && column + 1 + length > self.width() {
                lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
                column = indent;
                is_first_word = true;
            }
            if !is_first_word {
                line.push(' ');
                column += 1;
            }
            line.push_str(&word);
            column += length;
            is_first_word = false;
        }
        lines.push(line);
        lines
    }
}

/// The words of a text; a number stays with its unit.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let unit = word.trim_end_matches(|c: char| ",;.)".contains(c));
        let is_number = |last: &String| last.chars().all(|c| c.is_ascii_digit() || ",.".contains(c));
        match words.last_mut().filter(|last| is_number(last)) {
            Some(last) if ["ms", "s", "min", "h", "d", "%"].contains(&unit) => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_long_words_stay_whole() {
        let look = Look { columns: 40, ..Look::default() };
        let path = "results/orders/0123456789ab/failures/all-power-17.replay.yaml";
        let text = format!("one two three four five six seven eight nine ten {path} end");
        let lines = look.wrap(&text, 0, 2);
        assert_eq!(lines[0], "one two three four five six seven eight");
        assert_eq!(lines[1], "  nine ten");
        assert_eq!(lines[2], format!("  {path}"));
        assert_eq!(lines[3], "  end");
    }

    #[test]
    fn colour_is_written_only_when_asked_for() {
        assert_eq!(Look::default().paint("loses", Tone::Loss), "loses");
        let colored = Look { color: true, ..Look::default() }.paint("loses", Tone::Loss);
        assert!(colored.starts_with("\u{1b}[") && colored.ends_with("\u{1b}[0m") && colored.contains("loses"));
    }
}
