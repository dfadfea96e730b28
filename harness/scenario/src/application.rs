//! What an application can ask of its client: transactions as a scenario writes them, and what does not go together or
//! is more than the broker has.

use ackproof_core::model::Broker;
use ackproof_core::setting::{Problem, SettingName};
use ackproof_core::setup::{AckMode, App, CheckBack, CommitCall, Feature, SendMode, Setup, Transaction};
use serde_json::{Value as Json, json};

use crate::deployment;
use crate::diagnostics::Diagnostics;
use crate::node::{Fields, Node};
use crate::typed;

/// The word for an application that sends each message by itself.
const NONE: &str = "none";

const SENDS_MAX: u64 = 1_000_000;

/// `none`, or `{messages: 10, abort_rate: 0.1, unknown_rate: 0.2, check: answer}`.
pub(crate) fn read_transaction(node: &Node, out: &mut Diagnostics) -> Option<Option<Transaction>> {
    if let Some(word) = node.scalar() {
        if word != NONE {
            let message = format!("`app.producer.transaction` is `{NONE}` or a map, not `{word}`");
            out.error(node.place, message).help("write {messages: 10} for ten sends a transaction");
        }
        return (word == NONE).then_some(None);
    }
    let errors = out.error_count();
    let mut fields = Fields::of(node, "`app.producer.transaction`", out)?;
    let (messages, abort_rate) = (fields.take("messages"), fields.take("abort_rate"));
    let (unknown_rate, check) = (fields.take("unknown_rate"), fields.take("check"));
    fields.finish(out);
    let messages = match messages {
        Some(node) => node.whole("`messages`, the sends of one transaction,", 1, SENDS_MAX, out),
        None => {
            out.error(node.place, "`messages` is missing").help("write {messages: 10} for ten sends a transaction");
            None
        }
    };
    let abort_rate = abort_rate.map_or(Some(0.0), |node| read_rate("`abort_rate`", node, out));
    let unknown_rate = unknown_rate.map_or(Some(0.0), |node| read_rate("`unknown_rate`", node, out));
    let check = check.map_or(Some(CheckBack::Answer), |node| typed::read(node, out));
    let transaction =
        Transaction { messages: messages? as u32, abort_rate: abort_rate?, unknown_rate: unknown_rate?, check: check? };
    (out.error_count() == errors).then_some(Some(transaction))
}

/// A probability.
pub(crate) fn read_rate(what: &str, node: &Node, out: &mut Diagnostics) -> Option<f64> {
    let rate = typed::read::<f64>(node, out)?;
    let fits = (0.0..=1.0).contains(&rate);
    if !fits {
        out.error(node.place, format!("{what} is a probability, from 0 to 1"));
    }
    fits.then_some(rate)
}

pub(crate) fn show_transaction(transaction: Option<Transaction>) -> Json {
    match transaction {
        None => json!(NONE),
        // What only some brokers can do is left out where nobody asks for it.
        Some(transaction) => json!(transaction),
    }
}

pub(crate) fn transaction_schema() -> Json {
    json!({"anyOf": [{"const": NONE}, {
        "type": "object", "additionalProperties": false, "required": ["messages"],
        "properties": {
            "messages": {"type": "integer", "minimum": 1, "maximum": SENDS_MAX},
            "abort_rate": {"type": "number", "minimum": 0, "maximum": 1},
            "unknown_rate": {"type": "number", "minimum": 0, "maximum": 1},
            "check": {"enum": [CheckBack::Answer, CheckBack::Unknown]},
        },
    }]})
}

/// What no broker could do, and what this one cannot.
pub(crate) fn problems(setup: &Setup, broker: &dyn Broker) -> Vec<Problem> {
    contradictions(&setup.app).into_iter().chain(lacks(&setup.app, broker)).chain(deployment::problems(setup)).collect()
}

fn problem(key: &str, message: String) -> Problem {
    Problem { name: SettingName::new("app", key), message, source: "" }
}

fn contradictions(app: &App) -> Vec<Problem> {
    let mut problems = Vec::new();
    if app.producer.transaction.is_some() && app.producer.send == SendMode::OneWay {
        let message =
            "a one-way send asks for no answer (app.producer.send: one-way), and the end of a transaction is one";
        problems.push(problem("producer.transaction", message.to_owned()));
    }
    let who_commits = match app.consumer.ack {
        Some(AckMode::Auto) => Some("the client commits by itself (app.consumer.ack: auto)"),
        Some(AckMode::InTransaction) => Some("progress is part of a transaction (app.consumer.ack: in-transaction)"),
        None | Some(AckMode::BeforeProcessing | AckMode::AfterProcessing | AckMode::AfterBatch) => None,
    };
    if let (Some(who), CommitCall::Async) = (who_commits, app.consumer.commit) {
        problems
            .push(problem("consumer.commit", format!("{who}: the application makes no commit that could be async")));
    }
    problems
}

fn lacks(app: &App, broker: &dyn Broker) -> Vec<Problem> {
    let name = broker.name();
    let asked = [
        (app.producer.transaction.is_some(), Feature::Transactions, "producer.transaction", "no transactions"),
        (
            app.consumer.ack == Some(AckMode::InTransaction),
            Feature::ResultsInTransaction,
            "consumer.ack",
            "no transactions of results and progress",
        ),
        (app.consumer.commit == CommitCall::Async, Feature::AsyncCommits, "consumer.commit", "no async commits"),
        (
            app.producer.transaction.is_some_and(Transaction::needs_check_back),
            Feature::CheckBacks,
            "producer.transaction",
            "no check-back, which `unknown_rate` and `check` are about",
        ),
    ];
    let lacking = asked.into_iter().filter(|(asks, feature, ..)| *asks && !broker.offers(*feature));
    lacking.map(|(_, _, key, what)| problem(key, format!("the model of {name} has {what}"))).collect()
}
