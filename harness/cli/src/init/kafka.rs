//! What to ask of a Kafka cluster: which of acks, copies and commits decide whether an acknowledged message survives.

use super::inquiry::{Axis, Expectation, Fault, Ground, Inquiry, Line};

/// Where syncs come so often that a loss of power takes nothing that was confirmed.
const SYNCED: i64 = 1;
/// Longest wait for a replica to leave the in-sync set that a run is stretched to.
const LAG_MAX_MS: i64 = 60_000;
const MESSAGES: i64 = 200;
/// Kafka's own word for it in `flush.messages`.
const NEVER: &str = "9223372036854775807";

/// What decides, as the user has it.
struct Case<'c> {
    ground: &'c Ground<'c>,
    copies: i64,
    min_isr: i64,
    acks: String,
    /// Acks cannot vary: idempotence that was asked for, and transactions, insist on all.
    acks_are_fixed: bool,
    is_transactional: bool,
    is_synced: bool,
    unclean: bool,
    lag_ms: i64,
    /// Whether the user's consumer runs while things fail, or only counts what is left.
    consumes: bool,
}

pub(super) fn inquire(ground: &Ground<'_>) -> Inquiry {
    let case = Case::of(ground);
    let mut inquiry = Inquiry { title: case.title(), runs: 40, ..Inquiry::default() };
    case.say_copies(&mut inquiry);
    case.say_consumer(&mut inquiry);
    case.say_app(&mut inquiry);
    inquiry.workload = case.workload();
    inquiry.axes = case.axes();
    inquiry.faults = case.faults();
    inquiry.expectations = case.expectations(&inquiry);
    inquiry
}

fn whole(ground: &Ground<'_>, section: &str, key: &str) -> Option<i64> {
    ground.effective.text(section, key).and_then(|text| text.parse().ok())
}

fn text(ground: &Ground<'_>, section: &str, key: &str) -> String {
    ground.effective.text(section, key).unwrap_or_default().to_owned()
}

