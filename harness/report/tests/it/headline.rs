//! The first line: one sentence, true of the whole matrix.

use ackproof_report::result::{Cell, CellVerdict, ExpectationOutcome, Summary};
use ackproof_report::text::{Look, render};

use crate::fixture::{self, Outcome};

/// The first paragraph, in one line.
fn first(summary: &Summary) -> String {
    let look = Look { columns: 10_000, ..Look::default() };
    render(summary, &look).lines().next().unwrap_or_default().to_owned()
}

fn only(keep: impl Fn(&Cell) -> bool) -> Summary {
    let mut summary = fixture::summary();
    summary.cells.retain(keep);
    summary
}

fn acks(cell: &Cell) -> &str {
    &cell.settings["producer.acks"]
}

#[test]
fn one_safe_row_is_named() {
    assert_eq!(
        first(&only(|cell| acks(cell) != "0")),
        "Only acks=all, min.insync.replicas=2 keeps every acknowledged message under all 3 fault classes; the other 2 \
         settings lose some."
    );
}

#[test]
fn several_safe_rows_are_counted_and_named() {
    assert_eq!(
        first(&only(|cell| acks(cell) != "0" && cell.fault == "leader-killed")),
        "2 of 3 settings keep every acknowledged message under leader-killed: acks=all, min.insync.replicas=1; \
         acks=all, min.insync.replicas=2."
    );
}

#[test]
fn where_no_row_is_safe_the_best_is_named_with_what_breaks_it() {
    assert_eq!(
        first(&only(|cell| ["1", "any"].contains(&cell.settings["topic.min.insync.replicas"].as_str())
            && acks(cell) != "0"
            && cell.fault != "cut-then-kill")),
        "No setting keeps every acknowledged message under leader-killed and all-power; acks=all, \
         min.insync.replicas=1 comes closest and loses under all-power (40% of runs)."
    );
}

#[test]
fn one_row_says_what_it_survives_and_what_not() {
    assert_eq!(
        first(&only(|cell| acks(cell) == "all"
            && cell.settings["topic.min.insync.replicas"] == "1"
            && cell.fault != "cut-then-kill")),
        "acks=all, min.insync.replicas=1 loses acknowledged messages under all-power (40% of runs), not under \
         leader-killed."
    );
}

#[test]
fn nothing_lost_says_over_how_much() {
    assert_eq!(
        first(&only(|cell| acks(cell) == "all" && ["none", "leader-killed"].contains(&cell.fault.as_str()))),
        "No acknowledged message was lost: 2 settings under leader-killed, 800 runs."
    );
}

#[test]
fn doubt_is_never_an_all_clear() {
    assert_eq!(
        first(&only(|cell| acks(cell) == "all" && cell.keeps() != CellVerdict::Violated)),
        "No acknowledged message was seen lost, but 2 of 8 cells are inconclusive."
    );
    assert_eq!(
        first(&only(|cell| acks(cell) == "0")),
        "Inconclusive: nothing was acknowledged, so nothing was promised."
    );
    assert_eq!(first(&only(|_| false)), "Inconclusive: no run ended.");
}

const SAFE: fixture::Settings = &[("producer.acks", "all"), ("topic.min.insync.replicas", "2")];

#[test]
fn runs_that_decided_nothing_are_told_beside_the_cells_that_hold() {
    let doubtful = |cell: &mut Cell| {
        if acks(cell) == "all" && cell.settings["topic.min.insync.replicas"] == "2" && cell.fault == "all-power" {
            *cell = fixture::cell(4, 3, SAFE, "all-power", Outcome { doubtful: 4, ack_ms: 11, ..Outcome::default() });
        }
    };
    let mut summary = only(|cell| acks(cell) == "all" && cell.fault != "cut-then-kill");
    summary.cells.iter_mut().for_each(doubtful);
    assert_eq!(
        first(&summary),
        "Only acks=all, min.insync.replicas=2 keeps every acknowledged message under leader-killed and all-power; the \
         other setting loses some. 4 of the 200 runs in one cell that holds decided nothing."
    );
    let text = render(&summary, &Look { columns: 10_000, ..Look::default() });
    assert!(text.contains("holds ? (1)") && text.contains("0/196 ≤1.9%"), "{text}");
    assert!(text.contains("  ? (1)  4 of 200 runs decided nothing: no fault fired"), "{text}");
    assert!(text.contains("(0 of 196 runs, at most 1.9%; 4 more decided nothing)"), "{text}");
    assert!(text.contains("p99 of acknowledgements stays 11 ms"), "{text}");
    let page = ackproof_report::markdown::render(&summary, "");
    assert!(page.contains("holds<br>0/196, ≤1.9%<br>? 4 of 200 runs decided nothing: no fault fired"), "{page}");
    summary.cells.retain(|cell| cell.settings["topic.min.insync.replicas"] == "2");
    assert_eq!(
        first(&summary),
        "No acknowledged message was lost: 1 setting under leader-killed and all-power, 596 runs. 4 of the 200 runs in \
         one cell that holds decided nothing."
    );
    let colored = render(&summary, &Look { color: true, ..Look::default() });
    assert!(colored.starts_with("\u{1b}[33m") && colored.contains("\u{1b}[33mholds ? (1)"), "{colored}");
}

