//! A plane with a share upwards and a cost to the right.

use serde::Serialize;

use crate::figures;

pub(super) const WIDTH: f64 = 560.0;
pub(super) const HEIGHT: f64 = 330.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 62.0;

/// A line of the grid.
#[derive(Serialize)]
pub(super) struct Tick {
    pub at: i64,
    pub label: String,
}

/// How a cost is laid out.
#[derive(Copy, Clone, Eq, PartialEq)]
pub(super) enum Scale {
    /// Milliseconds, in powers of ten: latencies of two rows differ by factors.
    Length,
    /// Shares from 0 to 1.
    Share,
}

/// Where costs are found.
pub(super) struct Ground {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Ground {
    /// A ground that all of these costs fit on.
    pub(super) fn of(scale: Scale, costs: impl Iterator<Item = f64>) -> Ground {
        let (low, high) = costs.fold((f64::INFINITY, 0.0_f64), |(low, high), cost| (low.min(cost), high.max(cost)));
        match scale {
            Scale::Length => {
                let low = low.min(high).max(1.0).log10().floor();
                Ground { scale, low, high: high.max(1.0).log10().ceil().max(low + 1.0) }
            }
            Scale::Share => Ground { scale, low: 0.0, high: nice(high) },
        }
    }

    pub(super) fn x(&self, cost: f64) -> f64 {
        let value = match self.scale {
            Scale::Length => cost.max(1.0).log10(),
            Scale::Share => cost,
        };
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        LEFT + 14.0 + part * (WIDTH - LEFT - RIGHT - 14.0)
    }

    pub(super) fn ticks(&self) -> Vec<Tick> {
        match self.scale {
            Scale::Length => {
                // Between powers of ten only where there is room.
                let steps: &[f64] = if self.high - self.low > 2.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
                let powers = self.low as i32..=self.high as i32;
                let costs = powers.flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
                let costs = costs.filter(|cost| cost.log10() <= self.high + 0.001);
                costs.map(|cost| Tick { at: round(self.x(cost)), label: figures::ms(cost.round() as u64) }).collect()
            }
            Scale::Share => {
                let parts = (0..=4).map(|part| self.high * f64::from(part) / 4.0);
                parts.map(|part| Tick { at: round(self.x(part)), label: figures::percent(part) }).collect()
            }
        }
    }
}

/// The next share at which an axis may end.
fn nice(share: f64) -> f64 {
    let ends = [0.01, 0.02, 0.04, 0.1, 0.2, 0.4, 1.0];
    ends.into_iter().find(|end| share <= *end).unwrap_or(1.0)
}

/// Where a share of lossy runs is found.
pub(super) fn y(share: f64) -> f64 {
    HEIGHT - BOTTOM - 12.0 - share.clamp(0.0, 1.0) * (HEIGHT - BOTTOM - TOP - 12.0)
}

pub(super) fn shares() -> Vec<Tick> {
    [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| Tick { at: round(y(share)), label: figures::percent(share) }).into()
}

pub(super) fn round(pixels: f64) -> i64 {
    pixels.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cost_lies_on_the_ground_and_more_is_further_right() {
        for (scale, costs) in [
            (Scale::Length, vec![0.0, 1.0, 9.0, 600.0, 21_600.0]),
            (Scale::Length, vec![0.0]),
            (Scale::Length, vec![5.0, 5.0]),
            (Scale::Share, vec![0.0, 0.003, 0.38, 1.0]),
            (Scale::Share, vec![0.0]),
        ] {
            let ground = Ground::of(scale, costs.iter().copied());
            let places: Vec<f64> = costs.iter().map(|cost| ground.x(*cost)).collect();
            assert!(places.iter().all(|x| (LEFT..=WIDTH - RIGHT).contains(x)), "{places:?}");
            assert!(places.is_sorted(), "{places:?}");
            assert!(ground.ticks().len() >= 2);
        }
        assert!(y(0.0) > y(0.5) && y(0.5) > y(1.0) && y(1.0) >= TOP && y(0.0) < HEIGHT - BOTTOM);
    }
}
