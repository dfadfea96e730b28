//! Two results held against each other: what is called better or worse, how often wrongly, and what is said.

use ackproof_core::guarantee::Guarantee;
use ackproof_core::seed::{Seed, Stream};
use ackproof_report::baseline::{Baseline, Cost, Judged, Seeds, Standing};
use ackproof_report::compare::{self, Change, Compared, Comparison, FailOn, Matched, Method, Options, Unmatched};
use ackproof_report::result::{CellVerdict, Storm, UnavailableMs};
use ackproof_report::text::Look;
use snapbox::{assert_data_eq, file};

const BOTH: [Guarantee; 2] = Guarantee::OF_EVERY_CELL;

/// A cell in which `broke` of the seeds broke what every cell is judged by. Its storms are those of the fault class.
fn cell(acks: &str, fault: &str, seeds: std::ops::Range<u64>, broke: &dyn Fn(u64) -> bool) -> Standing {
    let broken: Seeds = seeds.clone().filter(|seed| broke(*seed)).map(Seed).collect();
    let verdict = if broken.is_empty() { CellVerdict::Holds } else { CellVerdict::Violated };
    let judged = Judged { verdict, broke: broken, undecided: Seeds::default() };
    let sent = 200 * (seeds.end - seeds.start);
    Standing {
        id: format!("{acks}-{fault}"),
        settings: [("producer.acks".to_owned(), acks.to_owned())].into(),
        fault: fault.to_owned(),
        asked: Vec::new(),
        runs: seeds.map(|seed| (Seed(seed), Some(Storm(format!("{fault}{seed:04x}"))))).collect(),
        judged: BOTH.map(|guarantee| (guarantee, judged.clone())).into(),
        cost: Cost {
            ack_p99_ms: Some(11),
            unavailable_ms: UnavailableMs { median: 10, longest: 900 },
            sent,
            acked: sent,
            rejected: 0,
            unknown: 0,
            duplicated: 0,
        },
    }
}

fn result(cells: Vec<Standing>) -> Baseline {
    Baseline {
        ackproof: "0.1.0".into(),
        scenario: "orders".into(),
        title: "Which settings keep an order?".into(),
        broker: "kafka@4.1".into(),
        engine: "event".into(),
        file: "orders.yaml".into(),
        set: Vec::new(),
        seed: 0,
        runs: cells.first().map_or(0, |cell| cell.runs.len() as u64),
        config: [("topic.partitions".to_owned(), "1".to_owned())].into(),
        setup: Some([("workload.messages".to_owned(), "200".to_owned())].into()),
        cells,
    }
}

fn compared(base: &Baseline, head: &Baseline, options: &Options) -> Comparison {
    let matched = Matched::by_settings(base, head);
    let paths = ["base".to_owned(), "head".to_owned()];
    Comparison::of(&[Compared { matched, paths }], Vec::new(), Vec::new(), options)
}

fn plainly(base: &Baseline, head: &Baseline) -> Comparison {
    compared(base, head, &Options::default())
}

/// One cell of 50 runs, of which the first so many broke.
fn first(broken: u64) -> Baseline {
    result(vec![cell("1", "kill", 0..50, &|seed| seed < broken)])
}

fn loss(comparison: &Comparison) -> &compare::GuaranteeChange {
    &comparison.scenarios[0].cells[0].guarantees[0]
}

#[test]
fn nothing_that_changed_is_the_same_with_what_cannot_be_ruled_out() {
    let comparison = plainly(&first(20), &first(20));
    assert_eq!((comparison.exit, comparison.count.same), (0, 1));
    let loss = loss(&comparison);
    assert_eq!((loss.change, loss.difference, loss.p), (Change::Same, 0.0, 1.0));
    assert!(loss.ci95[0] < -0.07 && loss.ci95[1] > 0.07, "fifty pairs rule out little: {:?}", loss.ci95);
}

#[test]
fn what_breaks_in_storms_that_were_survived_is_worse_and_exit_1_names_the_storms() {
    let comparison = plainly(&first(2), &first(14));
    assert_eq!((comparison.exit, comparison.count.worse), (1, 1));
    let loss = loss(&comparison);
    assert_eq!((loss.change, loss.now_broken.to_string().as_str()), (Change::Worse, "2-13"));
    assert!(loss.now_kept.is_empty() && loss.difference == 0.24 && loss.ci95[0] > 0.0);
    assert!(comparison.why[0].contains("no-acked-loss, durable worse, broken in 2/50 runs, now in 14/50"));
    let back = plainly(&first(14), &first(2));
    assert_eq!((back.exit, back.count.better), (0, 1), "what is better is no reason to fail");
}

