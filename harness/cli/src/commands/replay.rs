//! `replay`: one run again, and whether it is the same.

use ackproof_core::recording::Detail;
use ackproof_core::schedule::Schedule;
use ackproof_report::transcript::transcript;
use ackproof_scenario::Replay;
use ackproof_sim::Engine;
use serde_json::json;

use super::{load_replay, print};
use crate::args::{Format, ReplayArgs};
use crate::exit::{Exit, Failure};
use crate::failing::{Shown, asked};
use crate::plan::Plan;
use crate::trial::Trial;

pub(super) fn replay(args: &ReplayArgs) -> anyhow::Result<Exit> {
    let replay = load_replay(&args.what, &args.out, &args.set)?;
    let changed = !args.set.is_empty();
    let origin = replay.origin.clone();
    let asked = asked(&replay);
    // What it shows is told from the trace.
    let (_, trial) = run_again(replay, args.engine.into(), Detail::Trace)?;
    let shown = Shown::of(&trial, &asked);
    let digest = trial.recording.history.digest();
    let identical = digest.0 == origin.digest;
    let is_shown = shown.is_some() || origin.shows.is_empty();
    let exit = if identical && is_shown || changed { Exit::AsExpected } else { Exit::Differs };
    if args.format == Format::Json {
        print(&format!(
            "{:#}\n",
            json!({
                "v": 1, "digest": digest, "expected": origin.digest, "identical": identical, "set": args.set,
                "shows": shown.as_ref().map(Shown::to_string),
                "ackproof": origin.ackproof, "verdict": trial.verdict, "exit": exit.code(),
            })
        ))?;
        return Ok(exit);
    }
    let mut text = String::new();
    if args.verbose > 0 {
        text.push_str(&transcript(&trial.recording, args.verbose > 1));
        text.push('\n');
    }
    text.push_str(&match (changed, identical) {
        (false, true) => format!("identical: the history has the digest {digest} again\n"),
        (false, false) => format!(
            "different: the history has the digest {digest}, expected {} (found by ackproof {}, this is {})\n",
            origin.digest,
            origin.ackproof,
            env!("CARGO_PKG_VERSION"),
        ),
        (true, _) => format!("the same faults with {}\n", args.set.join(", ")),
    });
    match &shown {
        Some(shown) => text.push_str(&format!("it shows {shown}\n")),
        None if is_shown => {}
        None => text.push_str(&format!("it no longer shows {}\n", origin.shows)),
    }
    text.push_str(&outcome(&trial));
    print(&text)?;
    Ok(exit)
}

/// Runs what the file describes, through the same door as a sweep.
pub(super) fn run_again(replay: Replay, engine: Engine, detail: Detail) -> Result<(Schedule, Trial), Failure> {
    let seed = replay.scenario.seed;
    let plan = Plan::of(replay.scenario, engine);
    let bed = plan.bed(plan.cells.first().expect("a replay has one cell"));
    let schedule = bed.schedule(seed);
    match bed.run_schedule(&schedule, seed, engine, detail) {
        Ok(trial) => Ok((schedule, trial)),
        Err(broken) => Err(Failure {
            exit: Exit::OurBug,
            text: format!("error: the model broke, which is a bug of ours (seed {}): {}", seed.0, broken.0),
        }),
    }
}

fn outcome(trial: &Trial) -> String {
    let tally = &trial.verdict.tally;
    let mut text = format!(
        "{} sent, {} acked, {} rejected, {} unknown, {} untold, {} consumed\n",
        tally.sent, tally.acked, tally.rejected, tally.unknown, tally.untold, tally.consumed,
    );
    for (guarantee, judgement) in &trial.verdict.guarantees {
        use ackproof_core::verdict::Judgement;
        let words = match judgement {
            Judgement::Holds => "holds".to_owned(),
            Judgement::Violated { why, .. } => format!("violated: {why}"),
            Judgement::Inconclusive { why } => format!("inconclusive: {why}"),
        };
        text.push_str(&format!("  {guarantee}: {words}\n"));
    }
    if let Some(doubt) = &trial.verdict.doubt {
        text.push_str(&format!("  doubt: {doubt}\n"));
    }
    text
}
