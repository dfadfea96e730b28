//! Manual pages: one for the program, one for each verb.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;
use clap_mangen::roff::{self, Roff, roman};

#[derive(Args, Debug)]
pub struct ManArgs {
    /// Folder that gets a page for each verb, ackproof-run.1 and so on; the program's own page goes to standard output
    /// without it.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// Every page with its file name, the program's own first.
///
/// # Errors
/// None in practice: pages are written to memory.
pub fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = super::command();
    // Gives each verb its whole name, ackproof-run.
    command.build();
    let mut pages = vec![page(command.clone())?];
    for verb in command.get_subcommands() {
        pages.push(page(verb.clone())?);
    }
    Ok(pages)
}

fn page(command: clap::Command) -> std::io::Result<(String, Vec<u8>)> {
    let after = command.get_after_help().map(|text| text.to_string()).unwrap_or_default();
    let man = Man::new(command.after_help(None::<&'static str>));
    let mut text = Vec::new();
    man.render(&mut text)?;
    let mut more = Roff::new();
    for part in after.split("\n\n").filter(|part| !part.trim().is_empty()) {
        match (part.strip_prefix("Examples:\n"), part.strip_prefix("Exit codes: ")) {
            (Some(examples), _) => {
                more.control("SH", ["EXAMPLES"]).control("nf", []);
                for line in examples.lines() {
                    more.text([roman(line.trim())]);
                }
                more.control("fi", []);
            }
            (None, Some(exits)) => {
                more.control("SH", ["EXIT STATUS"]);
                for exit in exits.trim_end_matches('.').split("; ") {
                    let (code, words) = exit.split_once(' ').unwrap_or((exit, ""));
                    more.control("TP", []).text([roff::bold(code)]).text([roman(words)]);
                }
            }
            (None, None) => {
                more.control("PP", []).text([roman(part)]);
            }
        }
    }
    text.extend(more.to_roff().into_bytes());
    Ok((man.get_filename(), text))
}
