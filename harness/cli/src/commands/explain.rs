//! `explain`: the autopsy of a failure, in words and as a diagram.

use ackproof_check::autopsy;
use ackproof_core::app::MsgId;
use ackproof_core::guarantee::Guarantee;
use ackproof_core::recording::Detail;
use ackproof_report::explain::{self, Explanation};
use ackproof_report::result::parse_msg;
use ackproof_report::words;
use ackproof_sim::Engine;
use serde_json::json;

use super::replay::run_again;
use super::{load_replay, look, print, program};
use crate::args::{ExplainArgs, Format};
use crate::exit::{Exit, Failure};
use crate::failing::{Shown, asked};

pub(super) fn explain(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let replay = load_replay(&args.what, &args.out, &[])?;
    let origin = replay.origin.clone();
    let asked = asked(&replay);
    let (schedule, trial) = run_again(replay, Engine::Event, Detail::Trace)?;
    let shown = Shown::of(&trial, &asked);
    let msg = message(args, shown.as_ref(), &asked)?;
    let told = autopsy(&trial.recording, msg)
        .ok_or_else(|| Failure::input(format!("error: nobody sent {msg} in this run")))?;
    if args.format == Format::Json {
        print(&format!(
            "{:#}\n",
            json!({
                "v": 1, "message": msg.to_string(), "autopsy": told, "shows": shown.as_ref().map(Shown::to_string),
            })
        ))?;
        return Ok(Exit::AsExpected);
    }
    let breaks = shown.map(|shown| format!("{} is violated: {}", shown.guarantee, shown.why));
    let program = program();
    let next = [
        (format!("{program} replay {} -v", args.what), "the whole run, entry by entry".to_owned()),
        (format!("{program} replay {} --set KEY=VALUE", args.what), "the same faults under another setting".to_owned()),
    ];
    let explanation = Explanation {
        shows: breaks.as_deref(),
        autopsy: &told.to_string(),
        story: &words::story_as_run(&schedule.faults, &trial.recording.faults),
        recording: &trial.recording,
        msg,
        next: &next,
    };
    let mut text = explain::render(&explanation, &look(String::new()));
    if trial.recording.history.digest().0 != origin.digest {
        text.push_str("\nThis is not the run that the file describes: its digest is another. `replay` says more.\n");
    }
    print(&text)?;
    Ok(Exit::AsExpected)
}

/// The message that was asked for, or the one that shows what is broken.
fn message(args: &ExplainArgs, shown: Option<&Shown>, asked: &[Guarantee]) -> Result<MsgId, Failure> {
    if let Some(text) = &args.message {
        return parse_msg(text).ok_or_else(|| Failure::input(format!("error: `{text}` is no message: write p1#57")));
    }
    shown.and_then(|shown| shown.msg).ok_or_else(|| {
        let asked: Vec<String> = asked.iter().map(Guarantee::to_string).collect();
        let asked = words::list(&asked);
        Failure {
            exit: Exit::NothingMatched,
            text: format!(
                "this run does not violate {asked}: there is nothing to explain; name a message with --message"
            ),
        }
    })
}
