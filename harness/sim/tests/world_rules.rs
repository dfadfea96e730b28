//! What the world does to processes, links, clocks and disks, seen by actors that do nothing but talk and take notes.

use std::sync::Arc;

use ackproof_core::actor::{Actor, Ctx, Event, Protocol, TimerId, WALL_CLOCK_START};
use ackproof_core::app::Origin;
use ackproof_core::disk::{Cut, FileId};
use ackproof_core::history::History;
use ackproof_core::model::{Actors, Disks, Inventory, Model};
use ackproof_core::node::{NodeId, NodeKind, Part, Topology};
use ackproof_core::observe::Observation;
use ackproof_core::op::Op;
use ackproof_core::recording::{Detail, Fact, Recording};
use ackproof_core::schedule::{Schedule, Step};
use ackproof_core::seed::Seed;
use ackproof_core::setup::Setup;
use ackproof_core::time::{Span, Time};
use ackproof_sim::{Engine, Job, run};

/// `b1` and `b2` greet each other every ten milliseconds and note what they hear.
#[derive(Debug)]
struct Greeters {
    topology: Topology,
}

#[derive(Debug)]
struct Greeter {
    peer: Option<NodeId>,
    count: u64,
}

impl Protocol for Greeters {
    type Message = u64;
    type Record = u64;
    type Cell = u64;
}

impl Actor<Greeters> for Greeter {
    fn on(&mut self, ctx: &mut Ctx<'_, Greeters>, event: Event<u64>) {
        let Some(peer) = self.peer else { return };
        match event {
            Event::Start | Event::Timer(_) => {
                ctx.set_timer(TimerId(0), Span(10));
                self.count += 1;
                let wall = ctx.wall_clock().since(WALL_CLOCK_START).0;
                ctx.note(|| format!("tick {wall}"));
                match ctx.disk.append(FileId(0), self.count) {
                    Ok(_) => ctx.send(peer, self.count),
                    Err(error) => ctx.note(|| error.to_string()),
                }
            }
            Event::Message { body, .. } => ctx.note(|| format!("heard {body}")),
            Event::Closed { .. } => ctx.note(|| "closed".to_owned()),
            Event::Stop => ctx.exit("asked to"),
            Event::Synced { .. } | Event::App(_) | Event::MoveLeader { .. } => {}
        }
    }
}

impl Model for Greeters {
    type Actor = Greeter;
    fn topology(&self) -> &Topology {
        &self.topology
    }
    fn process(&self, node: NodeId) -> Greeter {
        Greeter { peer: (node.0 < 2).then(|| NodeId(1 - node.0)), count: 0 }
    }
    fn cast(&self, _: Part, _: u16, _: &Actors<'_, Self>) -> Vec<NodeId> {
        Vec::new()
    }
    fn is_ready(&self, _: &Actors<'_, Self>) -> bool {
        true
    }
    fn is_quiet(&self, _: &Actors<'_, Self>) -> bool {
        true
    }
    fn is_audited(&self, _: &Actors<'_, Self>) -> bool {
        true
    }
    fn inventory(&self, _: &Actors<'_, Self>, _: &Disks<'_, Self>) -> Vec<Inventory> {
        Vec::new()
    }
    fn cuts(&self, _: NodeId, cut: Cut, _: &[Self::Record]) -> Vec<(Origin, Cut)> {
        vec![(Origin(0), cut)]
    }
}

/// Runs the faults, given as JSON, and checks on the way that both engines see the same.
fn record(faults: &str) -> Recording {
    let mut topology = Topology::default();
    topology.add("b1", NodeKind::Broker, None);
    topology.add("b2", NodeKind::Broker, None);
    topology.add("audit", NodeKind::Auditor, None);
    let steps: Vec<Step> = serde_json::from_str(faults).unwrap();
    let schedule = Schedule::plan(&steps, Seed(1), "test", Span::secs(1), &topology);
    let model = Arc::new(Greeters { topology });
    let setup = Setup::default();
    let job = Job { seed: Seed(1), setup: &setup, schedule: &schedule, detail: Detail::Trace };
    let recording = run(&model, &job, Engine::Event).unwrap();
    assert_eq!(recording.history, run(&model, &job, Engine::Turmoil).unwrap().history);
    recording
}

