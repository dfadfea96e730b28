//! One run: a schedule is drawn, the simulation runs, the history is judged. A panic on the way is caught: it is a bug
//! of ours, and no other run suffers from it.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use ackproof_core::guarantee::Limits;
use ackproof_core::recording::{Detail, Recording};
use ackproof_core::schedule::{Schedule, Step};
use ackproof_core::seed::Seed;
use ackproof_core::setup::Setup;
use ackproof_core::time::Span;
use ackproof_core::verdict::Verdict;
use ackproof_sim::{Engine, Job};

use crate::registry::Prepared;

/// What stays the same for all runs of one cell.
#[derive(Clone, Copy)]
pub struct Bed<'a> {
    pub prepared: &'a dyn Prepared,
    pub setup: &'a Setup,
    /// Name of the fault class: part of what the schedule is drawn from.
    pub class: &'a str,
    pub steps: &'a [Step],
    /// Nominal length of the chaos phase, the same for every row so that all meet the same storms.
    pub chaos: Span,
    pub limits: Limits,
}

/// A run that ended.
#[derive(Clone, Debug)]
pub struct Trial {
    pub recording: Recording,
    pub verdict: Verdict,
}

/// A run that hit a bug of ours: the message, with where it happened.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Broken(pub String);

impl Bed<'_> {
    pub fn schedule(&self, seed: Seed) -> Schedule {
        Schedule::plan(self.steps, seed, self.class, self.chaos, self.prepared.topology())
    }

    /// Runs one seed.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn run(&self, seed: Seed, engine: Engine, detail: Detail) -> Result<Trial, Broken> {
        self.run_schedule(&self.schedule(seed), seed, engine, detail)
    }

    /// Runs a schedule that need not be the seed's own.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn run_schedule(
        &self,
        schedule: &Schedule,
        seed: Seed,
        engine: Engine,
        detail: Detail,
    ) -> Result<Trial, Broken> {
        let job = Job { seed, setup: self.setup, schedule, detail };
        caught(|| {
            let recording = self.prepared.run(&job, engine).map_err(|error| Broken(error.to_string()))?;
            let verdict = ackproof_check::judge(&recording.history, &self.limits);
            Ok(Trial { recording, verdict })
        })?
    }
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static CATCHING: RefCell<bool> = const { RefCell::new(false) };
}

/// Runs `work`; a panic becomes its message and is not printed.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Broken> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let outer = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.with_borrow(|catching| *catching) {
                LAST_PANIC.with_borrow_mut(|last| *last = Some(info.to_string().replace('\n', " ")));
            } else {
                outer(info);
            }
        }));
    });
    CATCHING.with_borrow_mut(|catching| *catching = true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CATCHING.with_borrow_mut(|catching| *catching = false);
    result.map_err(|_| Broken(LAST_PANIC.take().unwrap_or_else(|| "a panic without a message".to_owned())))
}
