//! Comma-separated values, for spreadsheets and notebooks: a line a cell, with every count of the summary.

use crate::matrix::Matrix;
use crate::result::{Cell, CellVerdict, Summary};
use ackproof_core::guarantee::Guarantee;

/// A column: its name, and its value in a cell; empty where there is none.
type Column = (&'static str, fn(&Cell) -> String);

/// Columns behind `scenario`, `broker`, the axes by their full names, and `fault`. New ones are added at the end.
const COLUMNS: [Column; 38] = [
    ("verdict", |cell| verdict(cell.verdict)),
    ("runs", |cell| cell.runs.to_string()),
    ("decided_runs", |cell| cell.decided_runs().to_string()),
    ("lossy_runs", |cell| cell.lossy_runs.to_string()),
    ("loss_p", |cell| cell.loss.p.to_string()),
    ("loss_ci95_low", |cell| cell.loss.ci95[0].to_string()),
    ("loss_ci95_high", |cell| cell.loss.ci95[1].to_string()),
    ("durable", |cell| cell.guarantees.get(&Guarantee::Durable).map_or(String::new(), |it| verdict(it.verdict))),
    ("vanishing_runs", |cell| cell.guarantees.get(&Guarantee::Durable).map_or(String::new(), |it| it.runs.to_string())),
    ("sent", |cell| cell.messages.sent.to_string()),
    ("acked", |cell| cell.messages.acked.to_string()),
    ("lost", |cell| cell.messages.lost.to_string()),
    ("lost_in_broker", |cell| cell.messages.lost_in.broker.to_string()),
    ("lost_in_disposal", |cell| cell.messages.lost_in.disposal.to_string()),
    ("lost_in_consumer", |cell| cell.messages.lost_in.consumer.to_string()),
    ("vanished", |cell| cell.messages.vanished.to_string()),
    ("unreachable", |cell| cell.messages.unreachable.to_string()),
    ("rejected", |cell| cell.messages.rejected.to_string()),
    ("aborted", |cell| cell.messages.aborted.to_string()),
    ("unknown", |cell| cell.messages.unknown.to_string()),
    ("untold", |cell| cell.messages.untold.to_string()),
    ("unreported", |cell| cell.messages.unreported.to_string()),
    ("ghost", |cell| cell.messages.ghost.to_string()),
    ("dead_lettered", |cell| cell.messages.dead_lettered.to_string()),
    ("duplicated", |cell| cell.messages.duplicated.to_string()),
    ("reordered", |cell| cell.messages.reordered.to_string()),
    ("consumed", |cell| cell.messages.consumed.to_string()),
    ("ack_p50_ms", |cell| cell.ack_ms.map_or(String::new(), |ack| ack.p50.to_string())),
    ("ack_p99_ms", |cell| cell.ack_ms.map_or(String::new(), |ack| ack.p99.to_string())),
    ("ack_max_ms", |cell| cell.ack_ms.map_or(String::new(), |ack| ack.max.to_string())),
    ("unavailable_median_ms", |cell| cell.unavailable_ms.median.to_string()),
    ("unavailable_longest_ms", |cell| cell.unavailable_ms.longest.to_string()),
    ("faults_fired", |cell| cell.faults_fired.to_string()),
    ("inconclusive_runs", |cell| cell.inconclusive_runs.to_string()),
    ("broken_runs", |cell| cell.broken_runs.to_string()),
    ("witness_seed", |cell| cell.witness.as_ref().map_or(String::new(), |witness| witness.seed.0.to_string())),
    ("witness_file", |cell| cell.witness.as_ref().map_or(String::new(), |witness| witness.file.clone())),
    ("why", |cell| cell.why.clone().unwrap_or_default()),
];

/// The whole table, with a line of names first.
pub fn render(summary: &Summary) -> String {
    let matrix = Matrix::of(summary);
    let axes: Vec<&str> = matrix.axes.iter().map(|axis| axis.name).collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    let names = ["scenario", "broker"].into_iter().chain(axes.iter().copied()).chain(["fault"]);
    let mut lines = vec![names.chain(COLUMNS.iter().map(|(name, _)| *name)).map(str::to_owned).collect::<Vec<_>>()];
    for cell in &summary.cells {
        let mut line = vec![summary.scenario.clone(), summary.broker.clone()];
        line.extend(axes.iter().map(|axis| cell.settings.get(*axis).cloned().unwrap_or_default()));
        line.push(cell.fault.clone());
        line.extend(COLUMNS.iter().map(|(_, value)| value(cell)));
        lines.push(line);
    }
    for line in &lines {
        table.write_record(line).expect("every line has as many fields as the first, and memory takes them");
    }
    let bytes = table.into_inner().expect("memory takes what is left");
    String::from_utf8(bytes).expect("text with commas in between is text")
}

/// As in the summary.
fn verdict(verdict: CellVerdict) -> String {
    match verdict {
        CellVerdict::Holds => "holds",
        CellVerdict::Violated => "violated",
        CellVerdict::Inconclusive => "inconclusive",
    }
    .to_owned()
}