#[test]
fn a_row_in_which_every_send_fails_promises_nothing_because_of_that() {
    let refused = fixture::refused(&[("producer.acks", "all"), ("topic.min.insync.replicas", "9")], "all-power");
    let mut summary = only(|cell| acks(cell) == "all" && cell.fault == "all-power");
    summary.cells.push(refused.clone());
    assert_eq!(
        first(&summary),
        "Only acks=all, min.insync.replicas=2 keeps every acknowledged message under all-power; the other setting \
         loses some. With acks=all, min.insync.replicas=9 no send succeeds, so nothing is promised."
    );
    let text = render(&summary, &Look::default());
    assert!(text.contains("all fail (1)") && text.contains("86% rejected") && !text.contains("no acks"), "{text}");
    summary.cells = vec![refused];
    assert_eq!(
        first(&summary),
        "Inconclusive: nothing was acknowledged: 200 of 200 runs decided nothing: no send succeeded \
         (NOT_ENOUGH_REPLICAS)."
    );
    let page = ackproof_report::markdown::render(&summary, "");
    assert!(page.contains("all fail, 86% rejected<br>200 of 200 runs decided nothing: no send"), "{page}");
}

#[test]
fn a_row_that_was_not_run_everywhere_is_not_called_safe() {
    let mut summary = only(|cell| acks(cell) == "all" && cell.fault != "cut-then-kill");
    assert!(first(&summary).starts_with("Only acks=all, min.insync.replicas=2 keeps"), "{}", first(&summary));
    summary.cells.retain(|cell| cell.settings["topic.min.insync.replicas"] == "1" || cell.fault != "leader-killed");
    assert!(!first(&summary).contains("keeps every acknowledged message under leader"), "{}", first(&summary));
    assert!(first(&summary).starts_with("No setting is known to keep"), "{}", first(&summary));
}

#[test]
fn a_canary_that_lives_overrides_everything() {
    let mut summary = fixture::summary();
    summary.expectations[0].outcome = ExpectationOutcome::Violated;
    assert_eq!(
        first(&summary),
        "Inconclusive: the canary did not fail as it must, so a green cell proves nothing: producer.acks=1 loses under \
         leader-killed (166 of 200 runs)."
    );
}

#[test]
fn a_message_that_only_a_late_consumer_misses_counts_as_not_kept() {
    let mut summary = only(|cell| cell.fault == "leader-killed" && acks(cell) == "1");
    summary.cells[0].verdict = CellVerdict::Holds;
    summary.cells[0].lossy_runs = 0;
    summary.cells[0].loss.p = 0.0;
    assert_eq!(first(&summary), "acks=1 loses acknowledged messages under leader-killed (90% of runs).");
    let text = render(&summary, &Look::default());
    assert!(
        text.contains(
            "Under leader-killed, acks=1 leaves a late consumer without acknowledged messages in 90% of runs"
        ),
        "{text}"
    );
}

#[test]
fn a_scenario_without_a_matrix_is_called_this_configuration() {
    let mut summary = only(|cell| acks(cell) == "1");
    summary.axes.clear();
    for cell in &mut summary.cells {
        cell.settings.clear();
    }
    assert!(first(&summary).starts_with("This configuration loses acknowledged messages under"), "{}", first(&summary));
    let text = render(&summary, &Look { columns: 10_000, ..Look::default() });
    assert!(text.contains("Under leader-killed, this configuration loses"), "{text}");
    assert!(text.contains("No row of this matrix prevents it."), "{text}");
}

#[test]
fn an_interrupted_sweep_says_so() {
    let mut summary = fixture::summary();
    summary.complete = false;
    summary.exit_with(130);
    summary.cells.iter_mut().for_each(|cell| cell.planned_runs = 1000);
    let text = render(&summary, &Look { columns: 10_000, ..Look::default() });
    assert!(text.starts_with("Incomplete: 3,200 of 16,000 runs. "), "{text}");
    assert!(text.contains("interrupted after 3,200 of 16,000 runs"), "{text}");
    assert!(text.contains("the same command goes on where this one stopped"), "{text}");
}

#[test]
fn a_result_that_lacks_runs_says_so_in_its_first_words_in_each_cell_that_does_and_in_its_notes() {
    let mut summary = fixture::summary();
    summary.complete = false;
    summary.exit_with(3);
    summary.cells[1].planned_runs = 1000;
    for text in [
        render(&summary, &Look { columns: 10_000, ..Look::default() }),
        ackproof_report::markdown::render(&summary, ""),
    ] {
        assert!(text.contains("Incomplete: 3,200 of 4,000 runs. "), "{text}");
        assert_eq!(text.matches("200 of 1,000 runs").count(), 1, "{text}");
        assert!(text.contains("only 3,200 of 4,000 runs"), "{text}");
        assert!(text.contains("some runs are missing"), "{text}");
        assert!(!text.contains("interrupted"), "{text}");
    }
}

#[test]
fn a_shard_says_of_which_part_it_speaks() {
    let mut summary = fixture::summary();
    summary.shard = Some("2/4".to_owned());
    for text in [
        render(&summary, &Look { columns: 10_000, ..Look::default() }),
        ackproof_report::markdown::render(&summary, ""),
    ] {
        assert!(text.contains("Only shard 2/4 of the runs. "), "{text}");
        assert!(text.contains("3,200 runs, shard 2/4"), "{text}");
        assert!(text.contains("ackproof merge"), "{text}");
    }
}
