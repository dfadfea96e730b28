//! The page: what is on it, that it stands alone, and that what users wrote stays text.

use std::collections::BTreeMap;

use ackproof_core::app::MsgId;
use ackproof_core::seed::Seed;
use ackproof_core::setting::ValueSource;
use ackproof_core::time::Time;
use ackproof_report::exhibit::{Case, Exhibit, FaultSpan, Kind, Sent, Strip};
use ackproof_report::explain::{Deed, Lane, LeftOut, Life, Mark, Moment, Passed, Passing, Place, State, Turn};
use ackproof_report::html::render;
use ackproof_report::result::{Cell, Manifest, ManifestRow, Summary, VERSION, Value};
use ackproof_report::store::Results;

use crate::fixture;

const HOSTILE: &str = "</title></style><script>alert(1)</script><img src=x onerror='alert(2)'> \" ' & {{ 7*7 }}";

fn results(summary: Summary) -> Results {
    let mut rows: Vec<ManifestRow> = Vec::new();
    for cell in &summary.cells {
        if rows.iter().all(|row| row.settings != cell.settings) {
            rows.push(row(cell));
        }
    }
    let manifest = Manifest {
        v: VERSION,
        ackproof: "0.1.0".into(),
        scenario: summary.scenario.clone(),
        file: None,
        set: Vec::new(),
        title: summary.title.clone(),
        broker: summary.broker.clone(),
        engine: summary.engine.clone(),
        plan: summary.plan.clone(),
        shard: None,
        seed: summary.seed,
        runs: fixture::RUNS,
        resolved: None,
        rows,
        cells: Vec::new(),
    };
    let exhibits = summary.cells.iter().map(|cell| (cell.id.clone(), exhibit(cell))).collect();
    Results { manifest, summary, exhibits }
}

fn row(cell: &Cell) -> ManifestRow {
    let value = |value: &str, source| Value { value: value.to_owned(), source };
    let varied = cell.settings.iter().map(|(name, text)| (name.clone(), value(text, ValueSource::Matrix)));
    let from_file = ValueSource::File { file: "server.properties".into(), line: 12 };
    let others = [
        ("broker.num.io.threads".to_owned(), value("8", from_file)),
        ("producer.linger.ms".to_owned(), value("0", ValueSource::Default)),
    ];
    let row = ManifestRow {
        settings: cell.settings.clone(),
        effective: varied.chain(others).collect(),
        setup: [].into_iter().collect(),
    };
    row.with_setup(vec![("app.producer.send", "sync".to_owned(), ValueSource::Scenario { line: 9 })])
}

fn exhibit(cell: &Cell) -> Exhibit {
    let sent = (0..40).map(|sequence| {
        let kind = match sequence {
            20..=24 if cell.witness.is_some() => Kind::Lost,
            30 => Kind::Duplicated,
            31 => Kind::Unknown,
            _ => Kind::Fine,
        };
        Sent { at: Time(1000 + 5 * u64::from(sequence)), msg: MsgId::new(0, sequence), kind }
    });
    let fault =
        FaultSpan { fault: 1, text: "b1 is killed".into(), began: Some(Time(1120)), ended: None, messages: [0, 0] };
    let mut exhibit = Exhibit::new(&cell.id, Seed(17), Strip::of(Time(1000), sent.collect(), vec![fault]));
    exhibit.token = "kfk1-0000-0000".into();
    exhibit.case = cell.witness.as_ref().map(|_| Case {
        shows: "no-acked-loss is violated: 5 messages of 195".into(),
        message: "p1#20".into(),
        autopsy: "p1#20: acknowledged and lost in the broker\nb1 alone justified it.\n\nCopies\n  b1  offset 20\n"
            .into(),
        began: Time(1000),
        life: life(),
    });
    exhibit
}

