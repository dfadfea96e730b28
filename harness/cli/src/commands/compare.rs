//! `compare`: two results, or two rows of one, held against each other.

use std::path::PathBuf;

use ackproof_core::guarantee::Guarantee;
use ackproof_report::compare::{self, Compared, Comparison, FailOn, Matched, Options, Unmatched};
use clap::Args;

use super::run::{cores, listen_for_interrupt};
use super::{look, print, program};
use crate::aloud::say;
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::side::{self, Loaded, Origin, Running};
use crate::telling::tell;

pub(crate) const EXAMPLES: &str = "Examples:\n  \
    ackproof compare results/orders/1a2b3c4d5e6f results/orders\n  \
    ackproof compare results/orders --row acks=1 --with acks=all\n  \
    ackproof compare results/baseline orders.yaml --fail-on p99=20%\n\n\
    Exits with 1 when a promise is kept worse beyond chance, or --fail-on says so; with 3 when too little could be compared.";

#[derive(Args, Debug)]
pub struct CompareArgs {
    /// What was: a folder of results, a baseline, a scenario, or a folder of these.
    pub base: PathBuf,
    /// What is now, likewise; BASE again when two rows of it are compared. A scenario is run for it, and nothing is kept.
    pub head: Vec<PathBuf>,
    /// The rows of BASE to compare, e.g. 'acks=1'.
    #[arg(long, value_name = "KEY=VALUE", requires = "with")]
    pub row: Option<String>,
    /// The rows of HEAD to compare them with, e.g. 'acks=all'.
    #[arg(long, value_name = "KEY=VALUE", requires = "row")]
    pub with: Option<String>,
    /// The chance of a false alarm in the whole comparison that is accepted.
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = alpha)]
    pub alpha: f64,
    /// A promise that counts beside no-acked-loss, durable and what the scenario expects, or `all`; may be given again.
    #[arg(long, value_name = "NAME", value_parser = guarantees)]
    pub guarantee: Vec<Vec<Guarantee>>,
    /// What fails beside a promise that is kept worse: `change` (whatever moved, in either direction), or a cost that
    /// rises by more than p99=20%, p99=50ms, unavailable=5s, duplicated=1%, rejected=1% (of the messages).
    #[arg(long, value_name = "WHAT")]
    pub fail_on: Vec<FailOn>,
    /// Storms to tell of each promise that moved.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub storms: u16,
    /// A value that wins over everything else, in scenarios that are run for the comparison.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Threads; all cores unless given.
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

pub(super) fn compare(args: &CompareArgs) -> anyhow::Result<Exit> {
    let threads = args.jobs.map_or_else(cores, usize::from);
    listen_for_interrupt();
    let base = side::read(std::slice::from_ref(&args.base), &Running { threads, ..Running::default() })?;
    let again = if args.head.is_empty() && args.row.is_some() { vec![args.base.clone()] } else { args.head.clone() };
    if again.is_empty() {
        let help = "name a HEAD to compare it with, or two rows of it with --row KEY=VALUE --with KEY=VALUE";
        return Err(Failure::input(format!("error: nothing to compare {} with; {help}", args.base.display())).into());
    }
    let head = side::read(&again, &Running { like: &base, runs: None, set: &args.set, threads })?;
    for note in base.iter().chain(&head).flat_map(|it| &it.notes) {
        say(note);
    }
    let mut pairs = pairs(&base, &head);
    if args.row.is_none() {
        refuse_the_same(&pairs.both)?;
    }
    let guarantees = args.guarantee.concat();
    let options = Options { alpha: args.alpha, guarantees, fail_on: args.fail_on.clone() };
    let compared = match (&args.row, &args.with) {
        (Some(row), Some(with)) => rows(&mut pairs.both, row, with)?,
        (_, _) => whole(&pairs)?,
    };
    let mut comparison = Comparison::of(&compared, pairs.only_base, pairs.only_head, &options);
    let program = program();
    tell(&mut comparison, &pairs.both, usize::from(args.storms), &program);
    print(&match args.format {
        Format::Text => compare::text::render(&comparison, &look(String::new())),
        Format::Markdown => compare::markdown::render(&comparison),
        Format::Json => comparison.json(),
    })?;
    let exit = match comparison.exit {
        0 => Exit::AsExpected,
        1 => Exit::Violated,
        _ => Exit::Inconclusive,
    };
    Ok(if head.iter().any(|it| it.broken > 0) { exit.worse(Exit::OurBug) } else { exit })
}

/// Results of the same scenario.
pub(super) struct Pairs<'a> {
    pub both: Vec<(&'a Loaded, &'a Loaded)>,
    pub only_base: Vec<String>,
    pub only_head: Vec<String>,
}

