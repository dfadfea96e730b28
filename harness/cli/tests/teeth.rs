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
use ackproof_kafka::Rule as Kafka;
use ackproof_report::result::{Cell, ExpectationOutcome};
use ackproof_report::store::Recorded;
use ackproof_rocketmq::Rule as Rocketmq;
use libtest_mimic::{Arguments, Failed, Trial};
use mutant::Rule;

/// Which scenario misses which rule.
const KAFKA: &[(Kafka, &str)] = &[
    (Kafka::AcksAll, "kafka/planned-maintenance.yaml"),
    (Kafka::MinIsrBefore, "kafka/retries-and-order.yaml"),
    (Kafka::InSyncOnly, "kafka/min-isr-availability.yaml"),
    (Kafka::PendingShrink, "kafka/shrink-behind-a-cut.yaml"),
    (Kafka::PendingExpand, "kafka/in-sync-set.yaml"),
    (Kafka::MinIsrGate, "kafka/read-below-min-isr.yaml"),
    (Kafka::IsrShrink, "kafka/unclean-leader-election.yaml"),
    (Kafka::IsrShrinkAtAll, "kafka/slow-followers.yaml"),
    (Kafka::NewLeaderKeeps, "kafka/power-loss.yaml"),
    (Kafka::CleanElection, "kafka/unclean-leader-election.yaml"),
    (Kafka::UncleanElection, "kafka/unclean-leader-election.yaml"),
    (Kafka::LastMember, "kafka/power-loss.yaml"),
    (Kafka::PreferredElection, "kafka/planned-maintenance.yaml"),
    (Kafka::ElrMembers, "kafka/last-replica-standing.yaml"),
    (Kafka::ElrUncleanShutdown, "kafka/last-replica-standing.yaml"),
    (Kafka::Session, "kafka/producer-gives-up.yaml"),
    (Kafka::DuplicateRegistration, "kafka/fast-restart.yaml"),
    (Kafka::ReadCommittedOnly, "kafka/read-below-min-isr.yaml"),
    (Kafka::ControlledShutdown, "kafka/planned-maintenance.yaml"),
    (Kafka::PageCache, "kafka/rack-power.yaml"),
    (Kafka::FlushMessages, "kafka/power-loss.yaml"),
    (Kafka::OffsetsConfig, "kafka/offsets-topic.yaml"),
    (Kafka::Dedupe, "kafka/retries-and-order.yaml"),
    (Kafka::SequenceGap, "kafka/order-over-slow-links.yaml"),
    (Kafka::BrokerEpoch, "kafka/replaced-disk.yaml"),
    (Kafka::LastKnownLeader, "kafka/cases/a4-all-lose-power-together.yaml"),
    (Kafka::FlushMs, "kafka/flush-interval.yaml"),
    (Kafka::SilentlyOff, "kafka/idempotence-off-without-a-word.yaml"),
    (Kafka::MinIsrAfter, "kafka/cases/11-follower-drops-between-append-and-ack.yaml"),
    (Kafka::MinIsrCap, "kafka/cases/32-min-isr-above-replication-factor-3.7.yaml"),
    (Kafka::ProducerState, "kafka/retries-and-order.yaml"),
    (Kafka::EarlierPolls, "kafka/cases/49-java-auto-commit-does-not-skip.yaml"),
    (Kafka::PositionCheck, "kafka/cases/ticket-KIP-320-consumer-after-truncation.yaml"),
    (Kafka::ResetPolicy, "kafka/cases/55-latest-before-the-first-assignment.yaml"),
    (Kafka::PollInterval, "kafka/cases/53-slow-handler.yaml"),
    (Kafka::CommitFencing, "kafka/exactly-once.yaml"),
    (Kafka::MemberSession, "kafka/cases/51-commit-after-processing.yaml"),
    (Kafka::RetentionMs, "kafka/cases/61-retention-shorter-than-an-outage.yaml"),
    (Kafka::OffsetsRetention, "kafka/cases/60-offsets-retention.yaml"),
    (Kafka::LastStableOffset, "kafka/transactions.yaml"),
    (Kafka::AbortedPassedOver, "kafka/transactions.yaml"),
    (Kafka::Hanging, "kafka/cases/62-late-writes-in-transactions.yaml"),
    (Kafka::ProducerExpiry, "kafka/cases/ticket-KIP-854-forgotten-producer.yaml"),
    (Kafka::StaticMembers, "kafka/cases/ticket-KIP-345-rolled-static.yaml"),
];

