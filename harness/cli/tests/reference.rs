//! Help, completions and man pages: every verb has them, and what they show can be typed.

use ackproof::args::Cli;
use ackproof::reference::{self, completions, exits, man};
use clap::{Command, Parser, ValueEnum};
use clap_complete::Shell;

fn verbs() -> Vec<Command> {
    let verbs: Vec<Command> = reference::command().get_subcommands().cloned().collect();
    assert!(verbs.len() > 8, "{} verbs", verbs.len());
    verbs
}

/// The lines of a verb's help that begin with the program.
fn examples(verb: &Command) -> Vec<String> {
    let help = verb.get_after_help().map(|text| text.to_string()).unwrap_or_default();
    let examples = help.split("Examples:").nth(1).unwrap_or_default().split("Exit codes:").next().unwrap_or_default();
    examples.lines().map(|line| line.trim().to_owned()).filter(|line| line.starts_with("ackproof")).collect()
}

/// The words of a command line up to what the shell would do with its output.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote: Option<char> = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '|' | '>') => break,
            (None, ' ') => words.push(String::new()),
            (Some(_) | None, _) => words.last_mut().expect("there is always one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_verb_has_two_examples_that_can_be_typed() {
    for verb in verbs() {
        let examples = examples(&verb);
        assert!(examples.len() >= 2, "{}: {examples:?}", verb.get_name());
        for example in &examples {
            let words = words(example);
            assert_eq!(words[1], verb.get_name(), "{example}");
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{example}\n{error}");
            }
        }
    }
    assert!(Cli::try_parse_from(words("ackproof run 'a b.yaml' --sett x | less")).is_err());
}

#[test]
fn every_verb_says_how_it_can_end() {
    for verb in verbs() {
        let name = verb.get_name();
        assert!(exits::knows(name), "add {name} to src/reference/exits.rs");
        let help = verb.clone().render_help().to_string();
        let flat = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("Exit codes: 0 as expected;"), "{name}: {help}");
        assert!(flat.contains("2 bad usage or input"), "{name}: {help}");
    }
}

#[test]
fn every_shell_completes_every_verb() {
    for shell in Shell::value_variants() {
        let script = String::from_utf8(completions::script(*shell)).expect("a script is text");
        for verb in verbs() {
            assert!(script.contains(verb.get_name()), "{shell}: {}", verb.get_name());
        }
        // Elvish and PowerShell complete no values: clap_complete gives them none.
        let values = matches!(shell, Shell::Bash | Shell::Zsh | Shell::Fish);
        assert!(!values || script.contains("markdown"), "{shell} completes no values");
    }
}

#[test]
fn every_verb_has_a_man_page_with_its_examples_and_exits() {
    let pages = man::pages().expect("pages can be written");
    assert_eq!(pages[0].0, "ackproof.1");
    for verb in verbs() {
        let name = format!("ackproof-{}.1", verb.get_name());
        let (_, text) = pages.iter().find(|(page, _)| *page == name).unwrap_or_else(|| panic!("no page {name}"));
        let text = String::from_utf8(text.clone()).expect("a page is text");
        assert!(text.contains(".SH EXAMPLES") && text.contains(".SH \"EXIT STATUS\""), "{name}:\n{text}");
        // Roff writes a dash with a backslash.
        let plain = text.replace("\\-", "-");
        for example in examples(&verb) {
            assert!(plain.replace("\\*(Aq", "'").contains(&example), "{name} lacks `{example}`\n{plain}");
        }
    }
    assert_eq!(pages.len(), verbs().len() + 1);
}
