//! How far a sweep is: a bar on a terminal, a line every ten seconds elsewhere. Always to standard error.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::aloud::say;

const EVERY: Duration = Duration::from_secs(10);

pub enum Progress {
    Quiet,
    Bar { bar: ProgressBar, lossy: u64 },
    Lines { total: u64, done: u64, lossy: u64, last: Instant },
}

impl Progress {
    /// A bar when standard error is a terminal and nobody asked for plain output.
    pub fn new() -> Progress {
        let plain = std::env::var_os("CI").is_some() || std::env::var_os("NO_COLOR").is_some();
        if std::io::stderr().is_terminal() && !plain {
            Progress::Bar { bar: ProgressBar::hidden(), lossy: 0 }
        } else {
            Progress::Lines { total: 0, done: 0, lossy: 0, last: Instant::now() }
        }
    }

    /// `left` runs are to be done of `all`.
    pub(crate) fn begin(&mut self, left: usize, all: usize) {
        let kept = all - left.min(all);
        match self {
            Progress::Quiet => {}
            Progress::Bar { bar, .. } => {
                let template = "{bar:30} {pos}/{len} runs, {msg} lossy, {per_sec}, {eta} left";
                *bar = ProgressBar::new(all as u64);
                bar.set_style(ProgressStyle::with_template(template).expect("the template is well-formed"));
                bar.set_position(kept as u64);
                bar.set_message("0");
            }
            Progress::Lines { total, done, last, .. } => {
                *total = all as u64;
                *done = kept as u64;
                *last = Instant::now();
                if kept > 0 {
                    say(format_args!("{kept} of {all} runs were recorded before; going on"));
                }
            }
        }
    }

    pub(crate) fn tick(&mut self, is_lossy: bool) {
        match self {
            Progress::Quiet => {}
            Progress::Bar { bar, lossy } => {
                if is_lossy {
                    *lossy += 1;
                    bar.set_message(lossy.to_string());
                }
                bar.inc(1);
            }
            Progress::Lines { total, done, lossy, last } => {
                *done += 1;
                *lossy += u64::from(is_lossy);
                if last.elapsed() >= EVERY {
                    *last = Instant::now();
                    say(format_args!("{done} of {total} runs, {lossy} lossy"));
                }
            }
        }
    }

    pub(crate) fn end(&mut self) {
        if let Progress::Bar { bar, .. } = self {
            bar.finish_and_clear();
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Progress::new()
    }
}
