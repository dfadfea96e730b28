//! The command line.

use std::path::PathBuf;

use ackproof_report::formats::{self, FORMATS, Format as ReportFormat};
use ackproof_sim::Engine;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::accept::AcceptArgs;
use crate::commands::compare::CompareArgs;
use crate::init::args::InitArgs;
use crate::reference::completions::CompletionsArgs;
use crate::reference::man::ManArgs;
use crate::shard::Asked;
use crate::verify::Sample;

/// Which broker settings lose acknowledged messages, under which faults: simulated, replayable, compared.
#[derive(Parser, Debug)]
#[command(
    name = "ackproof",
    version,
    disable_help_subcommand = true,
    after_help = "Without a command, the built-in quickstart runs.\n\n\
    Exit codes: 0 as expected; 1 an expectation is violated; 2 bad usage or input; 3 inconclusive; \
    4 nothing matched; 5 engines or runs differ; 70 our bug; 130 interrupted, results kept."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Sweep the matrix of a scenario and print which settings lose messages.
    #[command(after_help = "Examples:\n  \
        ackproof run scenarios/kafka/acks-and-min-isr.yaml\n  \
        ackproof run orders.yaml --only 'acks=all' --fault all-power --runs 1000 --format markdown")]
    Run(RunArgs),
    /// Join the shards of a sweep to the result that the whole sweep would have had.
    #[command(after_help = "Examples:\n  \
        ackproof merge shards/ -o results\n  \
        ackproof merge shard-1 shard-2 shard-4 --allow-missing --format markdown")]
    Merge(MergeArgs),
    /// Show what a run would do: rows, columns, effective settings with their source. Nothing is simulated.
    #[command(after_help = "Examples:\n  ackproof plan orders.yaml\n  ackproof plan orders.yaml --format json")]
    Plan(PlanArgs),
    /// Validate scenarios, replays and the configuration files they name, without running them.
    #[command(after_help = "Examples:\n  ackproof check orders.yaml\n  ackproof check scenarios/kafka/*.yaml")]
    Check(CheckArgs),
    /// Run one failure again, and say whether it is the same to the byte.
    #[command(after_help = "Examples:\n  \
        ackproof replay results/orders/1a2b3c4d5e6f/failures/r1-f2-all-power-17.replay.yaml -v\n  \
        ackproof replay kfk1-9T4M-ZQ2C --set min.insync.replicas=2")]
    Replay(ReplayArgs),
    /// Say in words why a message was lost: each copy, when it was durable, what destroyed it.
    #[command(after_help = "Examples:\n  \
        ackproof explain results/orders/1a2b3c4d5e6f/failures/r1-f2-all-power-17.replay.yaml\n  \
        ackproof explain kfk1-9T4M-ZQ2C --message p1#57")]
    Explain(ExplainArgs),
    /// Show results again, in another form. Nothing is simulated.
    #[command(after_help = "Examples:\n  \
        ackproof report results/orders --format html -o orders.html\n  \
        ackproof report results/orders/1a2b3c4d5e6f --format markdown")]
    Report(ReportArgs),
    /// Say for each cell whether HEAD keeps its promises better, worse or the same as BASE, beyond chance.
    #[command(after_help = crate::commands::compare::EXAMPLES)]
    Compare(CompareArgs),
    /// Keep results as the baseline that `compare` holds later ones against, and print what moved.
    #[command(after_help = crate::commands::accept::EXAMPLES)]
    Accept(AcceptArgs),
    /// List what can be written in a scenario.
    #[command(after_help = "Examples:\n  ackproof list faults\n  ackproof list settings kafka --client librdkafka")]
    List(ListArgs),
    /// Print a JSON Schema: of scenario files, for editors, or of results, for programs that read them.
    #[command(
        after_help = "Examples:\n  ackproof schema > schema.json\n  ackproof schema summary | jq .properties.cells"
    )]
    Schema(SchemaArgs),
    /// Write a scenario from your own files, ready to run, and the template of a CI system.
    #[command(after_help = "Examples:\n  \
        ackproof init --from server.properties producer.properties -o orders.yaml\n  \
        ackproof init --from compose.yaml src/main/resources/application.yml --profile prod --ci github")]
    Init(InitArgs),
    /// Print completions for a shell.
    #[command(after_help = "Examples:\n  \
        ackproof completions bash > ~/.local/share/bash-completion/completions/ackproof\n  \
        ackproof completions zsh > ~/.zfunc/_ackproof")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each verb.
    #[command(after_help = "Examples:\n  ackproof man | man -l -\n  ackproof man -o ~/.local/share/man/man1")]
    Man(ManArgs),
}

