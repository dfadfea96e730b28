//! Whether two counts of broken runs differ by more than chance, and by how much.
//!
//! Runs that met the same storm are pairs, and only the pairs that ended differently say anything: McNemar's test, exact.
//! Runs that cannot be paired are two samples: Fisher's test, exact. Intervals of the difference are Tango's for pairs and
//! Newcombe's for samples, the two that comparisons of such methods keep recommending for small numbers (Fagerland,
//! Lydersen and Laake, Statistics in Medicine 2014 and 2015). Many tests at once go through Holm's correction, among
//! those that could reject at all (Tarone).

use statrs::distribution::{Binomial, Discrete, DiscreteCDF, Hypergeometric};

/// Two-sided 95 % of a standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// How pairs ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub struct Pairs {
    /// Both kept the promise, or both broke it.
    pub alike: u64,
    /// Kept before, broken after.
    pub worse: u64,
    /// Broken before, kept after.
    pub better: u64,
}

/// Two samples: how many broke the promise, of how many.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Samples {
    pub base: (u64, u64),
    pub head: (u64, u64),
}

/// What a test says: its p, and the smallest p that it could have given whatever had happened in what it conditions on
/// (the number of pairs that ended differently; the margins of the table).
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Test {
    pub p: f64,
    pub least: f64,
}

impl Pairs {
    pub fn count(self) -> u64 {
        self.alike + self.worse + self.better
    }

    /// McNemar's test, exact and two-sided: of the pairs that ended differently, as many should have got better as worse.
    pub fn test(self) -> Test {
        let differing = self.worse + self.better;
        if differing == 0 {
            return Test { p: 1.0, least: 1.0 };
        }
        let coin = Binomial::new(0.5, differing).expect("one half is a probability");
        let tail = |fewer| (2.0 * coin.cdf(fewer)).min(1.0);
        Test { p: tail(self.worse.min(self.better)), least: tail(0) }
    }

    /// The share that broke after minus the share that broke before, with Tango's score interval (Statistics in Medicine
    /// 17:891, 1998). Unlike Wald's it does not shrink to a point when no pair differs: of 50 such pairs, -7.1 to 7.1 %.
    pub fn difference(self) -> (f64, [f64; 2]) {
        let n = self.count() as f64;
        if n == 0.0 {
            return (0.0, [-1.0, 1.0]);
        }
        let (worse, better) = (self.worse as f64, self.better as f64);
        let estimate = (worse - better) / n;
        // The score of a difference `d`, with the share of pairs that got better at its likeliest value under `d`.
        let score = |d: f64| {
            let b = -worse - better + (2.0 * n - worse + better) * d;
            let c = -better * d * (1.0 - d);
            let share = ((b * b - 8.0 * n * c).max(0.0).sqrt() - b) / (4.0 * n);
            let variance = n * (2.0 * share + d * (1.0 - d));
            let above = worse - better - n * d;
            if variance > 0.0 { above / variance.sqrt() } else { above.signum() * f64::INFINITY }
        };
        // The score falls as `d` rises.
        let low = if estimate <= -1.0 { -1.0 } else { crossing(-1.0, estimate, |d| score(d) <= Z) };
        let high = if estimate >= 1.0 { 1.0 } else { crossing(estimate, 1.0, |d| score(d) < -Z) };
        (round(estimate), [round(low), round(high)])
    }
}

impl Samples {
    /// Fisher's test, exact and two-sided: all tables of the same margins that are no likelier than this one.
    ///
    /// # Panics
    /// When more runs broke than there were.
    pub fn test(self) -> Test {
        let ((a, n), (b, m)) = (self.base, self.head);
        assert!(a <= n && b <= m, "{a} of {n} runs, {b} of {m} runs");
        if n == 0 || m == 0 || a + b == 0 || a + b == n + m {
            return Test { p: 1.0, least: 1.0 };
        }
        let tables = Hypergeometric::new(n + m, a + b, n).expect("margins of a table");
        let masses: Vec<f64> = ((a + b).saturating_sub(m)..=(a + b).min(n)).map(|k| tables.pmf(k)).collect();
        // Equal masses differ in their last digits.
        let tail = |mass: f64| masses.iter().filter(|it| **it <= mass * (1.0 + 1e-7)).sum::<f64>().min(1.0);
        let least = masses.iter().copied().fold(f64::INFINITY, f64::min);
        Test { p: tail(tables.pmf(a)), least: tail(least) }
    }

