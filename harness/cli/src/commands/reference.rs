//! `completions` and `man`.

use super::print;
use crate::exit::{Exit, Failure};
use crate::reference::completions::{self, CompletionsArgs};
use crate::reference::man::{self, ManArgs};

pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    print(&String::from_utf8(completions::script(args.shell))?)?;
    Ok(Exit::AsExpected)
}

pub(super) fn man(args: &ManArgs) -> anyhow::Result<Exit> {
    let pages = man::pages()?;
    let Some(folder) = &args.output else {
        if let Some((_, text)) = pages.into_iter().next() {
            print(&String::from_utf8(text)?)?;
        }
        return Ok(Exit::AsExpected);
    };
    let refused =
        |error: std::io::Error| Failure::input(format!("error: {} cannot be written: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(refused)?;
    for (name, text) in &pages {
        std::fs::write(folder.join(name), text).map_err(refused)?;
    }
    print(&format!("{}: {} pages\n", folder.display(), pages.len()))?;
    Ok(Exit::AsExpected)
}