#[test]
fn five_storms_are_no_evidence_and_six_are() {
    assert_eq!(plainly(&first(0), &first(5)).exit, 0);
    let six = plainly(&first(0), &first(6));
    assert_eq!((six.count.worse, six.exit), (0, 3), "two promises are two tests");
    assert_eq!((loss(&six).change, loss(&six).p < 0.05), (Change::Undecided, true), "not the same either");
    assert!(loss(&six).why.as_ref().is_some_and(|why| why.contains("more runs tell")));
    assert_eq!(plainly(&first(0), &first(7)).count.worse, 1);
}

#[test]
fn pairs_see_what_samples_of_the_same_size_do_not() {
    let (base, head) = (first(20), first(30));
    assert_eq!(loss(&plainly(&base, &head)).change, Change::Worse, "ten storms turned, none turned back");
    let mut other = head;
    for storm in other.cells[0].runs.values_mut() {
        *storm = Some(Storm("0badf00d".into()));
    }
    let comparison = plainly(&base, &other);
    let pairing = comparison.scenarios[0].cells[0].pairing.unwrap();
    assert_eq!((pairing.method, pairing.pairs, pairing.other_storm), (Method::Unpaired, 0, 50));
    assert_eq!((loss(&comparison).change, comparison.exit), (Change::Same, 0));
    assert!(loss(&comparison).now_broken.is_empty(), "without pairs no storm has turned");
    assert!(compare::text::render(&comparison, &Look::default()).contains("Fisher's exact test"));
}

#[test]
fn runs_of_other_seeds_and_of_old_files_are_counted_and_compared_as_samples() {
    let base = result(vec![cell("1", "kill", 0..50, &|seed| seed < 5)]);
    let head = result(vec![cell("1", "kill", 40..90, &|seed| seed < 80)]);
    let comparison = plainly(&base, &head);
    let pairing = comparison.scenarios[0].cells[0].pairing.unwrap();
    assert_eq!((pairing.pairs, pairing.only_base, pairing.only_head), (10, 40, 40));
    assert_eq!((pairing.method, loss(&comparison).change), (Method::Unpaired, Change::Worse));
    let mut old = first(5);
    old.cells[0].runs.values_mut().for_each(|storm| *storm = None);
    let pairing = plainly(&old, &first(5)).scenarios[0].cells[0].pairing.unwrap();
    assert_eq!((pairing.method, pairing.unknown_storm), (Method::Unpaired, 50));
}

#[test]
fn cells_of_one_side_alone_are_new_or_gone_and_decide_nothing() {
    let with = |fault: &str| result(vec![cell("1", "kill", 0..50, &|_| false), cell("1", fault, 0..50, &|_| true)]);
    let comparison = plainly(&with("cut"), &with("power"));
    assert_eq!((comparison.count.gone, comparison.count.new, comparison.exit), (1, 1, 0));
    let strict = Options { fail_on: vec![FailOn::Change], ..Options::default() };
    let comparison = compared(&with("cut"), &with("power"), &strict);
    assert_eq!((comparison.exit, comparison.why.len()), (1, 2), "{:?}", comparison.why);
}

#[test]
fn a_verdict_that_turned_in_a_single_storm_fails_only_who_asks_for_it() {
    assert_eq!(plainly(&first(0), &first(1)).exit, 0);
    let strict = Options { fail_on: vec![FailOn::Change], ..Options::default() };
    let comparison = compared(&first(0), &first(1), &strict);
    assert_eq!(comparison.exit, 1);
    assert!(comparison.why[0].contains("was holds and is violated"), "{:?}", comparison.why);
    assert_eq!(compared(&first(1), &first(1), &strict).exit, 0);
    assert_eq!(compared(&first(20), &first(2), &strict).exit, 1, "to get better is to move too");
}

#[test]
fn a_promise_that_nobody_asked_for_is_told_and_does_not_count() {
    let with = |broken: u64, asked: Vec<Guarantee>| {
        let mut all = first(0);
        let judged = Judged {
            verdict: CellVerdict::Violated,
            broke: (0..broken).map(Seed).collect(),
            undecided: Seeds::default(),
        };
        all.cells[0].judged.insert(Guarantee::NoDuplicates, judged);
        all.cells[0].asked = asked;
        all
    };
    let duplicates = |comparison: &Comparison| comparison.scenarios[0].cells[0].guarantees[2].change;
    let comparison = plainly(&with(1, Vec::new()), &with(40, Vec::new()));
    assert_eq!((comparison.exit, duplicates(&comparison)), (0, Change::Worse));
    assert!(compare::text::render(&comparison, &Look::default()).contains("nobody asked for this promise"));
    for asked in [[vec![Guarantee::NoDuplicates], Vec::new()], [Vec::new(), vec![Guarantee::NoDuplicates]]] {
        let [base, head] = asked;
        assert_eq!(plainly(&with(1, base), &with(40, head)).exit, 1, "either side may have asked");
    }
    let options = Options { guarantees: vec![Guarantee::NoDuplicates], ..Options::default() };
    assert_eq!(compared(&with(1, Vec::new()), &with(40, Vec::new()), &options).exit, 1);
}