/// The same of RocketMQ.
const ROCKETMQ: &[(Rocketmq, &str)] = &[
    (Rocketmq::SyncFlush, "rocketmq/flush-and-slaves.yaml"),
    (Rocketmq::LeastPages, "rocketmq/cases/01-async-flush-power-loss.yaml"),
    (Rocketmq::InSyncReplicas, "rocketmq/cases/14-shipped-2m-2s-sync-5.3.yaml"),
    (Rocketmq::WaitStore, "rocketmq/cases/15-two-in-sync-replicas.yaml"),
    (Rocketmq::LongerSlave, "rocketmq/cases/20-master-lost-its-tail.yaml"),
    (Rocketmq::SlavePageCache, "rocketmq/cases/19-both-machines-lose-power.yaml"),
    (Rocketmq::CheckMax, "rocketmq/cases/47-nobody-answers-check-backs.yaml"),
    (Rocketmq::LocalNeedsSendOk, "rocketmq/cases/report-half-not-send-ok.yaml"),
    (Rocketmq::Retention, "rocketmq/cases/report-files-deleted-unconsumed.yaml"),
    (Rocketmq::SyncStateSet, "rocketmq/cases/report-unclean-master.yaml"),
    (Rocketmq::MasterEpoch, "rocketmq/cases/report-old-master-wakes-up.yaml"),
    (Rocketmq::PendingSet, "rocketmq/cases/ticket-5663-set-not-confirmed-5.1.1.yaml"),
    (Rocketmq::EpochTruncation, "rocketmq/cases/42-crash-after-truncation.yaml"),
    (Rocketmq::StaleTail, "rocketmq/cases/42-crash-after-truncation.yaml"),
    (Rocketmq::AliveReplicas, "rocketmq/cases/report-quorum-ack-degrades.yaml"),
    (Rocketmq::ReverseSync, "rocketmq/cases/report-acting-master-takes-progress.yaml"),
    (Rocketmq::MaxReconsume, "rocketmq/failing-listener.yaml"),
    (Rocketmq::DelayOffsets, "rocketmq/failing-listener.yaml"),
    (Rocketmq::MemberExpiry, "rocketmq/dark-consumer.yaml"),
    (Rocketmq::OffsetsAhead, "rocketmq/offsets-ahead.yaml"),
    (Rocketmq::Background, "rocketmq/background-work.yaml"),
    (Rocketmq::MajorityInPageCache, "rocketmq/dledger.yaml"),
    (Rocketmq::MajorityBeforeAnswer, "rocketmq/dledger.yaml"),
    (Rocketmq::CommittedIsVisible, "rocketmq/cases/ticket-4191-read-before-the-majority.yaml"),
    (Rocketmq::ReviveLoses, "rocketmq/pop-and-clocks.yaml"),
];

fn noticed_by() -> impl Iterator<Item = (Rule, &'static str)> {
    let kafka = KAFKA.iter().map(|(rule, file)| (Rule::Kafka(*rule), *file));
    kafka.chain(ROCKETMQ.iter().map(|(rule, file)| (Rule::Rocketmq(*rule), *file)))
}

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
    let noticed = noticed_by().map(|(rule, file)| {
        Trial::test(format!("{rule:?} is missed by {file}"), move || match missed(file, Some(rule)) {
            Ok(unmet) if unmet.is_empty() => Err(Failed::from("everything comes out as if nothing were missing")),
            Ok(_) => Ok(()),
            Err(errors) => Err(Failed::from(errors)),
        })
    });
    let mut trials: Vec<Trial> = noticed.collect();
    trials.push(Trial::test("every rule that can be switched off is missed somewhere", || {
        let is_missed = |rule: Rule| noticed_by().any(|(noticed, _)| noticed == rule);
        match Rule::all().into_iter().find(|rule| !is_missed(*rule)) {
            Some(rule) => Err(Failed::from(format!("no scenario is known to miss {rule:?}"))),
            None => Ok(()),
        }
    }));
    trials.push(Trial::test("every rule that can be switched off is written down", || {
        for rule in Rule::all() {
            let (model, name) = rule.written();
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(model).join("RULES.md");
            let rules = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
            if !rules.contains(&format!("| **{name}**: ")) && !rules.contains(&format!("| {name}")) {
                return Err(Failed::from(format!("{rule:?} is called {name}, which no rule of {model} begins with")));
            }
        }
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Prints which scenarios miss which rules, for rules whose name contains the filter.
fn search(filter: Option<&str>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut files = Vec::new();
    let mut folders = vec![root.join("kafka"), root.join("rocketmq")];
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
    for rule in Rule::all().into_iter().filter(|rule| filter.is_none_or(|word| format!("{rule:?}").contains(word))) {
        println!("{rule:?}");
        for path in &files {
            let file = path.strip_prefix(&root).unwrap_or(path).to_string_lossy();
            let folder = match rule {
                Rule::Kafka(_) => "kafka/",
                Rule::Rocketmq(_) => "rocketmq/",
            };
            if !file.starts_with(folder) {
                continue;
            }
            match missed(&file, Some(rule)) {
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
