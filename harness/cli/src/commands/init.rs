//! `init`: a scenario from the user's own files, and the template of a CI system.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use ackproof_core::model::Broker;
use ackproof_report::words::number_of;
use ackproof_scenario::{Diagnostics, SurveyHints, SurveyedFile, familiar_keys, survey};

use super::{bad_input, print};
use crate::exit::{Exit, Failure};
use crate::init::args::InitArgs;
use crate::init::template::Ci;
use crate::init::{Draft, INQUIRIES, Wish, draft};
use crate::registry;

pub(super) fn init(args: &InitArgs) -> anyhow::Result<Exit> {
    let to_stdout = args.output.as_os_str() == "-";
    // A template alone: for a scenario that is there already.
    let only_template = args.ci.is_some() && args.from.is_empty() && args.output.exists() && !args.force;
    if to_stdout && args.ci.is_some() {
        return Err(Failure::input("error: --ci needs a scenario in a file: name it with -o").into());
    }
    if let Some(ci) = args.ci.filter(|_| !args.force) {
        refuse_existing(Path::new(ci.file()))?;
    }
    if !only_template {
        write_scenario(args, to_stdout)?;
    }
    if let Some(ci) = args.ci {
        write_template(ci, &args.output, args.force)?;
    }
    Ok(Exit::AsExpected)
}

fn write_scenario(args: &InitArgs, to_stdout: bool) -> anyhow::Result<()> {
    if !to_stdout && !args.force {
        refuse_existing(&args.output)?;
    }
    let broker = match &args.broker {
        Some(name) => registry::brokers().into_iter().find(|broker| broker.name() == name).ok_or_else(|| {
            let known: Vec<&str> = INQUIRIES.iter().map(|(name, _)| *name).collect();
            Failure::input(format!("error: no broker `{name}`; known: {}", known.join(", ")))
        })?,
        None => broker_of(args),
    };
    let from = args.from.iter().map(|path| file_of(path, broker)).collect::<Result<Vec<_>, Failure>>()?;
    // Where it would stand decides how it names the files.
    let place = if to_stdout { Path::new("stdout.yaml") } else { args.output.as_path() };
    let hints = SurveyHints { image: args.image.clone(), profiles: args.profile.clone() };
    let shown = if to_stdout { "FILE".into() } else { args.output.to_string_lossy() };
    let wish = Wish { broker, from: &from, hints, place, shown: &shown };
    let Some(draft) = draft(&wish).map_err(|diagnostics| bad_input(&diagnostics))? else {
        let known: Vec<&str> = INQUIRIES.iter().map(|(name, _)| *name).collect();
        let message = format!("error: there are no questions for {} yet; brokers: {}", broker.name(), known.join(", "));
        return Err(Failure::input(message).into());
    };
    if draft.is_silent {
        let names: Vec<String> = args.from.iter().map(|path| path.display().to_string()).collect();
        let message = format!("error: nothing in {} is about {}", names.join(", "), broker.name());
        return Err(Failure::input(message).into());
    }
    let scenario = ackproof_scenario::parse_beside(place, &draft.text, &registry::brokers())
        .map_err(|diagnostics| refused(&diagnostics, &args.output))?;
    if to_stdout {
        return print(&draft.text);
    }
    put(&args.output, &draft.text, args.force)?;
    let cells = [(scenario.rows.len(), "row"), (scenario.classes.len(), "fault class")];
    let cells = cells.map(|(n, what)| number_of(n as u64, what)).join(" x ");
    let what = format!(
        "{}: {}, {cells} x {}",
        args.output.display(),
        scenario.broker_version(),
        number_of(scenario.runs.into(), "run")
    );
    print(&format!("{what}\n{}{}", said(&draft), next(&args.output)))
}

/// The broker that knows most of the files; the first one where none of them tells.
fn broker_of(args: &InitArgs) -> &'static dyn Broker {
    let brokers = registry::brokers();
    let first = brokers[0];
    let known = |broker: &&'static dyn Broker| {
        let files = args.from.iter().filter_map(|path| file_of(path, *broker).ok()).collect::<Vec<_>>();
        let (version, client) = (broker.default_version(), broker.clients().first());
        let hints = SurveyHints { image: args.image.clone(), profiles: args.profile.clone() };
        let found = survey(&files, &hints, *broker, version, client.copied().unwrap_or(""));
        let found = found.map(|found| found.values.len() + found.notes.len() + found.told.len());
        // What is wrong in a broker's own words is still its own.
        found.unwrap_or_else(|_| familiar_keys(&files, *broker))
    };
    let most = brokers.iter().map(known).max().unwrap_or(0);
    brokers.into_iter().find(|broker| most > 0 && known(broker) == most).unwrap_or(first)
}

/// Files that say what a broker or a client would not start with.
fn refused(diagnostics: &Diagnostics, output: &Path) -> Failure {
    let mut failure = bad_input(diagnostics);
    let what = "your files together are not what a cluster starts with";
    failure.text.push_str(&format!("\n\nerror: {} was not written: {what}", output.display()));
    failure
}

/// What a user has to know of the scenario before running it.
fn said(draft: &Draft) -> String {
    let mut text = String::new();
    for (title, lines) in [
        ("Nobody knows, or your files leave open", &draft.unknown),
        ("Decided for you", &draft.assumed),
        ("How your files were read", &draft.read),
    ] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}\n"));
            lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    }
    text
}

fn next(file: &Path) -> String {
    let (file, program) = (file.display(), super::program());
    format!(
        "\nNext\n  {program} plan {file}   # every setting with where it comes from\n  {program} run {file}    # the answer\n"
    )
}

fn write_template(ci: Ci, scenario: &Path, force: bool) -> anyhow::Result<()> {
    let path = scenario.to_string_lossy().replace('\\', "/");
    let text = ci.text(&path).ok_or_else(|| anyhow::anyhow!("the template has no line for scenarios"))?;
    let file = PathBuf::from(ci.file());
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    put(&file, &text, force)?;
    print(&format!("{}: for {path}; {}\n", file.display(), ci.next()))
}

/// `FILE`, or `SECTION=FILE` where the file does not tell what it is about.
fn file_of(path: &Path, broker: &dyn Broker) -> Result<SurveyedFile, Failure> {
    let name = path.to_str();
    let name = name.ok_or_else(|| Failure::input(format!("error: the name of `{}` is not UTF-8", path.display())))?;
    let section = name.split_once('=').and_then(|(word, file)| {
        let section = broker.sections().iter().copied().find(|known| *known == word)?;
        Some((section, file))
    });
    Ok(match section {
        Some((section, file)) => SurveyedFile { name: file.to_owned(), section: Some(section) },
        None => SurveyedFile { name: name.to_owned(), section: None },
    })
}

fn refuse_existing(file: &Path) -> Result<(), Failure> {
    match file.symlink_metadata() {
        Ok(_) => Err(exists(file)),
        Err(_) => Ok(()),
    }
}

fn exists(file: &Path) -> Failure {
    Failure::input(format!("error: {} exists; -o names another file, --force overwrites it", file.display()))
}

/// Writes a file, which is new unless `force` says otherwise.
fn put(file: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    let options = if force { options.truncate(true) } else { options.create_new(true) };
    let written = options.open(file).and_then(|mut open| open.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(file),
        _ => Failure::input(format!("error: {} cannot be written: {error}", file.display())),
    })
}