fn life() -> Life {
    let lane = |state, deeds: &[(Mark, &str)]| Lane {
        state,
        deeds: deeds.iter().map(|&(mark, text)| Deed { mark, text: text.into() }).collect(),
    };
    let moment = |at, lanes| Moment { at: Time(at), faults: Vec::new(), lanes };
    let quiet = || lane(State::Up, &[]);
    let mut moments = vec![
        moment(1100, vec![quiet(), lane(State::Up, &[(Mark::Sent, "sends it")])]),
        moment(1102, vec![lane(State::Holds, &[(Mark::Wrote, "appends it at 20")]), quiet()]),
        moment(1104, vec![lane(State::Holds, &[]), lane(State::Up, &[(Mark::Acked, "told: ACKED")])]),
        moment(1120, vec![lane(State::Down, &[(Mark::Died, "KILLED")]), quiet()]),
        moment(9120, vec![lane(State::Up, &[(Mark::Destroyed, "TRUNCATES 21 to 20")]), quiet()]),
    ];
    moments[3].faults.push(Turn { fault: 1, begins: Some("kill b1".into()) });
    moments[4].faults.push(Turn { fault: 1, begins: None });
    let place = |moment, lane| Place { moment, lane };
    let passings = vec![
        Passing { what: Passed::Message, from: place(0, 1), to: place(1, 0) },
        Passing { what: Passed::Ack, from: place(1, 0), to: place(2, 1) },
    ];
    Life {
        lanes: vec!["b1".into(), "p1".into()],
        moments,
        left_out: Some(LeftOut { behind: 4, moments: 77 }),
        passings,
    }
}

/// The text between two pieces of it.
fn between<'p>(page: &'p str, from: &str, to: &str) -> &'p str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("{from} is not there"));
    rest.split_once(to).unwrap_or_else(|| panic!("{to} is not there")).0
}

#[test]
fn the_answer_comes_first_and_every_cell_has_its_place() {
    let results = results(fixture::summary());
    let page = render(&results);
    let answer = between(&page, "<h1", "</h1>");
    assert!(answer.contains("keeps every acknowledged message under all 3 fault classes"), "{answer}");
    assert!(page.find("<h1").unwrap() < page.find("<table").unwrap());
    for cell in &results.summary.cells {
        assert_eq!(page.matches(&format!("<article class=\"panel\" id=\"{}\"", cell.id)).count(), 1, "{}", cell.id);
        assert_eq!(page.matches(&format!("href=\"#{}\" aria-label=", cell.id)).count(), 1, "{}", cell.id);
    }
    // The more often, the darker; nothing at all and nothing known are other shades.
    let shades =
        [("r4-f2", "s0"), ("r3-f3", "s3"), ("r2-f3", "s4"), ("r2-f4", "s5"), ("r3-f4", "doubt"), ("r1-f2", "doubt")];
    for (cell, shade) in shades {
        assert!(page.contains(&format!("class=\"cell {shade}\" href=\"#{cell}-")), "{cell} is not {shade}");
    }
}

#[test]
fn a_cell_tells_its_share_its_interval_and_its_counts() {
    let page = render(&results(fixture::summary()));
    let cell = between(&page, "href=\"#r3-f3-all-power\"", "</a>");
    assert!(cell.contains("<b>31%</b><i>25–38%</i>"), "{cell}");
    assert!(cell.contains("Loses acknowledged messages in 31% of runs (62 of 200); 95% interval 25–38%."), "{cell}");
    let safe = between(&page, "href=\"#r4-f3-all-power\"", "</a>");
    assert!(safe.contains("<b>holds</b><i>≤1.8%</i>") && safe.contains("at most 1.8% of runs lose one"), "{safe}");
}

#[test]
fn a_losing_cell_shows_strip_diagram_autopsy_settings_and_command() {
    let page = render(&results(fixture::summary()));
    let panel = between(&page, "id=\"r3-f3-all-power\"", "</article>");
    for wanted in [
        "p1#20 to p1#24: 5 lost",
        "1 duplicated: consumed more than once",
        "1 unknown: ",
        "class=\"band\"",
        "TRUNCATES 21",
        "class=\"arrow ack\"",
        "class=\"rail cached\"",
        "class=\"mark died\"",
        "77 more moments are left out here",
        "fault 1 begins: kill b1",
        "<pre tabindex=\"0\">Copies\n  b1  offset 20</pre>",
        "<code class=\"command\">ackproof replay kfk1-9T4M-ZQ2C</code>",
        "--set topic.min.insync.replicas=2",
        "server.properties:12, not modelled",
        "scenario line 9",
        "1 ms after the 50th acknowledgement",
    ] {
        let plain = panel.replace("&#x2f;", "/");
        assert!(plain.contains(wanted), "{wanted} is missing in {plain}");
    }
    let calm = between(&page, "id=\"r4-f1-none\"", "</article>");
    assert!(calm.contains("ackproof replay kfk1-0000-0000") && !calm.contains("The smallest run that fails"), "{calm}");
}

