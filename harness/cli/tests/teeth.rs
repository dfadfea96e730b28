//! Every rule that can be switched off is missed by some scenario: without the rule it no longer comes out as it says.
//!
//! A scenario is written down for each rule, and that it is met with all rules in force is tested where every scenario
//! is. With `TEETH=search` in the environment, whoever adds a rule is told which scenarios notice it.

mod mutant;

use std::path::Path;
use std::process::ExitCode;

use ackproof::expectation;
use ackproof::progress::Progress;
use ackproof::registry;
use ackproof::sweep::sweep;
use ackproof::verify::Sample;
use ackproof_kafka::Rule;
use ackproof_report::result::{Cell, ExpectationOutcome};
use ackproof_report::store::Recorded;
use libtest_mimic::{Arguments, Failed, Trial};

/// Which scenario misses which rule.
const NOTICED_BY: &[(Rule, &str)] = &[
    (Rule::AcksAll, "kafka/planned-maintenance.yaml"),
    (Rule::MinIsrBefore, "kafka/retries-and-order.yaml"),
    (Rule::InSyncOnly, "kafka/min-isr-availability.yaml"),
    (Rule::PendingShrink, "kafka/shrink-behind-a-cut.yaml"),
    (Rule::PendingExpand, "kafka/in-sync-set.yaml"),
    (Rule::MinIsrGate, "kafka/read-below-min-isr.yaml"),
    (Rule::IsrShrink, "kafka/unclean-leader-election.yaml"),
    (Rule::IsrShrinkAtAll, "kafka/slow-followers.yaml"),
    (Rule::NewLeaderKeeps, "kafka/power-loss.yaml"),
    (Rule::CleanElection, "kafka/unclean-leader-election.yaml"),
    (Rule::UncleanElection, "kafka/unclean-leader-election.yaml"),
    (Rule::LastMember, "kafka/power-loss.yaml"),
    (Rule::PreferredElection, "kafka/planned-maintenance.yaml"),
    (Rule::ElrMembers, "kafka/last-replica-standing.yaml"),
    (Rule::ElrUncleanShutdown, "kafka/last-replica-standing.yaml"),
    (Rule::Session, "kafka/producer-gives-up.yaml"),
    (Rule::DuplicateRegistration, "kafka/fast-restart.yaml"),
    (Rule::ReadCommittedOnly, "kafka/read-below-min-isr.yaml"),
    (Rule::ControlledShutdown, "kafka/planned-maintenance.yaml"),
    (Rule::PageCache, "kafka/rack-power.yaml"),
    (Rule::FlushMessages, "kafka/power-loss.yaml"),
    (Rule::OffsetsConfig, "kafka/offsets-topic.yaml"),
    (Rule::Dedupe, "kafka/retries-and-order.yaml"),
    (Rule::SequenceGap, "kafka/order-over-slow-links.yaml"),
    (Rule::BrokerEpoch, "kafka/replaced-disk.yaml"),
    (Rule::LastKnownLeader, "kafka/cases/a4-all-lose-power-together.yaml"),
    (Rule::FlushMs, "kafka/flush-interval.yaml"),
    (Rule::SilentlyOff, "kafka/idempotence-off-without-a-word.yaml"),
    (Rule::MinIsrAfter, "kafka/cases/11-follower-drops-between-append-and-ack.yaml"),
    (Rule::MinIsrCap, "kafka/cases/32-min-isr-above-replication-factor-3.7.yaml"),
    (Rule::ProducerState, "kafka/retries-and-order.yaml"),
    (Rule::EarlierPolls, "kafka/cases/49-java-auto-commit-does-not-skip.yaml"),
    (Rule::PositionCheck, "kafka/cases/ticket-KIP-320-consumer-after-truncation.yaml"),
    (Rule::ResetPolicy, "kafka/cases/55-latest-before-the-first-assignment.yaml"),
    (Rule::PollInterval, "kafka/cases/53-slow-handler.yaml"),
    (Rule::CommitFencing, "kafka/exactly-once.yaml"),
    (Rule::MemberSession, "kafka/cases/51-commit-after-processing.yaml"),
    (Rule::RetentionMs, "kafka/cases/61-retention-shorter-than-an-outage.yaml"),
    (Rule::OffsetsRetention, "kafka/cases/60-offsets-retention.yaml"),
    (Rule::LastStableOffset, "kafka/transactions.yaml"),
    (Rule::AbortedPassedOver, "kafka/transactions.yaml"),
    (Rule::Hanging, "kafka/cases/62-late-writes-in-transactions.yaml"),
    (Rule::ProducerExpiry, "kafka/cases/ticket-KIP-854-forgotten-producer.yaml"),
    (Rule::StaticMembers, "kafka/cases/ticket-KIP-345-rolled-static.yaml"),
];

