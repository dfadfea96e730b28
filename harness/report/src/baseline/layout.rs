//! JSON in lines that a person can compare: what fits stands on one line, what does not is opened.

use serde_json::Value;

const WIDTH: usize = 150;

/// The text of a value, ending in a newline.
pub(super) fn lines(value: &Value) -> String {
    let mut text = String::new();
    put(value, 0, 0, &mut text);
    text.push('\n');
    text
}

/// Writes `value` behind `before` columns that are taken on its line, in a block indented by `indent`.
fn put(value: &Value, indent: usize, before: usize, text: &mut String) {
    let whole = value.to_string();
    let open = |text: &mut String, signs: [char; 2], each: &mut dyn FnMut(&mut String)| {
        text.push(signs[0]);
        each(text);
        text.push_str(&format!("\n{}{}", " ".repeat(indent), signs[1]));
    };
    let next = |i: usize| format!("{}\n{}", if i > 0 { "," } else { "" }, " ".repeat(indent + 2));
    match value {
        Value::Object(fields) if indent == 0 || before + whole.len() > WIDTH => {
            open(text, ['{', '}'], &mut |text| {
                for (i, (key, value)) in fields.iter().enumerate() {
                    let key = Value::from(key.as_str()).to_string();
                    text.push_str(&format!("{}{key}: ", next(i)));
                    put(value, indent + 2, indent + 4 + key.len(), text);
                }
            });
        }
        Value::Array(items) if before + whole.len() > WIDTH => {
            open(text, ['[', ']'], &mut |text| {
                for (i, item) in items.iter().enumerate() {
                    text.push_str(&next(i));
                    put(item, indent + 2, indent + 2, text);
                }
            });
        }
        Value::Object(_) | Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
            text.push_str(&whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_fit_is_opened_and_nothing_is_lost() {
        let value = json!({"v": 1, "long": (0..90).collect::<Vec<_>>(), "cells": [{"a": "x".repeat(100), "b": {"c": "y".repeat(60)}}]});
        let text = lines(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(text.starts_with("{\n  \"v\": 1,\n  \"long\": [\n    0,\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH + 2), "{text}");
    }
}
