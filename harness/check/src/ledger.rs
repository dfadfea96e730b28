//! One pass over a history: every message gets its account.
//!
//! A verdict is computed after every one of thousands of runs, so accounts are found by index (producer, sequence)
//! and never by a search or a hash.

use std::collections::BTreeMap;

use ackproof_core::app::{Delivery, MsgId, Outcome, Reason};
use ackproof_core::history::{Entry, History};
use ackproof_core::node::NodeId;
use ackproof_core::op::{DEAD_LETTERED, Op, Phase};
use ackproof_core::time::{Span, Time};

use crate::account::{Account, Life};
use crate::order::Order;
use crate::run::Run;
use crate::survey::Survey;
use crate::wait::Wait;

/// What one producer's messages and answers came to.
#[derive(Clone, Debug, Default)]
struct Producer {
    accounts: Vec<Account>,
    node: Option<NodeId>,
    order: Order,
    /// The order of the results of its messages.
    results: Order,
    wait: Wait,
    /// Its application wanted the last transaction that it ended to be taken back.
    takes_back: bool,
}

/// Everything a verdict rests on.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    producers: Vec<Producer>,
    /// Processes of each node that have ended so far.
    deaths: Vec<u32>,
    /// What the late consumer found.
    found: Vec<Delivery>,
    ended_at: Option<Time>,
    /// How often applications were told which failure.
    failures: BTreeMap<Reason, u64>,
    /// Whether any send ended in a success that promises nothing, or in a result that nobody looked at.
    was_untold: bool,
    pub survey: Survey,
    pub run: Run,
    /// In milliseconds, ascending.
    pub ack_ms: Vec<u32>,
}

impl Ledger {
    pub fn read(history: &History) -> Ledger {
        let mut ledger = Ledger { deaths: vec![0; history.nodes.len()], ..Ledger::default() };
        for entry in &history.entries {
            ledger.enter(entry);
        }
        ledger.close(history.entries.last().map_or(Time::ZERO, |entry| entry.at));
        ledger
    }

    fn enter(&mut self, entry: &Entry) {
        let (at, node) = (entry.at, entry.node);
        match &entry.op {
            Op::Phase(phase) => self.phase(*phase, at),
            Op::PhaseLimit(phase) => self.limit(*phase),
            Op::AtWork { what } => self.run.at_work(what),
            Op::FaultBegan { fault, .. } => self.run.fault_began(*fault),
            Op::FaultEnded { .. } | Op::Started | Op::Fingerprint { .. } => {}
            Op::FaultMissed { fault, why } => self.run.fault_missed(*fault, why),
            Op::Died(_) => self.died(node, at),
            Op::Send { msg, .. } => self.sent(*msg, node, at),
            Op::EndTransaction { commit } => self.ended(*commit, node),
            Op::Told { msg, outcome } => self.told(*msg, outcome, at),
            Op::Delivered(delivery) => self.delivered(delivery, node),
            Op::Processed { delivery, success } => self.processed(delivery, *success, node, at),
            Op::Audited(delivery) => self.audited(delivery),
            Op::Effect(result) => self.result(result, node, at),
            Op::Stranded(result) if result.origin.is_output() => self.account_mut(result.msg).result_stranded = true,
            Op::Stranded(delivery) => {
                self.survey.saw(delivery.origin);
                let account = self.account_mut(delivery.msg);
                account.stranded = true;
                account.origin.get_or_insert(delivery.origin);
            }
            Op::Disposed { msg, rule } => {
                let account = self.account_mut(*msg);
                account.disposed = true;
                account.dead_lettered |= rule.starts_with(DEAD_LETTERED);
            }
            Op::Progress { origin, upto } => self.survey.progressed(*origin, *upto),
            Op::AuditEnd { origin, complete } => self.survey.audited(*origin, *complete),
        }
    }

    fn phase(&mut self, phase: Phase, at: Time) {
        match phase {
            Phase::WarmUp | Phase::Chaos | Phase::Settle => {}
            Phase::Drain => self.ended_at = Some(at),
            Phase::Verdict => self.run.finished = true,
        }
    }