    /// The share that broke after minus the share that broke before, with Newcombe's interval from two of Wilson's
    /// (Statistics in Medicine 17:873, 1998, method 10).
    pub fn difference(self) -> (f64, [f64; 2]) {
        let ((a, n), (b, m)) = (self.base, self.head);
        if n == 0 || m == 0 {
            return (0.0, [-1.0, 1.0]);
        }
        let (p, q) = (a as f64 / n as f64, b as f64 / m as f64);
        let ([p_low, p_high], [q_low, q_high]) = (wilson(a, n), wilson(b, m));
        let low = q - p - (q - q_low).hypot(p_high - p);
        let high = q - p + (q_high - q).hypot(p - p_low);
        (round(q - p), [round(low.max(-1.0)), round(high.min(1.0))])
    }
}

/// Whether the smallest p that so many pairs could ever give is small enough: fewer than six cannot speak at 5 %.
pub fn can_speak(test_of_extremes: Test, alpha: f64) -> bool {
    test_of_extremes.least <= alpha
}

/// The p of each test, corrected for there being many: the chance that any of them is at most `alpha` while nothing
/// differs is at most `alpha`.
///
/// Holm's step-down procedure, over the tests that can reject at all: a cell in which no pair differs cannot, and would only
/// make the others blind. Which those are is fixed by what the tests condition on, and not by their results, so the
/// correction stays valid: with the smallest K such that at most K tests can reach `alpha / K` (Tarone, Biometrics
/// 46:515, 1990). The others get 1.
pub fn corrected(tests: &[Test], alpha: f64) -> Vec<f64> {
    let able = |k: usize| tests.iter().filter(|test| test.least <= alpha / k as f64).count();
    let k = (1..=tests.len().max(1)).find(|&k| able(k) <= k).unwrap_or(1);
    let mut order: Vec<usize> = (0..tests.len()).filter(|&i| tests[i].least <= alpha / k as f64).collect();
    order.sort_by(|&a, &b| tests[a].p.total_cmp(&tests[b].p));
    let mut corrected = vec![1.0; tests.len()];
    let mut largest: f64 = 0.0;
    for (rank, &test) in order.iter().enumerate() {
        largest = largest.max((tests[test].p * (order.len() - rank) as f64).min(1.0));
        corrected[test] = largest;
    }
    corrected
}

fn wilson(k: u64, n: u64) -> [f64; 2] {
    let (k, n) = (k as f64, n as f64);
    let middle = k + Z * Z / 2.0;
    let half = Z * (k * (n - k) / n + Z * Z / 4.0).sqrt();
    [((middle - half) / (n + Z * Z)).max(0.0), ((middle + half) / (n + Z * Z)).min(1.0)]
}

