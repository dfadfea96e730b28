//! A panic inside a model: it is our bug, it is reported with its seed, and no other run suffers from it.
//!
//! Apart from the tests of the binary, since a child that another test starts would hold on to the lock of a results
//! folder for a moment.

use ackproof::exit::Exit;
use ackproof::plan::Plan;
use ackproof::progress::Progress;
use ackproof::registry::{self, Prepared};
use ackproof::summary::summarize;
use ackproof::sweep::{Swept, sweep};
use ackproof::verify::Sample;
use ackproof::witness::witnesses;
use ackproof_core::node::Topology;
use ackproof_core::recording::Recording;
use ackproof_core::seed::Seed;
use ackproof_report::result::Summary;
use ackproof_report::store::{Recorded, Store};
use ackproof_sim::{Bench, Engine, Job, SimError};

/// Two rows under two fault classes: acks=1 loses when the leader is cut off, acks=all does not.
const SCENARIO: &str = concat!(
    include_str!("orders.yaml"),
    "runs: 8\nexpect:\n  - { canary: { acks: 1, fault: leader-cut-off } }\n  - { when: { acks: all }, no-acked-loss: always }\n"
);

/// A model that works, but for one seed.
struct Fragile {
    inner: Box<dyn Prepared>,
    seed: Seed,
    how: How,
}

#[derive(Copy, Clone)]
enum How {
    Panics,
    RunsAway,
}

impl Prepared for Fragile {
    fn topology(&self) -> &Topology {
        self.inner.topology()
    }
    fn run_on_bench(&self, job: &Job<'_>, engine: Engine, bench: Bench) -> Result<Recording, SimError> {
        match self.how {
            _ if job.seed != self.seed => self.inner.run_on_bench(job, engine, bench),
            How::Panics => panic!("the high watermark went\nbackwards: 7 after 9"),
            How::RunsAway => Err(SimError::Livelock("b1 handled 100000 events in a millisecond".to_owned())),
        }
    }
}

/// The sweep of [`SCENARIO`], with the row of acks=all as it should be or broken for a seed.
fn plan(fragile: Option<How>) -> Plan {
    let scenario = ackproof_scenario::parse("orders", SCENARIO, &registry::brokers(), &[]).expect("it can be read");
    let mut plan = Plan::of(scenario, Engine::Event);
    if let Some(how) = fragile {
        let inner = plan.models.pop().expect("a row");
        plan.models.push(Box::new(Fragile { inner, seed: plan.seed(4), how }));
    }
    plan
}

fn swept(plan: &Plan, store: Option<&Store>, recorded: Recorded) -> (Swept, Summary) {
    let swept = sweep(plan, store, recorded, Sample::NONE, 2, &mut Progress::Quiet).expect("results can be written");
    let found = witnesses(plan, &swept, store, 2).expect("results can be written");
    let summary = summarize(plan, &swept, found);
    (swept, summary)
}

#[test]
fn a_panic_is_exit_70_with_its_seed_and_every_other_run_goes_on() {
    for (how, words) in
        [(How::Panics, "the high watermark went backwards: 7 after 9"), (How::RunsAway, "100000 events")]
    {
        let plan = plan(Some(how));
        let (swept, summary) = swept(&plan, None, Recorded::default());
        assert_eq!(summary.exit, Exit::OurBug.code());
        let broken: Vec<_> = summary.broken.iter().map(|run| (run.cell.as_str(), run.seed)).collect();
        let seed = plan.seed(4).0;
        assert_eq!(broken, [("r2-f1-none", seed), ("r2-f2-leader-cut-off", seed)]);
        assert!(summary.broken.iter().all(|run| run.message.contains(words)), "{:?}", summary.broken);
        assert!(swept.runs.values().all(|runs| runs.len() == 8), "every run of every cell has a line");
        let whole: Vec<u64> = summary.cells.iter().map(|cell| cell.runs - cell.broken_runs).collect();
        assert_eq!(whole, [8, 8, 7, 7]);
        assert!(summary.cells[1].witness.is_some(), "the other cells have their witnesses");
        let text = ackproof_report::text::render(&summary, &ackproof_report::text::Look::default());
        assert!(text.contains(&seed.to_string()) && text.contains("bug"), "{text}");
    }
}

#[test]
fn a_promise_is_not_kept_by_a_cell_with_a_broken_run() {
    let plan = plan(Some(How::Panics));
    let (_, summary) = swept(&plan, None, Recorded::default());
    let (_, sound) = swept(&self::plan(None), None, Recorded::default());
    assert_eq!(sound.exit, Exit::AsExpected.code());
    let outcome = |summary: &Summary| summary.expectations[1].outcome;
    assert_ne!(outcome(&summary), outcome(&sound), "acks=all always keeps what it acknowledged");
}

#[test]
fn a_broken_run_is_run_again_when_the_sweep_is_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let resumed = |plan: &Plan| {
        let (store, recorded) = Store::open(folder.path(), &plan.manifest()).expect("a folder of results");
        let before: usize = plan.cells.iter().map(|cell| recorded.done(&cell.plan.id).len()).sum();
        (before, swept(plan, Some(&store), recorded).1)
    };
    let (before, summary) = resumed(&plan(Some(How::Panics)));
    assert_eq!((before, summary.exit), (0, Exit::OurBug.code()));
    // The bug is mended.
    let (before, summary) = resumed(&plan(None));
    assert_eq!((before, summary.exit), (30, Exit::AsExpected.code()));
    let (_, sound) = swept(&plan(None), None, Recorded::default());
    let counted = |summary: &Summary| summary.cells.iter().map(|cell| cell.messages.clone()).collect::<Vec<_>>();
    assert_eq!(counted(&summary), counted(&sound));
}