/// What a scenario expects and does not get without the rule.
///
/// # Errors
/// Everything that is wrong with the file.
fn missed(file: &str, rule: Option<Rule>) -> Result<Vec<String>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(file);
    let scenario = ackproof_scenario::load(&path, &registry::brokers()).map_err(|errors| errors.to_string())?;
    let plan = mutant::plan(scenario, rule);
    let swept = sweep(&plan, None, Recorded::default(), Sample::NONE, 1, &mut Progress::Quiet)
        .map_err(|error| error.to_string())?;
    let cells: Vec<Cell> =
        plan.cells.iter().map(|cell| Cell::of(&cell.plan, &swept.runs[&cell.plan.id], None)).collect();
    let judged = expectation::judge(&plan, &cells);
    let unmet = judged.into_iter().filter(|expected| expected.outcome != ExpectationOutcome::Met);
    Ok(unmet.map(|expected| format!("{} (line {})", expected.text, expected.line.unwrap_or_default())).collect())
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if std::env::var("TEETH").is_ok_and(|word| word == "search") {
        search(arguments.filter.as_deref());
        return ExitCode::SUCCESS;
    }
    let noticed = NOTICED_BY.iter().map(|&(rule, file)| {
        Trial::test(format!("{rule:?} is missed by {file}"), move || match missed(file, Some(rule)) {
            Ok(unmet) if unmet.is_empty() => Err(Failed::from("everything comes out as if nothing were missing")),
            Ok(_) => Ok(()),
            Err(errors) => Err(Failed::from(errors)),
        })
    });
    let mut trials: Vec<Trial> = noticed.collect();
    trials.push(Trial::test("every rule that can be switched off is missed somewhere", || {
        let is_missed = |rule: Rule| NOTICED_BY.iter().any(|(noticed, _)| *noticed == rule);
        match Rule::ALL.iter().find(|(rule, _)| !is_missed(*rule)) {
            Some((rule, _)) => Err(Failed::from(format!("no scenario is known to miss {rule:?}"))),
            None => Ok(()),
        }
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Prints which scenarios miss which rules, for rules whose name contains the filter.
fn search(filter: Option<&str>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut files = Vec::new();
    let mut folders = vec![root.join("kafka")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.extension().is_some_and(|end| end == "yaml") => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    for (rule, _) in Rule::ALL.iter().filter(|(rule, _)| filter.is_none_or(|word| format!("{rule:?}").contains(word))) {
        println!("{rule:?}");
        for path in &files {
            let file = path.strip_prefix(&root).unwrap_or(path).to_string_lossy();
            match missed(&file, Some(*rule)) {
                Ok(unmet) if unmet.is_empty() => {}
                Ok(_) if missed(&file, None).is_ok_and(|unmet| !unmet.is_empty()) => {
                    println!("  {file}: not met with every rule in force");
                }
                Ok(unmet) => println!("  {file}: {}", unmet.join("; ")),
                Err(errors) => println!("  {file}: {errors}"),
            }
        }
    }
}