#[test]
fn costs_fail_only_beyond_a_limit_that_was_given() {
    let (base, mut head) = (first(0), first(0));
    head.cells[0].cost.ack_p99_ms = Some(500);
    assert_eq!(plainly(&base, &head).exit, 0);
    let limit = |text: &str| Options { fail_on: vec![text.parse().unwrap()], ..Options::default() };
    assert_eq!(compared(&base, &head, &limit("p99=1s")).exit, 0);
    let comparison = compared(&base, &head, &limit("p99=20%"));
    assert_eq!(comparison.exit, 1);
    assert!(comparison.why[0].contains("p99 of acknowledgements rose from 11 ms to 500 ms"), "{:?}", comparison.why);
}

#[test]
fn too_few_runs_and_nothing_promised_are_exit_3_and_never_green() {
    let few = result(vec![cell("1", "kill", 0..5, &|_| false)]);
    let comparison = plainly(&few, &few.clone());
    assert_eq!((comparison.exit, loss(&comparison).change), (3, Change::Undecided));
    assert!(comparison.why[0].contains("5 runs that decided it on both sides could not show any difference"));

    let mut silent = first(0);
    silent.cells[0].cost.acked = 0;
    let comparison = plainly(&first(40), &silent);
    assert_eq!((comparison.exit, loss(&comparison).change), (3, Change::Undecided), "no promise is no improvement");
    assert_eq!(plainly(&silent, &silent.clone()).exit, 0, "what promises nothing on both sides is the same");

    let mut doubtful = first(0);
    for judged in doubtful.cells[0].judged.values_mut() {
        judged.undecided = (0..48).map(Seed).collect();
        judged.verdict = CellVerdict::Inconclusive;
    }
    assert_eq!(plainly(&first(0), &doubtful).exit, 3);
}

#[test]
fn undecided_runs_leave_their_pair_out() {
    let mut head = first(20);
    for judged in head.cells[0].judged.values_mut() {
        judged.undecided = (30..40).map(Seed).collect();
    }
    let comparison = plainly(&first(0), &head);
    assert_eq!((loss(&comparison).base.of, loss(&comparison).head.runs), (40, 20));
}

#[test]
fn two_rows_of_one_result_are_compared_under_the_same_storms() {
    let mut both = result(vec![
        cell("1", "kill", 0..50, &|seed| seed < 20),
        cell("all", "kill", 0..50, &|_| false),
        cell("1", "none", 0..50, &|_| false),
        cell("all", "none", 0..50, &|_| false),
    ]);
    for (cell, min) in both.cells.iter_mut().zip(["any", "2", "any", "2"]) {
        cell.settings.insert("topic.min.insync.replicas".into(), min.into());
    }
    let matched = Matched::by_rows(&both, &both, "acks=1", "producer.acks=all").ok().unwrap();
    let paths = ["x".to_owned(), "x".to_owned()];
    let comparison = Comparison::of(&[Compared { matched, paths }], Vec::new(), Vec::new(), &Options::default());
    assert_eq!((comparison.count.better, comparison.count.same, comparison.exit), (1, 1, 0));
    let text = compare::text::render(&comparison, &Look::default());
    assert!(text.contains("acks=all instead of 1, min.insync.replicas=2"), "{text}");
    let unmatched = |row, with| Matched::by_rows(&both, &both, row, with).err();
    assert_eq!(unmatched("acks", "acks=all"), Some(Unmatched::Word("acks".into())));
    let known = vec!["1".to_owned(), "all".to_owned()];
    assert_eq!(unmatched("acks=2", "acks=all"), Some(Unmatched::NoRow { word: "acks=2".into(), known }));
    let known = vec!["producer.acks".to_owned(), "topic.min.insync.replicas".to_owned()];
    assert_eq!(unmatched("linger=2", "acks=all"), Some(Unmatched::NoRow { word: "linger=2".into(), known }));
}

