//! Whatever a file holds, it is read or refused; it never brings the reader down.

mod toy;

use std::fs;

use ackproof_scenario::{load, parse, read_config};
use proptest::prelude::*;
use toy::Toy;

const VALID: &str = include_str!("orders.yaml");
const PROPERTIES: &str = "acks=all\nlinger.ms = 5\n# note\nsasl.jaas.config=x \\\n  y\nbootstrap.servers:a\\u0041\n";

/// Reads a text and renders what came of it: rendering points into the text and must not fail either.
fn read(text: &str) {
    let text = text.replace("from: [server.properties, { file: mine.properties, section: producer }]", "from: []");
    match parse("t.yaml", &text, &[&Toy], &[]) {
        Ok(mut scenario) => {
            let _ = (scenario.warnings.render(true), scenario.select(&["acks=all".into()], &["none".into()]));
        }
        Err(errors) => {
            assert!(errors.has_errors(), "a refusal says why");
            let _ = (errors.render(false), errors.render(true), errors.located());
        }
    }
}

/// Cuts, doubles and overwrites pieces of a text, at character boundaries.
fn spoil(text: &str, edits: &[(usize, usize, u8, String)]) -> String {
    let mut text = text.to_owned();
    for (at, length, what, with) in edits {
        let near = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let start = near(at % (text.len() + 1));
        let end = near(start + length).max(start);
        match what % 4 {
            0 => text.replace_range(start..end, ""),
            1 => text.replace_range(start..end, with),
            2 => {
                let piece = text[start..end].to_owned();
                text.insert_str(start, &piece);
            }
            _ => text.insert_str(start, with),
        }
    }
    text
}

fn edits() -> impl Strategy<Value = Vec<(usize, usize, u8, String)>> {
    let word = prop_oneof![
        Just("*a"),
        Just("&a "),
        Just("{"),
        Just("}"),
        Just("["),
        Just(": "),
        Just("- "),
        Just("\n"),
        Just("\t"),
        Just("!!x "),
        Just("<<: "),
        Just("|"),
        Just("\""),
        Just("é"),
        Just("\u{feff}"),
        Just("99999999999999999999"),
        Just("-1"),
        Just("null"),
        Just(".inf"),
        Just("password: x"),
        Just("1ms..0ms"),
        Just("kill"),
        Just("\\"),
    ];
    let with = prop_oneof![word.prop_map(str::to_owned), ".{0,8}"];
    proptest::collection::vec((any::<usize>(), 0usize..40, any::<u8>(), with), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,400}") {
        read(&text);
    }

    #[test]
    fn any_spoiled_scenario_is_read_or_refused(edits in edits()) {
        read(&spoil(VALID, &edits));
    }

    #[test]
    fn any_override_is_read_or_refused(text in "[a-z.=\\[\\]{}: ,0-9]{0,30}") {
        let _ = parse("t", "broker: toy\nfaults: {none: []}\nmatrix: {acks: [1, all]}\n", &[&Toy], &[text]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_in_a_file_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), edits in edits()) {
        let folder = tempfile::tempdir().expect("a folder");
        let (yaml, properties) = (folder.path().join("t.yaml"), folder.path().join("producer.properties"));
        fs::write(&yaml, &bytes).expect("written");
        let _ = load(&yaml, &[&Toy]).map_err(|errors| errors.render(true));
        for content in [bytes, spoil(PROPERTIES, &edits).into_bytes()] {
            fs::write(&properties, content).expect("written");
            let _ = read_config(&properties, None, &Toy).map_err(|errors| errors.render(true));
        }
    }
}