/// Where `holds` turns from false to true between `low` and `high`.
fn crossing(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// As in [`crate::stats`]: no digits in which two machines could differ.
fn round(p: f64) -> f64 {
    (p * 1e5).round() / 1e5 + 0.0
}

#[cfg(test)]
mod tests {
    use statrs::stats_tests::{Alternative, fishers_exact};

    use super::*;

    fn pairs(alike: u64, worse: u64, better: u64) -> Pairs {
        Pairs { alike, worse, better }
    }

    #[test]
    fn six_pairs_in_one_direction_are_beyond_chance_and_five_are_not() {
        assert!((pairs(40, 6, 0).test().p - 2.0 / 64.0).abs() < 1e-12);
        assert!((pairs(0, 0, 5).test().p - 2.0 / 32.0).abs() < 1e-12);
        assert_eq!(pairs(90, 5, 5).test().p, 1.0);
        assert_eq!(pairs(50, 0, 0).test(), Test { p: 1.0, least: 1.0 });
        // Ten heads and two tails, twice the tail: 2 * (1 + 12 + 66) / 4096.
        assert!((pairs(0, 2, 10).test().p - 158.0 / 4096.0).abs() < 1e-12);
    }

    /// At each end the score, with the nuisance parameter found by trying every value of it, is that of 95 %.
    #[test]
    fn the_interval_of_pairs_is_tangos() {
        for (alike, worse, better) in [(32, 9, 3), (50, 1, 0), (10, 7, 7), (100, 0, 12)] {
            let (n, b, c) = ((alike + worse + better) as f64, worse as f64, better as f64);
            let (estimate, [low, high]) = pairs(alike, worse, better).difference();
            assert!((estimate - (b - c) / n).abs() < 1e-5 && low < estimate && estimate < high);
            for end in [low, high] {
                // Shares: got better `q`, got worse `q + end`, alike the rest.
                let log = |count: f64, share: f64| if count == 0.0 { 0.0 } else { count * share.ln() };
                let likelihood = |q: f64| log(b, q + end) + log(c, q) + log(n - b - c, 1.0 - 2.0 * q - end);
                let (least, most) = ((-end).max(0.0), (1.0 - end) / 2.0);
                let tried = (1..200_000).map(|i| least + (most - least) * f64::from(i) / 200_000.0);
                let q = tried.max_by(|a, b| likelihood(*a).total_cmp(&likelihood(*b))).expect("some were tried");
                let score = (b - c - n * end) / (n * (2.0 * q + end - end * end)).sqrt();
                assert!((score.abs() - Z).abs() < 5e-3, "{worse} worse, {better} better of {n}: {score} at {end}");
            }
        }
    }

    #[test]
    fn pairs_that_all_ended_alike_leave_a_difference_that_cannot_be_ruled_out() {
        let rest = round(Z * Z / (10.0 + Z * Z));
        assert_eq!(pairs(10, 0, 0).difference(), (0.0, [-rest, rest]));
        assert_eq!(pairs(0, 0, 0).difference(), (0.0, [-1.0, 1.0]));
        let (estimate, [low, high]) = pairs(0, 20, 0).difference();
        assert!(estimate == 1.0 && high == 1.0 && low > 0.6 && low < 0.9, "{low}");
    }

    #[test]
    fn turning_time_round_turns_the_interval_round() {
        for (alike, worse, better) in [(30, 7, 2), (0, 5, 5), (99, 1, 0), (3, 40, 17)] {
            let (estimate, [low, high]) = pairs(alike, worse, better).difference();
            let (back, [back_low, back_high]) = pairs(alike, better, worse).difference();
            assert!((estimate + back).abs() < 2e-5 && (low + back_high).abs() < 2e-5 && (high + back_low).abs() < 2e-5);
        }
    }

    /// Newcombe (1998), table II, method 10: 56/70 and 48/80 differ by 0.2000, 0.0524 to 0.3339.
    #[test]
    fn the_interval_of_samples_is_newcombes() {
        let (estimate, [low, high]) = Samples { base: (48, 80), head: (56, 70) }.difference();
        assert_eq!(estimate, 0.2);
        assert!((low - 0.0524).abs() < 1e-4 && (high - 0.3339).abs() < 1e-4, "{low} {high}");
    }

    #[test]
    fn fishers_test_is_that_of_the_library() {
        for (a, n, b, m) in [(0, 50, 6, 50), (3, 8, 4, 54), (10, 10, 1, 12), (7, 40, 9, 60), (1, 5, 4, 5)] {
            let known = fishers_exact(&[a, b, n - a, m - b], Alternative::TwoSided).expect("a table");
            let p = Samples { base: (a, n), head: (b, m) }.test().p;
            assert!((p - known).abs() < 1e-6, "{a}/{n} {b}/{m}: {p}, {known}");
        }
        assert_eq!(Samples { base: (0, 0), head: (3, 9) }.test().p, 1.0);
    }

    #[test]
    fn holm_corrects_and_never_changes_the_order() {
        let test = |p| Test { p, least: 0.0 };
        let corrected = corrected(&[test(0.01), test(0.04), test(0.03), test(0.005)], 0.05);
        let wanted = [0.03, 0.06, 0.06, 0.02];
        assert!(corrected.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{corrected:?}");
    }

    #[test]
    fn tests_that_cannot_reject_do_not_blind_the_others() {
        let mut tests = vec![Test { p: 1.0, least: 1.0 }; 300];
        tests.push(pairs(50, 6, 0).test());
        assert_eq!(corrected(&tests, 0.05)[300], pairs(50, 6, 0).test().p);
        tests.push(pairs(50, 6, 0).test());
        // Two tests of p 0.031 can no longer reach 0.025 each, so neither is counted.
        assert_eq!(corrected(&tests, 0.05)[300..], [1.0, 1.0]);
        assert!(corrected(&[], 0.05).is_empty());
    }

    #[test]
    fn fewer_than_six_pairs_can_never_speak() {
        assert!(!can_speak(pairs(0, 5, 0).test(), 0.05) && can_speak(pairs(0, 6, 0).test(), 0.05));
        assert!(can_speak(pairs(0, 5, 0).test(), 0.1));
    }
}