#[test]
fn whatever_else_differs_is_said() {
    let (base, mut head) = (first(0), first(0));
    head.broker = "kafka@4.2".into();
    head.config.insert("topic.partitions".into(), "3".into());
    head.config.insert("producer.linger.ms".into(), "9".into());
    head.setup.as_mut().unwrap().insert("workload.messages".into(), "900".into());
    assert_eq!(
        plainly(&base, &head).scenarios[0].differs,
        [
            "broker: kafka@4.1, now kafka@4.2",
            "producer.linger.ms: not set, now 9",
            "topic.partitions: 1, now 3",
            "workload.messages: 200, now 900"
        ]
    );
    let old = Baseline { setup: None, ..base.clone() };
    assert!(plainly(&old, &base).scenarios[0].differs.is_empty(), "what is not known is not said to differ");
}

#[test]
fn a_comparison_is_printed_as_it_is_documented() {
    let cells = |kill: u64, cut: u64| {
        let broken = move |n: u64| move |seed: u64| seed < n;
        result(vec![
            cell("1", "kill", 0..50, &broken(kill)),
            cell("1", "none", 0..50, &|_| false),
            cell("all", "kill", 0..50, &broken(cut)),
            cell("all", "none", 0..50, &|_| false),
        ])
    };
    let (base, mut head) = (cells(20, 0), cells(8, 12));
    head.cells[2].cost.ack_p99_ms = Some(21_600);
    head.cells.pop();
    let mut comparison = plainly(&base, &head);
    comparison.scenarios[0].cells[2].guarantees[0].storms = vec![compare::Told {
        seed: Seed(3),
        now_broken: true,
        story: vec!["the leader is killed, at 210 ms".into(), "power fails on b2, at 2 s".into()],
        commands: vec!["ackproof run orders.yaml --only producer.acks=all --fault kill --seed 3 --runs 1".into()],
    }];
    assert_data_eq!(compare::text::render(&comparison, &Look::default()), file!["golden/compare.txt"].raw());
    assert_data_eq!(compare::markdown::render(&comparison), file!["golden/compare.md"].raw());
    let json: serde_json::Value = serde_json::from_str(&comparison.json()).unwrap();
    assert_eq!((&json["v"], &json["exit"], &json["count"]["worse"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(json["scenarios"][0]["cells"][2]["guarantees"][0]["guarantee"], "no-acked-loss");
}

/// A matrix of twelve cells, in each of which a run breaks by a chance of its own; the two promises break together, as
/// they mostly do.
fn noise(draw: &mut Stream, seeds: std::ops::Range<u64>, shift: f64) -> Baseline {
    let cells = (0..12u32).map(|n| {
        let chance = [0.0, 0.02, 0.3, 0.9][n as usize % 4] + if n == 2 { shift } else { 0.0 };
        let broke: Vec<u64> = seeds.clone().filter(|_| draw.chance(chance)).collect();
        cell(&n.to_string(), "storm", seeds.clone(), &|seed| broke.contains(&seed))
    });
    result(cells.collect())
}

/// How often out of `tries` anything is called worse or better.
fn alarms(tries: u64, head_seeds: std::ops::Range<u64>, runs: u64, shift: f64) -> u64 {
    let alarm = |n: &u64| {
        let mut draw = Seed(*n).stream("noise");
        let (base, head) = (noise(&mut draw, 0..runs, 0.0), noise(&mut draw, head_seeds.clone(), shift));
        let count = plainly(&base, &head).count;
        count.worse + count.better > 0
    };
    (0..tries).filter(alarm).count() as u64
}

/// Of 600 tries without any difference more than 5 % raise an alarm with a chance of a half if the rate were 5 %, and more
/// than 45 of them with one of 0.2 %.
#[test]
fn chance_alone_raises_an_alarm_no_more_often_than_promised() {
    let paired = alarms(600, 0..60, 60, 0.0);
    assert!(paired <= 45, "{paired} of 600 comparisons of the same storms");
    let unpaired = alarms(600, 60..120, 60, 0.0);
    assert!(unpaired <= 45, "{unpaired} of 600 comparisons of different seeds");
    assert!(paired + unpaired > 0, "a test that never errs has no power either");
}

#[test]
fn a_real_difference_is_found_once_there_are_enough_runs() {
    let found = |runs| (alarms(60, 0..runs, runs, 0.3), alarms(60, runs..2 * runs, runs, 0.3));
    let (paired, unpaired) = found(200);
    assert!(paired >= 58 && unpaired >= 58, "30 % to 60 % of 200 runs: {paired} and {unpaired} of 60");
    let (few, _) = found(20);
    assert!(few < paired, "twenty runs say less");
}
