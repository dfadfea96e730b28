//! The reference engine's word on what the fast engine found.

use ackproof_core::history::History;
use ackproof_core::recording::Detail;
use ackproof_core::schedule::Schedule;
use ackproof_core::seed::Seed;
use ackproof_sim::Engine;

use crate::trial::{Bed, Broken};

/// Which share of the runs of a sweep is repeated on turmoil.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Sample(f64);

impl Sample {
    pub const DEFAULT: Sample = Sample(0.05);
    pub const NONE: Sample = Sample(0.0);

    /// Reads `5%`, `0%` or `100%`.
    ///
    /// # Errors
    /// What is allowed, in words.
    pub fn parse(text: &str) -> Result<Sample, String> {
        let number = text.strip_suffix('%').unwrap_or(text).trim();
        match number.parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Sample(percent / 100.0)),
            Ok(_) | Err(_) => Err(format!("`{text}` is no share of the runs: write a percentage such as 5%")),
        }
    }

    /// Whether this run belongs to the sample: decided by the cell and the seed alone.
    pub fn takes(self, cell: &str, seed: Seed) -> bool {
        seed.stream(&format!("verify/{cell}")).chance(self.0)
    }
}

/// Runs the schedule on turmoil and compares; `Some` is the first difference.
///
/// # Errors
/// [`Broken`], when the reference engine itself fails.
pub fn difference(bed: &Bed<'_>, schedule: &Schedule, seed: Seed, found: &History) -> Result<Option<String>, Broken> {
    let reference = bed.run_schedule(schedule, seed, Engine::Turmoil, Detail::Verdict)?;
    Ok(first_difference(found, &reference.recording.history))
}

/// The first entry in which two histories differ, in a line.
pub fn first_difference(event: &History, turmoil: &History) -> Option<String> {
    if event == turmoil {
        return None;
    }
    let (event, turmoil) = (event.text(), turmoil.text());
    let mut pairs = event.lines().zip(turmoil.lines());
    let line = pairs.find(|(event, turmoil)| event != turmoil);
    Some(match line {
        Some((event, turmoil)) => format!("`{event}` on the event engine, `{turmoil}` on turmoil"),
        None => {
            format!("{} entries on the event engine, {} on turmoil", event.lines().count(), turmoil.lines().count())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_a_share_of_the_runs_and_the_same_every_time() {
        let taken = |sample: Sample| (0..2000).filter(|&seed| sample.takes("r1-f1-none", Seed(seed))).count();
        assert_eq!(taken(Sample::NONE), 0);
        assert_eq!(taken(Sample::parse("100%").unwrap()), 2000);
        assert!((60..140).contains(&taken(Sample::DEFAULT)));
        assert_eq!(taken(Sample::DEFAULT), taken(Sample::DEFAULT));
    }

    #[test]
    fn a_share_that_is_none_is_refused() {
        for text in ["", "x", "101%", "-1%"] {
            assert!(Sample::parse(text).is_err(), "{text}");
        }
    }
}