/// What a node noted from `from` to `to`, in milliseconds after the chaos phase began.
fn notes(recording: &Recording, node: u8, from: u64, to: u64) -> Vec<(u64, String)> {
    let began = recording.chaos_began;
    let within = |at: Time| (began + Span(from)..began + Span(to)).contains(&at);
    recording
        .trace
        .iter()
        .filter(|traced| traced.node == NodeId(node) && within(traced.at))
        .filter_map(|traced| match &traced.fact {
            Fact::Observed(Observation::Noted { text }) => Some((traced.at.since(began).0, text.clone())),
            _ => None,
        })
        .collect()
}

fn count(notes: &[(u64, String)], word: &str) -> usize {
    notes.iter().filter(|(_, text)| text.starts_with(word)).count()
}

fn ops(history: &History) -> Vec<String> {
    history
        .entries
        .iter()
        .map(|entry| format!("{} {}", entry.node.map_or("-", |n| &history.nodes[n.index()]), entry.op))
        .collect()
}

#[test]
fn a_killed_process_closes_its_connections_behind_what_it_had_sent() {
    let recording = record(r#"[{"kill": "b1", "at": "200ms", "restart_after": "300ms"}]"#);
    let seen = notes(&recording, 1, 190, 220);
    let closed = seen.iter().position(|(_, text)| text == "closed").expect("b2 learns of it");
    assert!(seen[..closed].iter().any(|(_, text)| text.starts_with("heard")));
    assert_eq!(count(&seen[closed..], "heard"), 0);
}

#[test]
fn what_is_sent_to_a_dead_process_on_a_live_machine_is_refused() {
    let recording = record(r#"[{"kill": "b1", "at": "200ms", "restart_after": "300ms"}]"#);
    assert!(count(&notes(&recording, 1, 230, 480), "closed") > 15, "one refusal for each attempt");
}

#[test]
fn a_machine_that_loses_power_says_nothing_until_it_is_back_and_then_resets() {
    let recording = record(r#"[{"power_loss": "b1", "at": "200ms", "restart_after": "300ms"}]"#);
    assert_eq!(count(&notes(&recording, 1, 190, 500), "closed"), 0);
    assert_eq!(count(&notes(&recording, 1, 500, 510), "closed"), 1);
}

#[test]
fn a_power_loss_cuts_files_between_durable_and_written() {
    let recording = record(r#"[{"power_loss": "b1", "at": "200ms", "restart_after": "300ms"}]"#);
    let cuts: Vec<_> = recording.trace.iter().filter(|traced| matches!(traced.fact, Fact::PowerCut { .. })).collect();
    let [cut] = cuts[..] else { panic!("one file, one cut: {cuts:?}") };
    let Fact::PowerCut { durable, written, kept, .. } = cut.fact else { unreachable!() };
    assert!(durable == 0 && written > 20 && kept <= written);
}

#[test]
fn a_cut_cable_says_nothing_and_what_was_under_way_arrives_after_it_heals() {
    let recording = record(r#"[{"partition": {"between": ["b1", "b2"]}, "at": "200ms", "for": "100ms"}]"#);
    let during = notes(&recording, 1, 203, 300);
    assert_eq!((count(&during, "heard"), count(&during, "closed")), (0, 0));
    let heard: Vec<u64> = notes(&recording, 1, 0, 2000)
        .iter()
        .filter_map(|(_, text)| text.strip_prefix("heard ")?.parse().ok())
        .collect();
    assert!(heard.windows(2).all(|pair| pair[1] == pair[0] + 1), "nothing is missing and nothing out of order");
}

#[test]
fn a_one_way_cut_lets_the_other_way_through() {
    let recording =
        record(r#"[{"partition": {"between": ["b1", "b2"], "one_way": true}, "at": "200ms", "for": "100ms"}]"#);
    assert_eq!(count(&notes(&recording, 1, 203, 300), "heard"), 0);
    assert!(count(&notes(&recording, 0, 203, 300), "heard") > 5);
}

#[test]
fn the_end_of_one_cut_does_not_lift_an_overlapping_one() {
    let recording = record(
        r#"[{"partition": {"between": ["b1", "b2"]}, "at": "100ms", "for": "300ms"},
            {"partition": {"isolate": "b2", "from": "b1"}, "at": "200ms", "for": "50ms"}]"#,
    );
    assert_eq!(count(&notes(&recording, 1, 103, 400), "heard"), 0);
    assert!(count(&notes(&recording, 1, 1000, 1100), "heard") > 5);
}

#[test]
fn a_kill_during_another_kill_keeps_the_process_down_until_both_are_over() {
    let recording = record(
        r#"[{"kill": "b1", "at": "100ms", "restart_after": "100ms"}, {"kill": "b1", "at": "150ms", "restart_after": "200ms"}]"#,
    );
    assert_eq!(count(&notes(&recording, 0, 100, 350), "tick"), 0);
    assert!(count(&notes(&recording, 0, 350, 400), "tick") > 3);
}

#[test]
fn a_paused_process_does_nothing_while_its_timers_age_and_its_connections_stay() {
    let recording = record(r#"[{"pause": "b1", "at": "200ms", "for": "100ms"}]"#);
    assert!(notes(&recording, 0, 200, 300).is_empty());
    let woken = notes(&recording, 0, 300, 301);
    assert_eq!(count(&woken, "tick"), 1, "the timer that rang meanwhile rings at once: {woken:?}");
    assert!(count(&woken, "heard") >= 8, "what arrived meanwhile is there: {woken:?}");
    assert_eq!(count(&notes(&recording, 1, 200, 310), "closed"), 0);
}

#[test]
fn a_hold_delays_everything_and_loses_nothing() {
    let recording = record(r#"[{"hold": {"between": ["b1", "b2"]}, "at": "200ms", "for": "100ms"}]"#);
    assert_eq!(count(&notes(&recording, 1, 203, 300), "heard"), 0);
    assert!(count(&notes(&recording, 1, 300, 304), "heard") >= 9);
}

#[test]
fn a_lossy_link_delays_and_loses_nothing() {
    let recording = record(r#"[{"drop": {"between": ["b1", "b2"], "rate": 0.5}, "at": "200ms", "for": "200ms"}]"#);
    let heard: Vec<u64> = notes(&recording, 1, 0, 5000)
        .iter()
        .filter_map(|(_, text)| text.strip_prefix("heard ")?.parse().ok())
        .collect();
    assert!(heard.windows(2).all(|pair| pair[1] == pair[0] + 1));
    assert!(count(&notes(&recording, 1, 203, 400), "heard") < 15);
}

#[test]
fn a_clock_fault_moves_the_wall_clock_and_not_the_timers() {
    let recording = record(r#"[{"clock": {"node": "b1", "offset": "1h"}, "at": "200ms", "for": "100ms"}]"#);
    let wall: Vec<u64> =
        notes(&recording, 0, 0, 400).iter().filter_map(|(_, text)| text.strip_prefix("tick ")?.parse().ok()).collect();
    assert_eq!(wall.iter().filter(|wall| **wall > 3_600_000).count(), 10);
    assert_eq!(wall.len(), 40, "forty ticks in 400 ms, whatever the wall clock says");
}

#[test]
fn a_full_disk_refuses_writes_while_it_lasts() {
    let recording = record(r#"[{"full_disk": "b1", "at": "200ms", "for": "100ms"}]"#);
    assert_eq!(count(&notes(&recording, 0, 200, 300), "no space"), 10);
    assert_eq!(count(&notes(&recording, 0, 300, 400), "no space"), 0);
}

#[test]
fn a_process_that_stops_on_request_is_started_again() {
    let recording = record(r#"[{"shutdown": "b1", "at": "200ms", "restart_after": "100ms"}]"#);
    let ops = ops(&recording.history);
    assert!(ops.contains(&"b1 died exited".to_owned()));
    assert_eq!(ops.iter().filter(|op| *op == "b1 started").count(), 2);
}

#[test]
fn what_is_gone_stays_away_and_everything_else_comes_back_when_chaos_ends() {
    let recording = record(r#"[{"kill": "b1", "at": "200ms", "gone": true}, {"kill": "b2", "at": "300ms"}]"#);
    let ops = ops(&recording.history);
    assert_eq!(ops.iter().filter(|op| *op == "b1 started").count(), 1);
    assert_eq!(ops.iter().filter(|op| *op == "b2 started").count(), 2);
}

#[test]
fn a_fault_that_never_fires_says_why() {
    let recording = record(
        r#"[{"kill": "b1", "at": {"after": "acked", "nth": 3}, "restart_after": "1s"}, {"kill": "leader", "at": "100ms"}]"#,
    );
    let missed: Vec<String> = recording
        .history
        .entries
        .iter()
        .filter_map(|entry| match &entry.op {
            Op::FaultMissed { why, .. } => Some(why.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(missed, ["nobody was `leader`", "its anchor never came: `acked` was seen 0 of 3 times"]);
    assert!(recording.faults.iter().all(|fault| fault.fired_at.is_none() && fault.missed.is_some()));
}

#[test]
fn a_fault_that_fired_is_reported_with_names_in_place_of_parts() {
    let recording = record(r#"[{"kill": "any-broker", "at": "100ms", "restart_after": "50ms"}]"#);
    let resolved = recording.faults[0].resolved.as_ref().unwrap().kind.to_string();
    assert!(resolved == "kill b1" || resolved == "kill b2", "{resolved}");
}

#[test]
fn a_connection_that_could_not_be_opened_is_tried_again_after_a_second_then_after_two() {
    // b1 starts again behind the cut, so what it sends needs a new connection; b2 is down and cannot open one itself.
    let recording = record(
        r#"[{"partition": {"between": ["b1", "b2"]}, "at": "100ms", "for": "1500ms"},
            {"kill": "b1", "at": "200ms", "restart_after": "10ms"},
            {"pause": "b2", "at": "150ms", "for": "4s"}]"#,
    );
    // Attempts at 210 ms and 1210 ms meet the cut, the one at 3210 ms gets through with all that waited.
    let sent: Vec<u64> = recording
        .trace
        .iter()
        .filter(|traced| traced.node == NodeId(0) && matches!(traced.fact, Fact::MessageSent { .. }))
        .map(|traced| traced.at.0.saturating_sub(recording.chaos_began.0))
        .filter(|at| (200..4000).contains(at))
        .collect();
    assert_eq!(sent.first(), Some(&3210));
    assert!(sent.iter().filter(|at| **at == 3210).count() >= 300, "three seconds of greetings leave at once");
}

#[test]
fn how_long_a_cleanly_stopped_process_is_down_counts_from_its_end() {
    let recording = record(
        r#"[{"pause": "b1", "at": "100ms", "for": "400ms"}, {"shutdown": "b1", "at": "200ms", "restart_after": "100ms"}]"#,
    );
    let at = |op: &str| {
        let entry =
            recording.history.entries.iter().rfind(|entry| entry.op.to_string() == op && entry.node == Some(NodeId(0)));
        entry.unwrap_or_else(|| panic!("no {op}")).at.since(recording.chaos_began).0
    };
    assert_eq!(at("died exited"), 501, "it is asked at 200 ms and can only answer when it is scheduled again");
    assert_eq!(at("started"), 601);
}

#[test]
fn a_process_that_does_not_stop_is_killed_when_patience_runs_out() {
    let recording = record(
        r#"[{"pause": "b1", "at": "100ms", "for": "200s"}, {"shutdown": "b1", "at": "200ms", "restart_after": "100ms"}]"#,
    );
    let died = recording.history.entries.iter().find(|entry| entry.op == Op::Died(ackproof_core::op::Death::Killed));
    assert_eq!(died.expect("it is killed").at.since(recording.chaos_began), Span(90_200));
}

#[test]
fn turmoil_takes_no_step_for_a_millisecond_in_which_nothing_is_due() {
    let mut topology = Topology::default();
    for name in ["x1", "x2", "b1", "b2", "b3", "b4", "b5", "b6"] {
        topology.add(name, NodeKind::Broker, None);
    }
    // Of eight hosts the first two greet each other for a minute, every ten milliseconds.
    let model = Arc::new(Greeters { topology });
    let steps: Vec<Step> =
        serde_json::from_str(r#"[{"clock": {"node": "b1", "offset": "1s"}, "at": "60s", "for": "1ms"}]"#).unwrap();
    let schedule = Schedule::plan(&steps, Seed(1), "test", Span::secs(1), &model.topology);
    let setup = Setup::default();
    let job = Job { seed: Seed(1), setup: &setup, schedule: &schedule, detail: Detail::Verdict };
    let (recording, taken) = ackproof_sim::turmoil_engine::run_counting(&model, &job, Default::default()).unwrap();
    assert!(recording.length >= Span::secs(60) && recording.events > 20_000);
    assert!(taken <= recording.events, "{taken} steps for {} events", recording.events);
}
