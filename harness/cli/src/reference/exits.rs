//! How each verb can end, as its help says it.

use crate::exit::Exit;

/// Verb, and every exit that it has of its own beside success, bad input and a bug of ours.
const EXITS: &[(&str, &[Exit])] = &[
    ("run", &[Exit::Violated, Exit::Inconclusive, Exit::NothingMatched, Exit::Differs, Exit::Interrupted]),
    ("plan", &[]),
    ("check", &[]),
    ("replay", &[Exit::Violated, Exit::NothingMatched, Exit::Differs]),
    ("explain", &[Exit::NothingMatched, Exit::Differs]),
    ("report", &[Exit::Inconclusive, Exit::NothingMatched]),
    ("merge", &[Exit::Violated, Exit::Inconclusive, Exit::Differs, Exit::Interrupted]),
    ("compare", &[Exit::Violated, Exit::Inconclusive, Exit::NothingMatched, Exit::Interrupted]),
    ("accept", &[Exit::Inconclusive, Exit::Interrupted]),
    ("list", &[]),
    ("schema", &[]),
    ("init", &[]),
    ("completions", &[]),
    ("man", &[]),
];

fn words(exit: Exit) -> &'static str {
    match exit {
        Exit::AsExpected => "as expected",
        Exit::Violated => "an expectation is violated",
        Exit::BadInput => "bad usage or input",
        Exit::Inconclusive => "inconclusive",
        Exit::NothingMatched => "nothing matched",
        Exit::Differs => "two engines or two runs differ",
        Exit::OurBug => "our bug",
        Exit::Interrupted => "interrupted, results kept",
    }
}

/// `Exit codes: 0 as expected; 2 bad usage or input; 70 our bug.`
pub fn of(verb: &str) -> String {
    let own = EXITS.iter().find(|(known, _)| *known == verb).map_or(&[][..], |(_, exits)| exits);
    let mut all = vec![Exit::AsExpected, Exit::BadInput, Exit::OurBug];
    all.extend(own);
    all.sort_by_key(|exit| exit.code());
    let shown: Vec<String> = all.iter().map(|exit| format!("{} {}", exit.code(), words(*exit))).collect();
    format!("Exit codes: {}.", shown.join("; "))
}

/// Whether this file knows of a verb.
pub fn knows(verb: &str) -> bool {
    EXITS.iter().any(|(known, _)| *known == verb)
}