impl<'c> Case<'c> {
    fn of(ground: &'c Ground<'c>) -> Case<'c> {
        let either =
            |key: &str, of_broker: &str| whole(ground, "topic", key).or_else(|| whole(ground, "broker", of_broker));
        let copies_said =
            ground.is_set("topic", "replication.factor") || ground.is_set("broker", "default.replication.factor");
        let brokers = i64::from(ground.brokers);
        let copies = match either("replication.factor", "default.replication.factor") {
            Some(copies) if copies_said => copies,
            Some(_) | None => brokers.min(3),
        };
        let acks = text(ground, "producer", "acks");
        let acks = if acks == "-1" { "all".to_owned() } else { acks };
        let is_transactional = ground.is_set("producer", "transactional.id");
        let insists =
            ground.is_set("producer", "enable.idempotence") && text(ground, "producer", "enable.idempotence") == "true";
        let unclean = text(ground, "topic", "unclean.leader.election.enable");
        let unclean =
            if unclean.is_empty() { text(ground, "broker", "unclean.leader.election.enable") } else { unclean };
        Case {
            ground,
            copies,
            min_isr: either("min.insync.replicas", "min.insync.replicas").unwrap_or(1),
            acks,
            acks_are_fixed: is_transactional || insists,
            is_transactional,
            is_synced: either("flush.messages", "log.flush.interval.messages").is_some_and(|every| every <= SYNCED),
            unclean: unclean == "true",
            lag_ms: whole(ground, "broker", "replica.lag.time.max.ms").unwrap_or(30_000),
            consumes: (ground.speaks_of)("consumer"),
        }
    }

    fn copies_are_said(&self) -> bool {
        self.ground.is_set("topic", "replication.factor") || self.ground.is_set("broker", "default.replication.factor")
    }

    fn has_followers(&self) -> bool {
        self.copies > 1
    }

    fn title(&self) -> String {
        if self.ground.brokers == 1 {
            "What does our one broker lose, and what does a sync of every batch change?".to_owned()
        } else if self.consumes {
            "Do our settings keep every acknowledged message, and does our consumer get it, whatever fails?".to_owned()
        } else {
            "Do our settings keep every acknowledged message, whatever fails?".to_owned()
        }
    }

    fn say_copies(&self, inquiry: &mut Inquiry) {
        if !self.copies_are_said() && self.ground.brokers > 1 {
            let copies = self.copies.to_string();
            inquiry.assumed.push(format!(
                "your files do not say how many copies topics have (default.replication.factor is 1, which few want): {copies} here"
            ));
            let why = "not in your files: what you give kafka-topics --replication-factor".to_owned();
            inquiry.config.push(("topic", "replication.factor", copies, why));
        }
        if i64::from(self.ground.brokers) < 3 && !self.ground.is_set("broker", "offsets.topic.replication.factor") {
            let copies = self.ground.brokers.to_string();
            let why = "its default of 3 needs three brokers".to_owned();
            inquiry.config.push(("broker", "offsets.topic.replication.factor", copies, why));
        }
    }

    fn say_consumer(&self, inquiry: &mut Inquiry) {
        let reset = text(self.ground, "consumer", "auto.offset.reset");
        if !self.consumes {
            let why = "nothing in your files consumes: this one commits after each batch".to_owned();
            inquiry.config.push(("consumer", "enable.auto.commit", "false".to_owned(), why));
        }
        if reset != "earliest" {
            let mut why =
                "a group without stored progress reads everything, so that what is missing is missing".to_owned();
            if self.consumes {
                let place =
                    self.ground.place("consumer", "auto.offset.reset").unwrap_or_else(|| "Kafka's default".to_owned());
                inquiry.assumed.push(format!(
                    "auto.offset.reset is {reset} ({place}): a new group passes over what was sent before it came. The \
                     scenario asks about faults and says earliest; vary it in `matrix` to see the difference"
                ));
                why = format!("yours is {reset}: {why}");
            }
            inquiry.config.push(("consumer", "auto.offset.reset", "earliest".to_owned(), why));
        }
    }

    fn say_app(&self, inquiry: &mut Inquiry) {
        let comment = "what your code does: sync | async | async-unchecked (nobody looks at the result) | one-way";
        inquiry.app.push(Line { text: "producer: { send: async }".to_owned(), comment: comment.to_owned() });
        if self.is_transactional {
            let comment = "transactional.id is set: how many sends your code commits together".to_owned();
            inquiry.app[0] =
                Line { text: "producer: { send: async, transaction: { messages: 10 } }".to_owned(), comment };
        }
        if !self.consumes {
            let line = Line { text: "consumer: { ack: after-batch }".to_owned(), comment: String::new() };
            inquiry.app.push(line);
        }
    }

    /// As long as the longest column.
    fn chaos_ms(&self) -> i64 {
        if self.has_followers() && self.lag_is_bearable() { self.alone_ms() + 12_000 } else { 15_000 }
    }

    /// When a leader whose followers are away is alone in the in-sync set, for sure.
    fn alone_ms(&self) -> i64 {
        2000 + self.lag_ms + self.lag_ms / 2 + 2000
    }

    fn lag_is_bearable(&self) -> bool {
        self.lag_ms <= LAG_MAX_MS
    }

    fn workload(&self) -> String {
        let interval = self.chaos_ms() / MESSAGES;
        match self.consumes {
            // It falls behind a little: one that keeps up hides what brokers lose later.
            true => format!("{{ messages: {MESSAGES}, interval: {interval}ms, processing: {}ms }}", interval * 5 / 4),
            false => format!("{{ messages: {MESSAGES}, interval: {interval}ms, consumer_start: heal }}"),
        }
    }

    fn axes(&self) -> Vec<Axis> {
        let mut axes = Vec::new();
        if !self.acks_are_fixed {
            let mut values = vec![self.acks.clone()];
            values.extend(["1", "all"].into_iter().filter(|other| *other != self.acks).map(str::to_owned));
            axes.push(self.axis("acks", "producer", "acks", values));
        }
        if self.has_followers() {
            let mut values = vec![self.min_isr];
            values.push(if self.min_isr == 1 { 2 } else { self.min_isr.min(self.copies + 1) - 1 });
            let values = values.into_iter().map(|value| value.to_string()).collect();
            let at = if self.ground.is_set("topic", "min.insync.replicas") { "topic" } else { "broker" };
            axes.push(self.axis("min.insync.replicas", at, "min.insync.replicas", values));
        } else if self.ground.brokers > 1 {
            let values = vec![self.copies.to_string(), self.ground.brokers.min(3).to_string()];
            let at = if self.ground.is_set("topic", "replication.factor") {
                ("topic", "replication.factor")
            } else {
                ("broker", "default.replication.factor")
            };
            axes.push(self.axis("topic.replication.factor", at.0, at.1, values));
        }
        if self.ground.brokers == 1 {
            let [often, never] = self.flush_values();
            let values = if self.is_synced { vec![often, never] } else { vec![never, often] };
            let (section, key) = self.flush_place();
            axes.push(self.axis("flush.messages", section, key, values));
        }
        if self.unclean && self.has_followers() {
            let values = vec!["true".to_owned(), "false".to_owned()];
            let at = if self.ground.is_set("topic", "unclean.leader.election.enable") { "topic" } else { "broker" };
            axes.push(self.axis("unclean.leader.election.enable", at, "unclean.leader.election.enable", values));
        }
        axes.extend(self.consumer_axis());
        axes
    }

    fn flush_place(&self) -> (&'static str, &'static str) {
        match self.ground.is_set("topic", "flush.messages") {
            true => ("topic", "flush.messages"),
            false => ("broker", "log.flush.interval.messages"),
        }
    }

    /// A sync for every batch, and what comes nearest to none: one of the two is the user's.
    fn flush_values(&self) -> [String; 2] {
        let (section, key) = self.flush_place();
        let yours = text(self.ground, section, key);
        if self.is_synced { [yours, NEVER.to_owned()] } else { ["1".to_owned(), yours] }
    }

    fn axis(&self, name: &'static str, section: &str, key: &str, values: Vec<String>) -> Axis {
        let whose = self.ground.place(section, key).unwrap_or_else(|| "Kafka's default".to_owned());
        let open = self.ground.open.iter().any(|open| *open == format!("{section}.{key}"));
        let comment = if open { "left open by your files".to_owned() } else { format!("yours first ({whose})") };
        Axis { name, values, comment }
    }

    /// What the consumer's application does that nobody can read in a file.
    fn consumer_axis(&self) -> Option<Axis> {
        if !self.consumes || self.ground.told.contains_key("app.consumer.ack") {
            return None;
        }
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let commits_itself = text(self.ground, "consumer", "enable.auto.commit") == "true";
        Some(match commits_itself {
            true => Axis {
                name: "app.consumer.processing",
                values: words(&["inline", "background"]),
                comment: "enable.auto.commit is on: does your code hand messages to another thread?".to_owned(),
            },
            false => Axis {
                name: "app.consumer.ack",
                values: words(&["after-batch", "before-processing"]),
                comment: "your code commits: when?".to_owned(),
            },
        })
    }

    fn faults(&self) -> Vec<Fault> {
        let fault = |name, comment, steps: &[String]| Fault { name, comment, steps: steps.to_vec() };
        let chaos = self.chaos_ms() / 1000;
        let within = format!("1s..{}s", (chaos - 5).max(2));
        let mut faults = vec![fault("none", "", &[])];
        let kill = format!("{{ kill: leader, at: {within}, restart_after: 20s }}");
        faults.push(fault("leader-killed", "a process dies; the page cache survives", &[kill]));
        if self.ground.brokers > 1 {
            let cut =
                "{ partition: { isolate: leader, from: [brokers, controller] }, at: 1s..5s, for: 30s }".to_owned();
            faults.push(fault("leader-cut-off", "producers still reach it", &[cut]));
        }
        if self.has_followers() && self.lag_is_bearable() {
            let alone = self.alone_ms() / 1000;
            let cut = format!("{{ partition: {{ isolate: leader, from: brokers }}, at: 1s..2s, for: {}s }}", alone + 8);
            let power = format!("{{ power_loss: leader, at: {}s..{}s, restart_after: 15s }}", alone + 1, alone + 5);
            faults.push(fault(
                "last-replica-loses-power",
                "the followers have left the in-sync set by then",
                &[cut, power],
            ));
        }
        let power = format!("{{ power_loss: all-brokers, at: {within}, restart_after: 15s }}");
        faults.push(fault("all-power", "what was not synced is gone", &[power]));
        if self.has_followers() {
            let roll = "{ roll: { nodes: brokers, pause: 15s }, at: 1s..3s }".to_owned();
            faults.push(fault("rolling-restart", "planned maintenance", &[roll]));
        }
        if self.consumes {
            let kill = format!("{{ kill: consumer, at: {within}, restart_after: 3s }}");
            faults.push(fault("consumer-killed", "", &[kill]));
        }
        if self.canary().is_none() {
            let lie = "{ lying_sync: all-brokers, at: 0s, for: 60s }".to_owned();
            let power = format!("{{ power_loss: all-brokers, at: {within}, restart_after: 15s }}");
            faults.push(fault("disks-lie", "a check of the check: no setting survives it", &[lie, power]));
        }
        faults
    }

    /// The cell that must lose: without one, nothing here proves that a loss would be seen.
    fn canary(&self) -> Option<String> {
        let breaks = if self.consumes { ", breaks: durable" } else { "" };
        if self.has_followers() && !self.acks_are_fixed {
            return Some(format!("{{ acks: 1, fault: leader-cut-off{breaks} }}"));
        }
        if self.ground.brokers == 1 {
            let [_, never] = self.flush_values();
            return Some(format!("{{ flush.messages: {never}, fault: all-power{breaks} }}"));
        }
        (!self.is_synced).then(|| format!("{{ fault: all-power{breaks} }}"))
    }

    fn expectations(&self, inquiry: &Inquiry) -> Vec<Expectation> {
        let expectation = |lines: &[String], reason| Expectation { lines: lines.to_vec(), reason };
        let breaks = if self.consumes { ", breaks: durable" } else { "" };
        let canary = self.canary().unwrap_or_else(|| format!("{{ fault: disks-lie{breaks} }}"));
        let mut all = vec![expectation(
            &[format!("canary: {canary}")],
            "must lose in some run, else nothing here proves that a loss would be seen",
        )];
        let varies = |name: &str| inquiry.axes.iter().any(|axis| axis.name == name);
        let mut when: Vec<String> = Vec::new();
        if varies("acks") {
            when.push("acks: all".to_owned());
        }
        if varies("unclean.leader.election.enable") {
            when.push("unclean.leader.election.enable: false".to_owned());
        }
        if varies("app.consumer.processing") {
            when.push("app.consumer.processing: inline".to_owned());
        }
        if varies("app.consumer.ack") {
            when.push("app.consumer.ack: after-batch".to_owned());
        }
        let mut kept = vec!["none", "leader-killed"];
        if self.has_followers() {
            kept.extend(["leader-cut-off", "rolling-restart"]);
        }
        if self.consumes {
            kept.push("consumer-killed");
        }
        when.push(format!("fault: [{}]", kept.join(", ")));
        all.push(expectation(
            &[format!("when: {{ {} }}", when.join(", ")), "no-acked-loss: always".to_owned()],
            "a killed process leaves its page cache, and a leader that is cut off confirms nothing alone",
        ));
        all
    }
}