    fn limit(&mut self, phase: Phase) {
        self.run.limit(phase);
        self.survey.drain_was_cut |= phase == Phase::Drain;
    }

    fn died(&mut self, node: Option<NodeId>, at: Time) {
        let Some(node) = node else { return };
        if let Some(deaths) = self.deaths.get_mut(node.index()) {
            *deaths += 1;
        }
        for producer in self.producers.iter_mut().filter(|producer| producer.node == Some(node)) {
            producer.wait.died(at);
        }
    }

    fn sent(&mut self, msg: MsgId, node: Option<NodeId>, at: Time) {
        let sender = self.life(node);
        let account = self.account_mut(msg);
        if account.attempts == 0 {
            account.sent_at = at;
        }
        if account.sender != sender && account.open > 0 {
            account.orphaned = true;
            account.open = 0;
        }
        account.attempts = account.attempts.saturating_add(1);
        account.open = account.open.saturating_add(1);
        account.sender = sender;
        let producer = &mut self.producers[usize::from(msg.producer())];
        producer.node = node;
        producer.takes_back = false;
        producer.wait.sent(at);
    }

    fn ended(&mut self, commit: bool, node: Option<NodeId>) {
        for producer in self.producers.iter_mut().filter(|producer| producer.node == node) {
            producer.takes_back = !commit;
        }
    }

    fn told(&mut self, msg: MsgId, outcome: &Outcome, at: Time) {
        let account = self.account_mut(msg);
        account.open = account.open.saturating_sub(1);
        let first_ack = *outcome == Outcome::Acked && !account.acked;
        let latency = at.since(account.sent_at);
        match outcome {
            Outcome::Acked => account.acked = true,
            Outcome::Untold => {
                account.untold = true;
                self.was_untold = true;
            }
            Outcome::Rejected(_) => account.rejected = true,
            Outcome::Unknown(_) => account.unknown = true,
            Outcome::Aborted => account.aborted = true,
        }
        let Producer { wait, takes_back, .. } = &mut self.producers[usize::from(msg.producer())];
        match outcome {
            Outcome::Acked | Outcome::Untold => wait.succeeded(at),
            // Who took back what it sent got what it wanted; whose commit failed did not.
            Outcome::Aborted if *takes_back => wait.succeeded(at),
            Outcome::Aborted => wait.failed(at),
            Outcome::Rejected(reason) | Outcome::Unknown(reason) => {
                wait.failed(at);
                *self.failures.entry(reason.clone()).or_default() += 1;
            }
        }
        if first_ack {
            self.ack_ms.push(u32::try_from(latency.0).unwrap_or(u32::MAX));
        }
    }

    fn delivered(&mut self, delivery: &Delivery, node: Option<NodeId>) {
        let holder = self.life(node);
        self.survey.saw(delivery.origin);
        let account = self.account_mut(delivery.msg);
        account.holder = holder;
        account.origin = Some(delivery.origin);
    }

    fn processed(&mut self, delivery: &Delivery, success: bool, node: Option<NodeId>, at: Time) {
        // An application whose processing failed may be about to try again: the message stays in its hands.
        if !success {
            return;
        }
        let account = self.account_mut(delivery.msg);
        account.holder = None;
        account.consumed = account.consumed.saturating_add(1);
        account.origin = Some(delivery.origin);
        if account.consumed == 1 && !delivery.origin.is_internal() {
            let producer = &mut self.producers[usize::from(delivery.msg.producer())];
            let late = producer.order.consumed(delivery.origin, delivery.msg.sequence(), at, node);
            self.account_mut(delivery.msg).reordered = late;
        }
    }

    fn audited(&mut self, delivery: &Delivery) {
        self.survey.saw(delivery.origin);
        let account = self.account_mut(delivery.msg);
        account.audited = true;
        account.origin.get_or_insert(delivery.origin);
        self.found.push(*delivery);
    }

