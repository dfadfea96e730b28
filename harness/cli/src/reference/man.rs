//! Manual pages: one for the program, one for each verb.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;

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
    let man = Man::new(command);
    let mut text = Vec::new();
    man.render(&mut text)?;
    Ok((man.get_filename(), text))
}