#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// Of what.
    #[arg(value_enum, default_value = "scenario")]
    pub of: Document,
}

/// What a schema describes.
#[derive(Copy, Clone, Eq, PartialEq, Debug, ValueEnum)]
pub enum Document {
    /// Scenario and replay files.
    Scenario,
    /// `summary.json`, which `run --format json` prints too.
    Summary,
    /// A line of `cells/<id>.jsonl`.
    Run,
    /// `manifest.json`.
    Manifest,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, Default, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    Markdown,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, ValueEnum)]
pub enum EngineArg {
    Event,
    Turmoil,
}

impl From<EngineArg> for Engine {
    fn from(engine: EngineArg) -> Engine {
        match engine {
            EngineArg::Event => Engine::Event,
            EngineArg::Turmoil => Engine::Turmoil,
        }
    }
}

#[derive(Args, Debug)]
pub struct RunArgs {
    /// Scenario files.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Seeds per cell, in place of the scenario's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub runs: Option<u32>,
    /// First seed, in place of the scenario's.
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Keep only the rows with these values, e.g. 'acks=all,min.insync.replicas=2'.
    #[arg(long, value_name = "KEY=VALUE")]
    pub only: Vec<String>,
    /// Keep only this fault class; may be given again.
    #[arg(long, value_name = "NAME")]
    pub fault: Vec<String>,
    /// A value that wins over everything else, in every row.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Threads; all cores unless given.
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// What simulates: the fast engine, or turmoil for everything.
    #[arg(long, value_enum, default_value = "event")]
    pub engine: EngineArg,
    /// Share of the runs that is repeated on turmoil and must give the same history.
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = Sample::parse)]
    pub verify: Sample,
    /// Do only part k of n of the runs, for `merge` to join; 1/1 is all of them. Without it, what GitLab, AWS Batch, Slurm
    /// or a Kubernetes Indexed Job (with ACKPROOF_SHARDS) say by their variables.
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Asked>,
    /// Folder of results.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub struct MergeArgs {
    /// Folders with the results of shards, at any depth.
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// Folder of results, as of `run --out`.
    #[arg(short, long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Report what is there although runs are missing or cannot be read, marked as incomplete.
    #[arg(long)]
    pub allow_missing: bool,
    /// Threads; all cores unless given.
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    pub file: PathBuf,
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub struct CheckArgs {
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// A replay file, or the token that a sweep printed.
    #[arg(value_name = "FILE|TOKEN")]
    pub what: String,
    #[arg(long, value_enum, default_value = "event")]
    pub engine: EngineArg,
    /// -v prints the history and what actors decided, -vv every message too.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// The same faults under another setting.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where tokens are looked for.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// A replay file, or the token that a sweep printed.
    #[arg(value_name = "FILE|TOKEN")]
    pub what: String,
    /// The message to explain, e.g. p1#57; the first lost one unless given.
    #[arg(long, value_name = "MESSAGE")]
    pub message: Option<String>,
    /// Where tokens are looked for.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The folder of a run, or that of a scenario for its newest run.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    #[arg(long, default_value = FORMATS[0].name, value_parser = report_format())]
    pub format: ReportFormat,
    /// Write to this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

fn report_format() -> impl TypedValueParser<Value = ReportFormat> {
    let values = FORMATS.map(|format| PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(values).map(|name| formats::named(&name).expect("only names of formats are accepted"))
}

#[derive(Args, Debug)]
pub struct ListArgs {
    #[arg(value_enum)]
    pub what: Listed,
    /// The broker whose settings to list.
    pub broker: Option<String>,
    /// Defaults of this version of the broker.
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// Settings of this client library; the first that `list brokers` shows unless given.
    #[arg(long, value_name = "CLIENT")]
    pub client: Option<String>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

#[derive(Copy, Clone, Eq, PartialEq, Debug, ValueEnum)]
pub enum Listed {
    Brokers,
    Settings,
    Faults,
    Guarantees,
    Probes,
}