#[test]
fn the_cheapest_of_the_safe_rows_is_named_for_each_cost() {
    let page = render(&results(fixture::summary()));
    let plot = between(&page, "<figure class=\"plot p0-0\">", "</figure>");
    assert!(plot.contains("acks=all, min.insync.replicas=2 (row 4), ack p99 1.1 s"), "{plot}");
    assert!(plot.contains("Row 1 does not acknowledge anything."), "{plot}");
    assert_eq!(plot.matches("class=\"point safe best\"").count(), 1);
    // Under one fault class alone another row is the cheapest.
    let plot = between(&page, "<figure class=\"plot p0-2\">", "</figure>");
    assert!(plot.contains("acks=all, min.insync.replicas=1 (row 3)"), "{plot}");
}

#[test]
fn what_is_left_out_stands_at_the_end() {
    let page = render(&results(fixture::summary()));
    let footer = between(&page, "<footer>", "</footer>");
    for wanted in [
        "broker.num.network.threads",
        "the kernel writes dirty pages back after 30 s",
        "did not fire in",
        "not so",
        "log.flush.interval.ms without",
        "canary: producer.acks=1",
    ] {
        assert!(footer.contains(wanted), "{wanted} is missing in {footer}");
    }
}

#[test]
fn the_page_stands_alone() {
    let page = render(&results(fixture::summary()));
    for outside in ["http:", "https:", "src=", "@import", "<link rel=\"stylesheet\"", "fetch(", "import("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let own = page.matches("url(").count();
    assert_eq!(own, page.matches("url(#").count());
}

#[test]
fn what_users_wrote_stays_text_wherever_it_stands() {
    let mut summary = fixture::summary();
    summary.title = HOSTILE.into();
    summary.scenario = HOSTILE.into();
    summary.faults[2].words = HOSTILE.into();
    summary.expectations[0].text = HOSTILE.into();
    summary.notes[0].text = HOSTILE.into();
    summary.notes[0].source = format!("https://{HOSTILE}");
    summary.not_modelled[0].key = HOSTILE.into();
    for cell in &mut summary.cells {
        cell.settings.insert("producer.client.id".into(), HOSTILE.into());
        if let Some(witness) = &mut cell.witness {
            witness.story = vec![HOSTILE.into()];
            witness.outcome = Some(HOSTILE.into());
            witness.token = HOSTILE.into();
            witness.file = HOSTILE.into();
        }
    }
    let mut results = results(summary);
    for row in &mut results.manifest.rows {
        let source = ValueSource::File { file: HOSTILE.into(), line: 1 };
        row.effective.insert(HOSTILE.into(), Value { value: HOSTILE.into(), source });
    }
    for exhibit in results.exhibits.values_mut() {
        exhibit.strip.faults[0].text = HOSTILE.into();
        if let Some(case) = &mut exhibit.case {
            case.autopsy = format!("{HOSTILE}\n\n{HOSTILE}");
            case.life.lanes[0] = HOSTILE.into();
            case.life.moments[0].lanes[1].deeds[0].text = HOSTILE.into();
            case.life.moments[3].faults[0].begins = Some(HOSTILE.into());
        }
    }
    let page = render(&results);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;"));
    for evil in ["<script>alert", "<img", "onerror='", "onerror=\"", "</title></style>", ">49<"] {
        assert!(!page.contains(evil), "{evil}");
    }
    assert_eq!((page.matches("<script>").count(), page.matches("</style>").count()), (1, 2));
}

#[test]
fn the_same_results_are_the_same_page() {
    let summary = fixture::summary();
    assert_eq!(render(&results(summary.clone())), render(&results(summary)));
}

#[test]
fn results_of_every_kind_have_a_page() {
    let whole = fixture::summary();
    let none = Results { exhibits: BTreeMap::new(), ..results(whole.clone()) };
    assert!(render(&none).contains("The picture of it was not kept with these results"));

    let mut empty = whole.clone();
    empty.cells.clear();
    assert!(render(&results(empty)).contains("Inconclusive: no run ended."));

    let mut interrupted = whole.clone();
    interrupted.complete = false;
    interrupted.cells.truncate(5);
    assert!(render(&results(interrupted)).contains("some runs are missing, and every figure is of the rest"));

    let mut calm = whole.clone();
    calm.cells.retain(|cell| cell.lossy_runs == 0 && cell.inconclusive_runs == 0 && cell.settings[0] == "all");
    assert!(render(&results(calm)).contains("class=\"answer holds\""));

    let mut refused = whole;
    refused.cells = vec![fixture::refused(&[("producer.acks", "all")], "none")];
    let page = render(&results(refused));
    assert!(page.contains("<b>all fail</b><i>86% rejected</i>") && page.contains("class=\"answer doubt\""), "{page}");
}
