//! The scenario as text, and what is said of it.

use ackproof_core::setting::{SettingName, ValueSource};
use ackproof_scenario::Note;

use super::draft::{Draft, Sheet};

const WIDTH: usize = 118;

/// Lines of YAML, with comments where they fit.
#[derive(Default)]
struct Paper {
    text: String,
}

impl Paper {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }
    /// A line with what stands behind it.
    fn line_because(&mut self, text: &str, comment: &str) {
        let comment = plain(comment);
        if comment.is_empty() {
            self.line(text);
        } else if text.len() + comment.len() + 3 <= WIDTH {
            self.line(&format!("{text} # {comment}"));
        } else {
            let indent = text.len() - text.trim_start().len();
            self.comment(indent, &comment);
            self.line(text);
        }
    }
    fn comment(&mut self, indent: usize, text: &str) {
        let margin = " ".repeat(indent);
        let mut line = format!("{margin}#");
        for word in plain(text).split(' ') {
            if line.len() + 1 + word.len() > WIDTH && line.len() > margin.len() + 1 {
                self.line(&line);
                line = format!("{margin}#  ");
            }
            line.push(' ');
            line.push_str(word);
        }
        self.line(&line);
    }
    fn list(&mut self, title: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.line("#");
        self.comment(0, title);
        items.iter().for_each(|item| self.comment(0, &format!("- {item}")));
    }
}

