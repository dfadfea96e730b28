//! A process that ends by itself takes its application with it in the same millisecond.

mod relay;

use std::sync::Arc;

use ackproof_core::model::Model;
use ackproof_core::op::Op;
use ackproof_core::recording::Detail;
use ackproof_core::schedule::{Schedule, Step};
use ackproof_core::seed::Seed;
use ackproof_core::setup::Setup;
use ackproof_core::time::Span;
use ackproof_sim::{Engine, Job, run};
use relay::Relay;

#[test]
fn an_application_sends_nothing_in_the_millisecond_in_which_its_process_exits() {
    let mut setup = Setup::default();
    setup.workload.messages = 40;
    setup.workload.interval = Span(10);
    let (mut exits, mut sent) = (0, 0);
    // One of these ten is the millisecond in which a message is due.
    for at in 100..110 {
        let steps = format!(r#"[{{"shutdown": "p1", "at": "{at}ms", "restart_after": "50ms"}}]"#);
        let steps: Vec<Step> = serde_json::from_str(&steps).expect("the steps can be read");
        let model = Arc::new(Relay::new(&setup));
        let schedule = Schedule::plan(&steps, Seed(1), "test", setup.workload.nominal(), model.topology());
        let job = Job { seed: Seed(1), setup: &setup, schedule: &schedule, detail: Detail::Verdict };
        let history = run(&model, &job, Engine::Event).expect("nothing breaks").history;
        assert_eq!(history, run(&model, &job, Engine::Turmoil).expect("nothing breaks").history);
        let p1 = model.topology().find("p1");
        let of_p1 = || history.entries.iter().filter(|entry| entry.node == p1);
        let died = of_p1().find(|entry| matches!(entry.op, Op::Died(_))).expect("it was shut down").at;
        exits += 1;
        sent += of_p1().filter(|entry| matches!(entry.op, Op::Send { .. })).count();
        // A process that exits is gone with the next millisecond.
        let late = of_p1()
            .filter(|entry| entry.at + Span(1) >= died && entry.at <= died && matches!(entry.op, Op::Send { .. }))
            .count();
        assert_eq!(late, 0, "shut down at {at} ms, and sent by nobody");
    }
    assert_eq!((exits, sent), (10, 400), "what is not sent by one process is sent by the next");
}
