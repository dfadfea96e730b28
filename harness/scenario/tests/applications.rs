//! What an application asks of its client: read, shown, and refused where it cannot be.

mod toy;

use ackproof_core::setup::{AckMode, CommitCall, Transaction};
use ackproof_scenario::{Scenario, Severity, parse};
use toy::Toy;

fn read(lines: &str) -> Result<Scenario, Vec<String>> {
    let text = format!("broker: toy\nfaults: {{ none: [] }}\n{lines}\n");
    parse("t.yaml", &text, &[&Toy], &[]).map_err(|found| {
        let errors = found.located().into_iter().filter(|one| one.severity == Severity::Error);
        let at = |line: Option<u32>, column: Option<u32>| format!("{}:{}", line.unwrap_or(0), column.unwrap_or(0));
        errors.map(|one| format!("{} {} | {}", at(one.line, one.column), one.message, one.help.join(" | "))).collect()
    })
}

#[track_caller]
fn refused(lines: &str, wanted: &str) {
    let errors = read(lines).expect_err("it is wrong");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with(wanted), "wanted `{wanted}`, found `{}`", errors[0]);
}

#[test]
fn a_transaction_is_read_with_and_without_a_rate_and_shown_as_it_is_written() {
    let shown = |lines: &str| {
        let row = read(lines).unwrap_or_else(|errors| panic!("{errors:?}")).rows.remove(0);
        let values = row.setup_values();
        let text = values.into_iter().find(|(path, ..)| *path == "app.producer.transaction").map(|(_, text, _)| text);
        (row.setup.app.producer.transaction, text.expect("it is among the keys"))
    };
    assert_eq!(shown(""), (None, "none".to_owned()));
    assert_eq!(shown("app: { producer: { transaction: none } }"), (None, "none".to_owned()));
    let ten = |abort_rate| Some(Transaction::of(10, abort_rate));
    let (read, text) = shown("app: { producer: { transaction: { messages: 10 } } }");
    assert_eq!((read, text.contains("10") && text.contains("abort_rate")), (ten(0.0), true));
    assert_eq!(shown("app: { producer: { transaction: { messages: 10, abort_rate: 0.25 } } }").0, ten(0.25));
}

#[test]
fn whether_transactions_are_used_can_be_an_axis_and_a_condition() {
    let scenario = read(
        "matrix: { app.producer.transaction: [none, { messages: 5 }], app.consumer.commit: [sync, async] }\n\
         expect:\n  - { when: { app.producer.transaction: none }, exactly-once: sometimes-violated }\n  \
         - { when: { app.producer.transaction: { messages: 5 } }, exactly-once: always, no-aborted-reads: always }",
    )
    .unwrap_or_else(|errors| panic!("{errors:?}"));
    let rows: Vec<_> = scenario.rows.iter().map(|row| &row.setup.app).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows.iter().filter(|app| app.producer.transaction.is_some()).count(), 2);
    assert_eq!(rows.iter().filter(|app| app.consumer.commit == CommitCall::Async).count(), 2);
    let covered = |index: usize| {
        let expectation = &scenario.expectations[index];
        scenario.rows.iter().filter(|row| expectation.covers(row, "none")).count()
    };
    assert_eq!((covered(0), covered(1)), (2, 2));
}

#[test]
fn what_is_wrong_with_a_transaction_is_pointed_at() {
    let wrong =
        |value: &str, wanted: &str| refused(&format!("app: {{ producer: {{ transaction: {value} }} }}"), wanted);
    wrong("many", "3:33 `app.producer.transaction` is `none` or a map, not `many` | write {messages: 10}");
    wrong("{ abort_rate: 0.1 }", "3:33 `messages` is missing | write {messages: 10}");
    wrong(
        "{ messages: 0 }",
        "3:45 `messages`, the sends of one transaction, is a whole number, from 1 to 1000000, not `0`",
    );
    wrong("{ messages: 9, abort_rate: 1.5 }", "3:60 `abort_rate` is a probability, from 0 to 1");
    wrong(
        "{ messages: 9, abort_rte: 1 }",
        "3:48 unknown key `abort_rte` in `app.producer.transaction` | did you mean `abort_rate`?",
    );
    wrong("[]", "3:33 `app.producer.transaction` is a map of keys and values, not");
}

#[test]
fn a_one_way_send_in_a_transaction_and_an_async_commit_that_nobody_makes_are_contradictions() {
    refused(
        "app: { producer: { send: one-way, transaction: { messages: 2 } } }",
        "3:48 a one-way send asks for no answer (app.producer.send: one-way), and the end of a transaction is one",
    );
    refused(
        "app: { consumer: { ack: auto, commit: async } }",
        "3:39 the client commits by itself (app.consumer.ack: auto): the application makes no commit",
    );
    refused(
        "matrix: { app.consumer.ack: [auto, after-batch] }\napp: { consumer: { commit: async } }\nconfig: { consumer: { enable.auto.commit: false } }",
        "4:28 the client commits by itself (app.consumer.ack: auto): the application makes no commit",
    );
    let fine =
        read("app: { consumer: { ack: after-batch, commit: async } }").unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(fine.rows[0].setup.app.consumer.ack, Some(AckMode::AfterBatch));
}

#[test]
fn what_the_broker_does_not_have_is_refused_where_it_was_asked_for() {
    refused(
        "app: { consumer: { ack: in-transaction } }",
        "3:25 the model of toy has no transactions of results and progress",
    );
    refused("app: { consumer: { commit: asinc } }", "3:28 `asinc` is not known here | did you mean `async`?");
    refused(
        "app: { consumer: { ack: in-transactions } }",
        "3:25 `in-transactions` is not known here | did you mean `in-transaction`?",
    );
}
