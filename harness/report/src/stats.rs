//! Intervals and medians: how much a count of lossy runs says.

use statrs::distribution::{Beta, ContinuousCDF};

/// A share of runs with the interval in which the true probability lies with 95 % confidence; all from 0 to 1.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Share {
    pub p: f64,
    pub low: f64,
    pub high: f64,
}

/// The exact (Clopper-Pearson) two-sided 95 % interval for `k` of `n`.
///
/// The upper end is what is printed for `0 of n` too: one number for the table, the JSON and the comparison of two
/// results. A one-sided bound would be a little smaller (1.5 % instead of 1.8 % for 0 of 200) and would jump as soon
/// as the first lossy run appeared. With `n` zero nothing is known: 0 to 1.
///
/// # Panics
/// When `k` is greater than `n`.
pub fn share(k: u64, n: u64) -> Share {
    assert!(k <= n, "{k} of {n} runs");
    if n == 0 {
        return Share { p: 0.0, low: 0.0, high: 1.0 };
    }
    let (hits, misses) = (k as f64, (n - k) as f64);
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).expect("both shapes are positive").inverse_cdf(p);
    let low = if k == 0 { 0.0 } else { quantile(hits, misses + 1.0, 0.025) };
    let high = if k == n { 1.0 } else { quantile(hits + 1.0, misses, 0.975) };
    Share { p: round(hits / n as f64), low: round(low), high: round(high) }
}

/// Five digits: more would only make two machines differ in the last bit of a committed result.
fn round(p: f64) -> f64 {
    (p * 1e5).round() / 1e5
}

/// The middle value, the lower of the two middle ones of an even number; `None` of nothing.
pub fn median(values: impl IntoIterator<Item = u64>) -> Option<u64> {
    let mut values: Vec<u64> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probability of at most `k` hits in `n` trials, summed term by term.
    fn at_most(k: u64, n: u64, p: f64) -> f64 {
        let mut term = (1.0 - p).powf(n as f64);
        let mut sum = term;
        for i in 0..k {
            term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
            sum += term;
        }
        sum
    }

    #[test]
    fn each_end_of_the_interval_leaves_a_fortieth_of_the_probability_beyond_the_count() {
        for (k, n) in [(1, 10), (62, 200), (150, 200), (3, 1000)] {
            let share = share(k, n);
            // The ends are rounded to five digits, which moves the tail by a hundred times as much.
            assert!((1.0 - at_most(k - 1, n, share.low) - 0.025).abs() < 5e-4, "{k}/{n}: {share:?}");
            assert!((at_most(k, n, share.high) - 0.025).abs() < 5e-4, "{k}/{n}: {share:?}");
        }
        assert_eq!(share(62, 200), Share { p: 0.31, low: 0.24666, high: 0.37908 });
    }

    #[test]
    fn no_lossy_run_of_two_hundred_leaves_at_most_1_8_percent() {
        assert_eq!(share(0, 200), Share { p: 0.0, low: 0.0, high: 0.01828 });
        assert_eq!(share(200, 200), Share { p: 1.0, low: 0.98172, high: 1.0 });
    }

    #[test]
    fn of_no_runs_nothing_is_known() {
        assert_eq!(share(0, 0), Share { p: 0.0, low: 0.0, high: 1.0 });
    }

    #[test]
    fn the_median_of_an_even_number_is_the_lower_middle() {
        assert_eq!(median([9, 1, 5]), Some(5));
        assert_eq!(median([4, 1, 3, 2]), Some(2));
        assert_eq!(median([]), None);
    }
}