/// Brings results of the same scenario together. One against one is what was asked for, whatever they are called; one against
/// a folder is compared with its own there.
pub(super) fn pairs<'a>(base: &'a [Loaded], head: &'a [Loaded]) -> Pairs<'a> {
    if let ([base], [head]) = (base, head) {
        return Pairs { both: vec![(base, head)], only_base: Vec::new(), only_head: Vec::new() };
    }
    let in_head = |it: &Loaded| head.iter().find(|other| other.result.scenario == it.result.scenario);
    let in_base = |it: &Loaded| base.iter().any(|other| other.result.scenario == it.result.scenario);
    let name = |it: &Loaded| it.result.scenario.clone();
    let only_base = base.iter().filter(|it| in_head(it).is_none() && head.len() > 1).map(name).collect();
    let only_head = head.iter().filter(|it| !in_base(it)).map(name).collect();
    Pairs { both: base.iter().filter_map(|it| Some((it, in_head(it)?))).collect(), only_base, only_head }
}

fn refuse_the_same(pairs: &[(&Loaded, &Loaded)]) -> Result<(), Failure> {
    let place = |it: &Loaded| match &it.origin {
        Origin::Results(path) | Origin::Baseline(path) => path.canonicalize().ok(),
        // A scenario can be run with other values.
        Origin::Scenario(_) => None,
    };
    match pairs.iter().find(|(base, head)| place(base).is_some() && place(base) == place(head)) {
        None => Ok(()),
        Some((it, _)) => Err(Failure::input(format!(
            "error: BASE and HEAD are both {}; to compare two rows of one result, name them with --row and --with",
            it.path
        ))),
    }
}

fn paths(base: &Loaded, head: &Loaded) -> [String; 2] {
    [base.path.clone(), head.path.clone()]
}

fn whole<'a>(pairs: &Pairs<'a>) -> Result<Vec<Compared<'a>>, Failure> {
    let compared: Vec<Compared<'a>> = pairs
        .both
        .iter()
        .map(|(base, head)| Compared {
            matched: Matched::by_settings(&base.result, &head.result),
            paths: paths(base, head),
        })
        .collect();
    if compared.iter().any(|it| it.matched.has_common()) {
        return Ok(compared);
    }
    let Some((base, head)) = pairs.both.first() else {
        let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let text = format!(
            "error: the two have no scenario in common; only in BASE: {}; only in HEAD: {}",
            names(&pairs.only_base),
            names(&pairs.only_head)
        );
        return Err(Failure::input(text));
    };
    let text = format!(
        "error: the two have no cell in common\n  BASE {}\n  HEAD {}\nto compare rows of other settings, name them with --row \
         and --with",
        shape(base),
        shape(head),
    );
    Err(Failure::input(text))
}

/// Axes and fault classes of a result.
fn shape(it: &Loaded) -> String {
    let mut faults: Vec<&str> = it.result.cells.iter().map(|cell| cell.fault.as_str()).collect();
    faults.sort_unstable();
    faults.dedup();
    let axes: Vec<&str> =
        it.result.cells.first().map_or(Vec::new(), |cell| cell.settings.keys().map(String::as_str).collect());
    let axes = if axes.is_empty() { "no axis".to_owned() } else { axes.join(" x ") };
    format!("{}: {axes}, under {}", it.path, faults.join(", "))
}

/// Two rows of each scenario that has them.
fn rows<'a>(pairs: &mut Vec<(&'a Loaded, &'a Loaded)>, row: &str, with: &str) -> Result<Vec<Compared<'a>>, Failure> {
    let mut compared = Vec::new();
    let mut first = None;
    pairs.retain(|(base, head)| match Matched::by_rows(&base.result, &head.result, row, with) {
        Ok(matched) => {
            compared.push(Compared { matched, paths: paths(base, head) });
            true
        }
        Err(unmatched) => {
            first.get_or_insert((base.path.clone(), unmatched));
            false
        }
    });
    match first {
        Some((path, unmatched)) if compared.is_empty() => Err(no_rows(&path, unmatched)),
        Some(_) | None => Ok(compared),
    }
}

fn no_rows(path: &str, unmatched: Unmatched) -> Failure {
    match unmatched {
        Unmatched::Word(word) => {
            Failure::input(format!("error: `{word}` picks no row: write key=value, as in --row acks=1 --with acks=all"))
        }
        Unmatched::NoRow { word, known } => Failure {
            exit: Exit::NothingMatched,
            text: format!("error: {path}: no row has {word}; known: {}", known.join(", ")),
        },
        Unmatched::NothingCommon => Failure {
            exit: Exit::NothingMatched,
            text: format!(
                "error: {path}: these rows have no fault class, or no value of the other settings, in common"
            ),
        },
    }
}

/// `5%` or `0.05`; above 0 and below 50 %.
fn alpha(text: &str) -> Result<f64, String> {
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    match number.trim().parse::<f64>().map(|number| number / unit) {
        Ok(alpha) if alpha > 0.0 && alpha < 0.5 => Ok(alpha),
        Ok(_) | Err(_) => Err(format!("`{text}` is no chance of a false alarm: write 5% or 0.05, below 50%")),
    }
}

fn guarantees(text: &str) -> Result<Vec<Guarantee>, String> {
    if text == "all" {
        return Ok(Guarantee::ALL.map(|(_, guarantee, _)| guarantee).to_vec());
    }
    let known = || Guarantee::ALL.map(|(word, _, _)| word).join(", ");
    Guarantee::named(text).map(|it| vec![it]).ok_or_else(|| format!("no promise `{text}`: all, {}", known()))
}
