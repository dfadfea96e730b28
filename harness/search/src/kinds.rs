//! What the search knows about each kind of fault: what is gentler, and which of its numbers can be
//! made rounder. A new kind of fault is asked for here by the compiler.

use ackproof_core::fault::{Clock, Drop, FaultKind, Kill, Latency, LoseDisk, PowerLoss, Shutdown, SlowDisk};
use ackproof_core::node::Selector;
use ackproof_core::time::{Offset, Span, SpanRange};

use crate::shrink::rounding;

/// The same fault for other nodes.
pub fn with_selector(kind: &FaultKind, index: usize, selector: Selector) -> FaultKind {
    let mut kind = kind.clone();
    *kind.selectors_mut()[index] = selector;
    kind
}

/// How much a fault destroys beside the time it takes.
pub fn harshness(kind: &FaultKind) -> u32 {
    match kind {
        FaultKind::LoseDisk(_) => 3,
        FaultKind::PowerLoss(_) => 2,
        FaultKind::Kill(_) => 1,
        FaultKind::Shutdown(_) | FaultKind::Roll(_) | FaultKind::Pause(_) | FaultKind::Partition(_) => 0,
        FaultKind::Hold(_) | FaultKind::Drop(_) | FaultKind::Latency(_) | FaultKind::Clock(_) => 0,
        FaultKind::SlowDisk(_) | FaultKind::FullDisk(_) | FaultKind::FailSync(_) | FaultKind::LyingSync(_) => 0,
        FaultKind::MoveLeader(_) | FaultKind::Random(_) => 0,
    }
}

/// Kinds that destroy less on the same nodes, the gentlest first.
pub fn gentler(kind: &FaultKind) -> Vec<FaultKind> {
    let below = |node: &Selector| {
        [
            FaultKind::Shutdown(Shutdown(node.clone())),
            FaultKind::Kill(Kill(node.clone())),
            FaultKind::PowerLoss(PowerLoss(node.clone())),
        ]
    };
    match kind {
        FaultKind::LoseDisk(LoseDisk(node)) => below(node).to_vec(),
        FaultKind::PowerLoss(PowerLoss(node)) => below(node)[..2].to_vec(),
        FaultKind::Kill(Kill(node)) => below(node)[..1].to_vec(),
        FaultKind::Shutdown(_) | FaultKind::Roll(_) | FaultKind::Pause(_) | FaultKind::Partition(_) => Vec::new(),
        FaultKind::Hold(_) | FaultKind::Drop(_) | FaultKind::Latency(_) | FaultKind::Clock(_) => Vec::new(),
        FaultKind::SlowDisk(_) | FaultKind::FullDisk(_) | FaultKind::FailSync(_) | FaultKind::LyingSync(_) => {
            Vec::new()
        }
        FaultKind::MoveLeader(_) | FaultKind::Random(_) => Vec::new(),
    }
}

fn one_way_mut(kind: &mut FaultKind) -> Option<&mut bool> {
    match kind {
        FaultKind::Partition(partition) => Some(&mut partition.one_way),
        FaultKind::Hold(hold) => Some(&mut hold.one_way),
        FaultKind::Drop(drop) => Some(&mut drop.one_way),
        FaultKind::Latency(latency) => Some(&mut latency.one_way),
        FaultKind::Kill(_) | FaultKind::PowerLoss(_) | FaultKind::LoseDisk(_) | FaultKind::Shutdown(_) => None,
        FaultKind::Roll(_) | FaultKind::Pause(_) | FaultKind::Clock(_) | FaultKind::SlowDisk(_) => None,
        FaultKind::FullDisk(_) | FaultKind::FailSync(_) | FaultKind::LyingSync(_) => None,
        FaultKind::MoveLeader(_) | FaultKind::Random(_) => None,
    }
}

pub fn is_one_way(kind: &FaultKind) -> bool {
    one_way_mut(&mut kind.clone()).is_some_and(|one_way| *one_way)
}

/// A link fault in both directions instead of one: it takes fewer words, and its cause (a cable, a switch) fewer
/// explanations.
pub fn both_ways(kind: &FaultKind) -> Option<FaultKind> {
    let mut kind = kind.clone();
    let one_way = one_way_mut(&mut kind)?;
    std::mem::take(one_way).then_some(kind)
}

/// A measure of the numbers in a kind; smaller and rounder ones are simpler.
pub fn parameter_size(kind: &FaultKind) -> u64 {
    match kind {
        FaultKind::Latency(Latency { add, .. }) => range_size(*add),
        FaultKind::SlowDisk(SlowDisk { sync, .. }) => range_size(*sync),
        FaultKind::Clock(Clock { offset, .. }) => offset.0.unsigned_abs(),
        FaultKind::Drop(Drop { rate, .. }) => (rate * 1e6) as u64,
        FaultKind::Kill(_) | FaultKind::PowerLoss(_) | FaultKind::LoseDisk(_) | FaultKind::Shutdown(_) => 0,
        FaultKind::Roll(_) | FaultKind::Pause(_) | FaultKind::Partition(_) | FaultKind::Hold(_) => 0,
        FaultKind::FullDisk(_) | FaultKind::FailSync(_) | FaultKind::LyingSync(_) => 0,
        FaultKind::MoveLeader(_) | FaultKind::Random(_) => 0,
    }
}

/// A range counts once more for its width: one number is simpler than two.
fn range_size(range: SpanRange) -> u64 {
    range.high.0.saturating_add(range.high.0.saturating_sub(range.low.0))
}

/// The same fault with smaller, rounder numbers, the smallest first.
pub fn smaller_parameters(kind: &FaultKind) -> Vec<FaultKind> {
    let exact = |range: SpanRange| {
        let mut spans = rounding::shorter(range.high);
        spans.push(range.high);
        spans.into_iter().filter(|span| *span > Span::ZERO).map(SpanRange::exactly)
    };
    match kind {
        FaultKind::Latency(latency) => {
            exact(latency.add).map(|add| FaultKind::Latency(Latency { add, ..latency.clone() })).collect()
        }
        FaultKind::SlowDisk(slow) => {
            exact(slow.sync).map(|sync| FaultKind::SlowDisk(SlowDisk { sync, ..slow.clone() })).collect()
        }
        FaultKind::Clock(clock) => rounding::shorter(Span(clock.offset.0.unsigned_abs()))
            .into_iter()
            .filter(|span| *span > Span::ZERO)
            .map(|span| Offset(span.0 as i64 * clock.offset.0.signum()))
            .map(|offset| FaultKind::Clock(Clock { offset, ..clock.clone() }))
            .collect(),
        FaultKind::Drop(drop) => [0.1, 0.2, 0.5, (drop.rate * 10.0).floor() / 10.0]
            .into_iter()
            .filter(|rate| 0.0 < *rate && *rate < drop.rate)
            .map(|rate| FaultKind::Drop(Drop { rate, ..drop.clone() }))
            .collect(),
        FaultKind::Kill(_) | FaultKind::PowerLoss(_) | FaultKind::LoseDisk(_) | FaultKind::Shutdown(_) => Vec::new(),
        FaultKind::Roll(_) | FaultKind::Pause(_) | FaultKind::Partition(_) | FaultKind::Hold(_) => Vec::new(),
        FaultKind::FullDisk(_) | FaultKind::FailSync(_) | FaultKind::LyingSync(_) => Vec::new(),
        FaultKind::MoveLeader(_) | FaultKind::Random(_) => Vec::new(),
    }
}