    fn result(&mut self, result: &Delivery, node: Option<NodeId>, at: Time) {
        let account = self.account_mut(result.msg);
        account.effects = account.effects.saturating_add(1);
        if account.effects == 1 {
            let producer = &mut self.producers[usize::from(result.msg.producer())];
            let late = producer.results.consumed(result.origin, result.msg.sequence(), at, node);
            self.account_mut(result.msg).result_reordered = late;
        }
    }

    fn close(&mut self, last: Time) {
        let end = self.ended_at.unwrap_or(last);
        for producer in &mut self.producers {
            producer.wait.ended(end);
        }
        self.ack_ms.sort_unstable();
        if self.survey.lists_results() {
            for account in self.producers.iter_mut().flat_map(|producer| &mut producer.accounts) {
                account.count_results();
            }
        }
        for delivery in std::mem::take(&mut self.found) {
            if !self.survey.is_passed(delivery.origin, delivery.offset) {
                self.account_mut(delivery.msg).ahead = true;
            }
        }
        self.run.strangers = self.strangers();
    }

    /// Messages that something was said about although nobody sent them.
    fn strangers(&self) -> u64 {
        let said = |account: &&Account| {
            account.attempts == 0
                && (account.acked || account.rejected || account.unknown || account.untold || account.aborted)
                    | (account.origin.is_some() || account.consumed > 0 || account.effects > 0 || account.disposed)
        };
        self.producers.iter().flat_map(|producer| producer.accounts.iter().filter(said)).count() as u64
    }

    fn life(&self, node: Option<NodeId>) -> Option<Life> {
        let node = node?;
        Some(Life { node, deaths: self.deaths.get(node.index()).copied().unwrap_or(0) })
    }

    /// Whether that process still ran when the history ended.
    pub fn is_alive(&self, life: Life) -> bool {
        self.life(Some(life.node)) == Some(life)
    }

    fn account_mut(&mut self, msg: MsgId) -> &mut Account {
        let (producer, sequence) = (usize::from(msg.producer()), msg.sequence() as usize);
        if producer >= self.producers.len() {
            self.producers.resize(producer + 1, Producer::default());
        }
        let accounts = &mut self.producers[producer].accounts;
        if sequence >= accounts.len() {
            accounts.resize(sequence + 1, Account::default());
        }
        &mut accounts[sequence]
    }

    /// The account of a message that was sent.
    pub fn account(&self, msg: MsgId) -> Option<&Account> {
        let producer = self.producers.get(usize::from(msg.producer()))?;
        producer.accounts.get(msg.sequence() as usize).filter(|account| account.attempts > 0)
    }

    /// Every message that was sent, by producer and sequence.
    pub fn messages(&self) -> impl Iterator<Item = (MsgId, &Account)> {
        self.producers.iter().enumerate().flat_map(|(producer, of)| {
            let accounts = of.accounts.iter().enumerate().filter(|(_, account)| account.attempts > 0);
            accounts.map(move |(sequence, account)| (MsgId::new(producer as u8, sequence as u32), account))
        })
    }

    /// Whether consumers went past the place of a message.
    pub fn is_past(&self, msg: MsgId, account: &Account) -> bool {
        let producer = &self.producers[usize::from(msg.producer())];
        match self.survey.lists_results() {
            // Where its result would have been nobody knows.
            true => producer.results.is_past(None, msg.sequence()),
            false => producer.order.is_past(account.origin, msg.sequence()),
        }
    }

    /// Where no send succeeded in any way: the failures that applications were told most often, in the order of the
    /// alphabet, so that runs that failed alike say the same.
    pub fn why_all_failed(&self) -> Vec<Reason> {
        const NAMED: usize = 3;
        if self.was_untold || !self.ack_ms.is_empty() {
            return Vec::new();
        }
        let mut commonest: Vec<(&Reason, u64)> = self.failures.iter().map(|(reason, count)| (reason, *count)).collect();
        commonest.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut named: Vec<Reason> = commonest.into_iter().take(NAMED).map(|(reason, _)| reason.clone()).collect();
        named.sort();
        named
    }

    /// The longest wait of any producer.
    pub fn longest_wait(&self) -> Span {
        self.producers.iter().map(|producer| producer.wait.longest).max().unwrap_or_default()
    }
}