/// Without what would end a comment or move a cursor.
fn plain(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A value as YAML takes it for exactly that text.
fn quoted(value: &str) -> String {
    let is_plain = !value.is_empty()
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
        && value.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !matches!(value.to_ascii_lowercase().as_str(), "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if is_plain { value.to_owned() } else { serde_json::Value::from(value).to_string() }
}

pub(super) fn write(sheet: &Sheet<'_>) -> Draft {
    let mut paper = Paper::default();
    write_head(sheet, &mut paper);
    write_config(sheet, &mut paper);
    write_rest(sheet, &mut paper);
    let read = how_read(sheet);
    let unknown = unknown(sheet);
    let mut assumed = Vec::new();
    if sheet.version.is_assumed && !sheet.wish.from.is_empty() {
        assumed.push(format!("{}@{}: {}", sheet.wish.broker.name(), sheet.version.name, sheet.version.comment));
    }
    assumed.extend(sheet.inquiry.assumed.iter().cloned());
    assumed.extend(beyond_brokers(sheet));
    paper.list("Nobody knows, or your files leave open; nothing of it is in force here:", &unknown);
    paper.list("Decided for you:", &assumed);
    paper.list("How your files were read:", &read);
    let survey = sheet.survey;
    let is_silent = !sheet.wish.from.is_empty()
        && (survey.values.is_empty() && survey.notes.is_empty() && unknown.is_empty() && survey.machines.is_empty());
    Draft { text: paper.text, read, unknown, assumed, is_silent }
}

fn write_head(sheet: &Sheet<'_>, paper: &mut Paper) {
    let whence = match sheet.wish.from {
        [] => "without files of yours".to_owned(),
        files => format!("from {}", files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", ")),
    };
    let file = sheet.wish.shown;
    paper.comment(0, &format!("Written by `ackproof init` {whence}. Yours to edit: ackproof run {file}"));
    paper.line(&format!("title: {}", quoted(&sheet.inquiry.title)));
    let broker = sheet.wish.broker;
    paper.line_because(&format!("broker: {}@{}", broker.name(), sheet.version.name), &sheet.version.comment);
    if broker.clients().first() != Some(&sheet.client) {
        paper.line_because(&format!("client: {}", sheet.client), "it alone has every key of your files");
    }
    let racks: Vec<String> = sheet.survey.machines.iter().filter_map(|machine| machine.rack.clone()).collect();
    let who: Vec<String> = sheet.survey.machines.iter().map(|machine| machine.name.clone()).collect();
    let comment = match sheet.survey.machines.first() {
        Some(first) => format!("{} in {}", who.join(", "), first.file),
        None => "how many do you have?".to_owned(),
    };
    let racks = if racks.len() == sheet.brokers as usize {
        format!(", racks: [{}]", racks.iter().map(|rack| quoted(rack)).collect::<Vec<_>>().join(", "))
    } else {
        String::new()
    };
    // Racks are dealt out to brokers in turn, and a name stands once: as many as brokers, or none.
    let distinct = racks.is_empty() || has_distinct_racks(sheet);
    let racks = if distinct { racks } else { String::new() };
    match &sheet.inquiry.cluster {
        Some(line) => paper.line_because(&line.text, &line.comment),
        None => paper.line_because(&format!("cluster: {{ brokers: {}{racks} }}", sheet.brokers), &comment),
    }
}

fn has_distinct_racks(sheet: &Sheet<'_>) -> bool {
    let mut racks: Vec<&str> = sheet.survey.machines.iter().filter_map(|machine| machine.rack.as_deref()).collect();
    racks.sort_unstable();
    racks.windows(2).all(|pair| pair[0] != pair[1])
}

fn write_config(sheet: &Sheet<'_>, paper: &mut Paper) {
    paper.line("config:");
    let named = sheet.named();
    if !named.is_empty() {
        paper.line("  from:");
    }
    for file in &named {
        let mut item = vec![format!("file: {}", quoted(&file.path))];
        item.extend(file.section.map(|section| format!("section: {section}")));
        item.extend(file.image.as_ref().map(|image| format!("image: {}", quoted(image))));
        let profiles: Vec<String> = sheet.wish.hints.profiles.iter().map(|profile| quoted(profile)).collect();
        if !profiles.is_empty() && !file.path.ends_with(".env") {
            item.push(format!("profile: [{}]", profiles.join(", ")));
        }
        match &item[..] {
            [_] => paper.line(&format!("    - {}", quoted(&file.path))),
            _ => paper.line(&format!("    - {{ {} }}", item.join(", "))),
        }
    }
    let mut lines: Vec<(&str, String, String)> = Vec::new();
    let own = |name: &SettingName| {
        sheet.inquiry.config.iter().any(|(section, key, ..)| name.section == *section && name.key == *key)
    };
    for (name, value, source) in sheet.written_out() {
        if let ValueSource::File { file, line } = source
            && !own(name)
        {
            lines.push((&name.section, format!("{}: {}", name.key, quoted(value)), format!("from {file}:{line}")));
        }
    }
    for (section, key, value, why) in &sheet.inquiry.config {
        lines.push((section, format!("{key}: {}", quoted(value)), why.clone()));
    }
    for section in sheet.wish.broker.sections() {
        if lines.iter().any(|(of, ..)| of == section) {
            paper.line(&format!("  {section}:"));
        }
        for (_, text, why) in lines.iter().filter(|(of, ..)| of == section) {
            paper.line_because(&format!("    {text}"), why);
        }
    }
}

fn write_rest(sheet: &Sheet<'_>, paper: &mut Paper) {
    let inquiry = sheet.inquiry;
    paper.line("app:");
    for line in &inquiry.app {
        paper.line_because(&format!("  {}", line.text), &line.comment);
    }
    // What a spoiled file says about the application does not come with the file.
    for (path, value, source) in sheet.survey.told.iter().filter(|_| !sheet.survey.spoiled.is_empty()) {
        if let Some(rest) = path.strip_prefix("app.consumer.") {
            paper.line_because(&format!("  consumer: {{ {rest}: {} }}", quoted(value)), &format!("from {source}"));
        }
    }
    paper.line(&format!("workload: {}", inquiry.workload));
    if !inquiry.axes.is_empty() {
        paper.line("matrix:");
    }
    for axis in &inquiry.axes {
        let values: Vec<String> = axis.values.iter().map(|value| quoted(value)).collect();
        paper.line_because(&format!("  {}: [{}]", axis.name, values.join(", ")), &axis.comment);
    }
    paper.line("faults:");
    for fault in &inquiry.faults {
        if fault.steps.is_empty() {
            paper.line_because(&format!("  {}: []", fault.name), fault.comment);
            continue;
        }
        paper.line_because(&format!("  {}:", fault.name), fault.comment);
        fault.steps.iter().for_each(|step| paper.line(&format!("    - {step}")));
    }
    paper.line(&format!("runs: {}", inquiry.runs));
    paper.line("expect:");
    for expectation in &inquiry.expectations {
        for (index, line) in expectation.lines.iter().enumerate() {
            paper.line(&format!("  {} {line}", if index == 0 { '-' } else { ' ' }));
        }
        paper.line(&format!("    reason: {}", quoted(expectation.reason)));
    }
}

fn how_read(sheet: &Sheet<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut without_effect = 0;
    for note in &sheet.survey.notes {
        match note {
            Note::FromFile { .. } => lines.push(note.to_string()),
            Note::NotModelled { .. } => without_effect += 1,
            Note::Collapsed { .. } | Note::Trap { .. } | Note::Fixed { .. } => {}
        }
    }
    // Brokers alike are read alike.
    let mut said: Vec<&str> = Vec::new();
    let mut shorter = Vec::new();
    for line in &lines {
        let what = line.split_once(": ").map_or(line.as_str(), |(_, what)| what);
        if !said.contains(&what) {
            said.push(what);
            shorter.push(line.clone());
        }
    }
    let warnings = sheet.survey.warnings.located();
    shorter.extend(warnings.iter().map(|warning| {
        let place = match (&warning.file, warning.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            (None, _) => String::new(),
        };
        let help: String = warning.help.iter().map(|help| format!("; {help}")).collect();
        format!("{place}{}{help}", warning.message)
    }));
    if without_effect > 0 {
        shorter.push(format!(
            "{without_effect} {} known and without effect on a run: `ackproof check` names each with the reason",
            if without_effect == 1 { "key is" } else { "keys are" }
        ));
    }
    shorter
}

fn unknown(sheet: &Sheet<'_>) -> Vec<String> {
    let unknown = sheet.survey.unknown.iter().map(|(source, what)| format!("{source}: {what}"));
    let open = sheet.survey.open.iter().map(|(name, source, why)| format!("{source}: {name} is open: {why}"));
    unknown.chain(open).collect()
}

fn beyond_brokers(sheet: &Sheet<'_>) -> Option<String> {
    (sheet.machines > sheet.brokers)
        .then(|| format!("your files start {} brokers; a scenario has at most {}", sheet.machines, sheet.brokers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_yaml_would_read_something_else() {
        for (value, expected) in [
            ("all", "all"),
            ("2", "2"),
            ("-1", "\"-1\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("on", "\"on\""),
            ("x # y", "\"x # y\""),
            ("../a.properties", "\"../a.properties\""),
        ] {
            assert_eq!(quoted(value), expected);
        }
    }

    #[test]
    fn a_comment_stays_one_whatever_is_in_it() {
        let mut paper = Paper::default();
        paper.line_because("broker: kafka", "an image\nbroker: other\r\u{1b}[31m");
        assert_eq!(paper.text, "broker: kafka # an image broker: other [31m\n");
    }
}
