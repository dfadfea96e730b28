//! `report`: results that are there already, in another form. Nothing is simulated, and the folder is only read.

use std::path::Path;

use ackproof_report::store::{self, Results};

use super::{look, print};
use crate::args::ReportArgs;
use crate::exit::{Exit, Failure};

pub(super) fn report(args: &ReportArgs) -> anyhow::Result<Exit> {
    let folder = store::find(&args.folder).map_err(Failure::from)?;
    let results = Results::read(&folder).map_err(Failure::from)?;
    let mut look = look(folder.display().to_string());
    match &args.output {
        Some(path) => {
            look.color = false;
            write(path, &(args.format.render)(&results, &look))?;
        }
        None => print(&(args.format.render)(&results, &look))?,
    }
    Ok(Exit::AsExpected)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|why| Failure::input(format!("error: cannot write {}: {why}", path.display())))
}
