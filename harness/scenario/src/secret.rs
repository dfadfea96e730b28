//! Passwords and the like, which a real configuration file holds and nobody else may see: their values are neither
//! kept nor shown.

use ackproof_core::setting::SECRET_WORDS;

/// What stands where a secret stood.
pub(crate) const HIDDEN: &str = "(hidden)";

/// Byte ranges of a text that may hold secrets. Goes by lines and not by syntax, because a text that cannot be
/// read has secrets too: whatever follows a key with such a word, to the end of its line and of the lines that
/// continue it, is one.
pub(crate) fn find(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    // Indentation of the line that a secret began on, while lines may still continue it.
    let mut open: Option<usize> = None;
    let mut continued = false;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let indent = content.len() - content.trim_start().len();
        let continues = continued || open.is_some_and(|outer| content.trim_start().is_empty() || indent > outer);
        let ends_open = content.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
        if continues {
            found.push((start + indent, start + content.len()));
            continued = continued && ends_open;
        } else {
            open = None;
            continued = false;
            if let Some(at) = value_after_secret_word(content) {
                found.push((start + at, start + content.len()));
                open = Some(indent);
                continued = ends_open;
            }
        }
        start += line.len();
    }
    found.retain(|(from, to)| from < to);
    found
}

/// The text with the ranges overwritten, byte for byte, so that every place in it stays where it is.
pub(crate) fn mask(text: &str, ranges: &[(usize, usize)]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for &(from, to) in ranges {
        masked.push_str(&text[at..from]);
        masked.push_str(&"*".repeat(to - from));
        at = to;
    }
    masked.push_str(&text[at..]);
    masked
}

fn value_after_secret_word(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    if lower.trim_start().starts_with(['#', '!']) {
        return None;
    }
    let word = SECRET_WORDS.iter().filter_map(|word| lower.find(word)).chain(misspelt(&lower)).min()?;
    let separator = word + lower[word..].find([':', '=', ' '])?;
    let value = separator + 1;
    Some(value + line[value..].len() - line[value..].trim_start_matches([' ', '=', ':']).len())
}

/// Where the line's key has a part that is nearly one of the words: who mistypes `password` has a password there all the
/// same.
fn misspelt(line: &str) -> Option<usize> {
    let key = line.split([':', '=']).next().unwrap_or(line).trim_end();
    let parts = key.split(['.', '-', '_', ' ']).filter(|part| part.len() >= 4);
    let is_near = |part: &&str| {
        SECRET_WORDS.iter().any(|word| strsim::osa_distance(part, word) <= if word.len() > 5 { 2 } else { 1 })
    };
    parts.filter(is_near).map(|part| part.as_ptr() as usize - line.as_ptr() as usize).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut left = text.to_owned();
        for (from, to) in find(text).into_iter().rev() {
            left.replace_range(from..to, HIDDEN);
        }
        left
    }

    #[test]
    fn a_secret_is_hidden_with_every_line_that_continues_it() {
        let properties = "acks=all\nsasl.jaas.config=Login required \\\n  password=\"p\\w\";\nlinger.ms=5\n";
        assert_eq!(shown(properties), "acks=all\nsasl.jaas.config=(hidden)\n  (hidden)\nlinger.ms=5\n");
        let yaml = "config:\n  producer:\n    sasl.jaas.config: |\n      one\n      two\n    acks: all\n";
        let hidden =
            "config:\n  producer:\n    sasl.jaas.config: (hidden)\n      (hidden)\n      (hidden)\n    acks: all\n";
        assert_eq!(shown(yaml), hidden);
    }

    #[test]
    fn a_misspelt_secret_is_hidden_too() {
        assert_eq!(shown("ssl.keystore.pasword=hunter2\n"), "ssl.keystore.pasword=(hidden)\n");
        assert_eq!(shown("sasl.jass.config: x y\n"), "sasl.jass.config: (hidden)\n");
        assert_eq!(shown("    topic: { replication.factor: 3 }\n"), "    topic: { replication.factor: 3 }\n");
    }

    #[test]
    fn a_line_without_such_a_word_is_left_alone() {
        assert_eq!(shown("acks: all\n# the password is elsewhere\n"), "acks: all\n# the password is elsewhere\n");
    }
}
