//! How promises beside that of keeping messages are broken: of each promise and fault class the smallest run that is kept.

use ackproof_core::guarantee::Guarantee;

use crate::figures;
use crate::matrix::Matrix;
use crate::result::{Cell, Witness};

/// A promise that is broken under a fault class, with the smallest run that shows it.
pub(crate) struct Breach<'a> {
    pub column: &'a str,
    /// The row it is shown in; empty where there is only one.
    pub label: &'a str,
    pub witness: &'a Witness,
    cell: &'a Cell,
}

/// Column by column, within a column in the order of the promises.
pub(crate) fn breaches<'m>(matrix: &'m Matrix<'_>) -> Vec<Breach<'m>> {
    let mut breaches = Vec::new();
    for (index, column) in matrix.columns.iter().enumerate() {
        for (_, guarantee, _) in Guarantee::ALL.iter().filter(|(_, guarantee, _)| !is_of_keeping(*guarantee)) {
            let of_rows = matrix.rows.iter().filter_map(|row| {
                let cell = row.cells[index]?;
                let witness = cell.witness.as_ref().filter(|witness| witness.guarantee == *guarantee)?;
                Some(Breach { column: column.name, label: &row.label, witness, cell })
            });
            breaches.extend(of_rows.min_by_key(|breach| breach.witness.faults));
        }
    }
    breaches
}

/// Whether it is broken where a message is lost or vanishes, which the report has parts of its own for.
fn is_of_keeping(guarantee: Guarantee) -> bool {
    match guarantee {
        Guarantee::NoAckedLoss | Guarantee::Durable => true,
        Guarantee::NoUnreportedLoss | Guarantee::NoDuplicates | Guarantee::InOrder | Guarantee::NoGhosts => false,
        Guarantee::Available | Guarantee::Ack | Guarantee::ExactlyOnce | Guarantee::NoAbortedReads => false,
    }
}

impl Breach<'_> {
    /// Id of its cell.
    pub(crate) fn id(&self) -> &str {
        &self.cell.id
    }

    /// `no-duplicates is violated in 24 of 40 runs`.
    pub(crate) fn often(&self) -> String {
        let guarantee = self.witness.guarantee;
        match self.cell.guarantees.get(&guarantee) {
            Some(judged) => {
                let (runs, of) = (figures::count(judged.runs), figures::number_of(judged.of, "run"));
                format!("{guarantee} is violated in {runs} of {of}")
            }
            None => format!("{guarantee} is violated"),
        }
    }
}
