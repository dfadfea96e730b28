//! What to ask of a RocketMQ cluster: which of flush, role and copies decide whether an acknowledged message survives.

use super::inquiry::{Axis, Expectation, Fault, Ground, Inquiry, Line};

/// Kinds of groups that are asked about differently.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Mode {
    /// Masters are who they are: master-slave and acting-master.
    Fixed,
    Controller,
    Dledger,
}

/// What decides, as the user has it.
struct Case<'c> {
    ground: &'c Ground<'c>,
    mode: Mode,
    word: String,
    groups: u8,
    slaves: u8,
    /// Whether masters wait for `inSyncReplicas`, as from 5.0 on.
    counts_replicas: bool,
    /// Whether the newest messages are in the process alone.
    has_pool: bool,
    consumes: bool,
}

pub(super) fn inquire(ground: &Ground<'_>) -> Inquiry {
    let case = Case::of(ground);
    let mut inquiry = Inquiry { title: case.title(), runs: 40, cluster: Some(case.cluster()), ..Inquiry::default() };
    case.say_topic(&mut inquiry);
    case.say_replicas(&mut inquiry);
    case.say_consumer(&mut inquiry);
    inquiry.app = case.app();
    inquiry.workload = match case.consumes {
        // It falls behind a little: one that keeps up hides what brokers lose later.
        true => "{ messages: 200, interval: 60ms, processing: 75ms }".to_owned(),
        false => "{ messages: 200, interval: 60ms, consumer_start: heal }".to_owned(),
    };
    inquiry.axes = case.axes();
    inquiry.faults = case.faults();
    inquiry.expectations = case.expectations();
    inquiry
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl<'c> Case<'c> {
    fn of(ground: &'c Ground<'c>) -> Case<'c> {
        let told = |path: &str| ground.told.get(path).map(String::as_str);
        let count = |path: &str, default: u8| told(path).and_then(|text| text.parse().ok()).unwrap_or(default);
        let word = told("cluster.mode").unwrap_or("master-slave").to_owned();
        Case {
            mode: match word.as_str() {
                "controller" => Mode::Controller,
                "dledger" => Mode::Dledger,
                _ => Mode::Fixed,
            },
            groups: count("cluster.groups", 1),
            slaves: count("cluster.slaves", if word == "dledger" { 2 } else { 1 }),
            word,
            counts_replicas: ground.effective.text("broker", "inSyncReplicas").is_some(),
            has_pool: ground.effective.text("broker", "transientStorePoolEnable") == Some("true"),
            consumes: (ground.speaks_of)("consumer"),
            ground,
        }
    }

    fn title(&self) -> String {
        match (self.mode, self.slaves) {
            (Mode::Fixed, 0) => "What does a master without slaves lose, and what does SYNC_FLUSH change?",
            (Mode::Fixed, _) => "Do our flush, role and replicas keep every acknowledged message, whatever fails?",
            (Mode::Controller, _) => "Does our controller mode keep every acknowledged message through a fail-over?",
            (Mode::Dledger, _) => "Does our DLedger group keep every acknowledged message, whatever fails?",
        }
        .to_owned()
    }

    fn cluster(&self) -> Line {
        let Case { word, groups, slaves, .. } = self;
        let count = |path: &str| self.ground.told.get(path).cloned();
        let mut text = format!("cluster: {{ mode: {word}, groups: {groups}, slaves: {slaves}");
        for (path, default) in [("nameservers", "2"), ("controllers", "3")] {
            let told = count(&format!("cluster.{path}"));
            let is_needed = path == "nameservers" || self.mode == Mode::Controller;
            if let Some(number) = told.or_else(|| Some(default.to_owned())).filter(|_| is_needed) {
                text.push_str(&format!(", {path}: {number}"));
            }
        }
        let comment = match self.ground.told.contains_key("cluster.mode") {
            true => "as your files say; a file of one broker does not tell of others",
            false => "what do you have? mode: master-slave | acting-master | controller | dledger",
        };
        Line { text: text + " }", comment: comment.to_owned() }
    }

    fn is_set(&self, section: &str, key: &str) -> bool {
        self.ground.is_set(section, key)
    }

    fn say_topic(&self, inquiry: &mut Inquiry) {
        let why = "not in your files: what you give mqadmin updateTopic";
        for (key, option) in [("writeQueueNums", "-w"), ("readQueueNums", "-r")] {
            if !self.is_set("topic", key) {
                inquiry.config.push(("topic", key, "4".to_owned(), format!("{why} {option}")));
            }
        }
    }

    /// In acting-master mode a master counts its slaves only with it.
    fn say_replicas(&self, inquiry: &mut Inquiry) {
        let counts = self.mode == Mode::Fixed && self.slaves > 0 && self.counts_replicas;
        if counts && !self.is_set("broker", "totalReplicas") {
            let why = "how many brokers a group has: inSyncReplicas above it would make no sense".to_owned();
            inquiry.config.push(("broker", "totalReplicas", (self.slaves + 1).to_string(), why));
        }
        if self.word == "acting-master" && !self.is_set("namesrv", "supportActingMaster") {
            let why = "without it nameservers announce no acting master".to_owned();
            inquiry.config.push(("namesrv", "supportActingMaster", "true".to_owned(), why.clone()));
            inquiry.assumed.push(format!("namesrv.supportActingMaster is true: {why}"));
        }
    }

    fn say_consumer(&self, inquiry: &mut Inquiry) {
        if !self.is_set("consumer", "consumeFromWhere") {
            let why = "a group without progress reads everything, so that what is missing is missing".to_owned();
            let first = "CONSUME_FROM_FIRST_OFFSET".to_owned();
            inquiry.config.push(("consumer", "consumeFromWhere", first, why));
        }
    }

    fn app(&self) -> Vec<Line> {
        let accept = "accept: [SEND_OK, FLUSH_DISK_TIMEOUT, FLUSH_SLAVE_TIMEOUT, SLAVE_NOT_AVAILABLE]";
        let producer = Line {
            text: format!("producer: {{ send: sync, {accept} }}"),
            comment:
                "what your code does: sync | async | async-unchecked (nobody looks at the result) | one-way; and which \
                      statuses it takes for success (all of them where it looks for exceptions only)"
                    .to_owned(),
        };
        let consumer = Line {
            text: "consumer: { processing: inline, on_error: requeue }".to_owned(),
            comment: "background where your listener hands messages to another thread; requeue is RECONSUME_LATER"
                .to_owned(),
        };
        vec![producer, consumer]
    }

    /// The user's value first, then the others.
    fn axis(&self, key: &'static str, others: &[&str]) -> Axis {
        let yours = self.ground.effective.text("broker", key).unwrap_or_default().to_owned();
        let whose = self.ground.place("broker", key).unwrap_or_else(|| "RocketMQ's default".to_owned());
        let others = words(others).into_iter().filter(|other| *other != yours);
        let values = std::iter::once(yours.clone()).chain(others).collect();
        let open = self.ground.open.iter().any(|open| *open == format!("broker.{key}"));
        let comment = if open { "left open by your files".to_owned() } else { format!("yours first ({whose})") };
        Axis { name: key, values, comment }
    }

    fn axes(&self) -> Vec<Axis> {
        let flush = || self.axis("flushDiskType", &["ASYNC_FLUSH", "SYNC_FLUSH"]);
        match self.mode {
            Mode::Fixed if self.slaves == 0 => vec![flush()],
            Mode::Fixed => {
                let mut axes = vec![flush(), self.axis("brokerRole", &["ASYNC_MASTER", "SYNC_MASTER"])];
                if self.counts_replicas {
                    axes.push(self.axis("inSyncReplicas", &["1", "2"]));
                }
                axes
            }
            Mode::Controller => {
                let mut axes = vec![flush(), self.axis("allAckInSyncStateSet", &["false", "true"])];
                if self.slaves > 0 {
                    axes.push(self.axis("minInSyncReplicas", &["1", "2"]));
                }
                axes
            }
            Mode::Dledger => Vec::new(),
        }
    }

    /// The broker that takes messages.
    fn leader(&self) -> &'static str {
        match self.mode {
            Mode::Fixed | Mode::Controller => "master",
            Mode::Dledger => "leader",
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let fault = |name, comment, steps: &[String]| Fault { name, comment, steps: steps.to_vec() };
        let leader = self.leader();
        let mut faults = vec![fault("none", "", &[])];
        let kill = format!("{{ kill: {leader}, at: 1s..9s, restart_after: 20s }}");
        let comment = match self.has_pool {
            false => "a process dies; the page cache survives",
            true => "a process dies, and its pool with it",
        };
        faults.push(fault("master-killed", comment, &[kill]));
        let power = format!("{{ power_loss: {leader}, at: 1s..9s, restart_after: 20s }}");
        faults.push(fault("master-power", "what it had not synced is gone", &[power]));
        if self.slaves > 0 {
            let disk = format!("{{ lose_disk: {leader}, at: 1s..9s, restart_after: 20s }}");
            faults.push(fault("master-disk-lost", "what it had not sent to anybody is gone", &[disk]));
            let around = match self.mode {
                Mode::Controller => "[brokers, controller]",
                Mode::Fixed | Mode::Dledger => "brokers",
            };
            let cut = format!("{{ partition: {{ isolate: {leader}, from: {around} }}, at: 1s..5s, for: 30s }}");
            faults.push(fault("master-cut-off", "producers still reach it", &[cut]));
        }
        let power = "{ power_loss: all-brokers, at: 1s..9s, restart_after: 20s }".to_owned();
        faults.push(fault("all-power", "what was not synced is gone", std::slice::from_ref(&power)));
        let roll = "{ roll: { nodes: brokers, pause: 15s }, at: 1s..3s }".to_owned();
        faults.push(fault("rolling-restart", "planned maintenance", &[roll]));
        if self.consumes {
            let kill = "{ kill: consumer, at: 1s..9s, restart_after: 3s }".to_owned();
            faults.push(fault("consumer-killed", "", &[kill]));
        }
        if self.mode == Mode::Dledger {
            let lie = "{ lying_sync: all-brokers, at: 0s, for: 60s }".to_owned();
            faults.push(fault("disks-lie", "a check of the check: no setting survives it", &[lie, power]));
        }
        faults
    }

    fn expectations(&self) -> Vec<Expectation> {
        let breaks = if self.consumes { ", breaks: durable" } else { "" };
        let canary = match self.mode {
            Mode::Fixed | Mode::Controller => {
                format!("canary: {{ flushDiskType: ASYNC_FLUSH, fault: all-power{breaks} }}")
            }
            Mode::Dledger => format!("canary: {{ fault: disks-lie{breaks} }}"),
        };
        let canary = Expectation {
            lines: vec![canary],
            reason: "must lose in some run, else nothing here proves that a loss would be seen",
        };
        let (condition, kept): (&str, &[&str]) = match self.mode {
            Mode::Fixed if self.has_pool => ("", &["none"]),
            Mode::Fixed => ("", &["none", "master-killed", "rolling-restart"]),
            Mode::Controller => ("allAckInSyncStateSet: true, ", &["none", "master-killed"]),
            Mode::Dledger => ("", &["none", "master-killed", "master-cut-off"]),
        };
        let reason = match self.mode {
            Mode::Fixed => "a killed process leaves its page cache, and nobody else takes its place",
            Mode::Controller => "whoever is elected has what every member of the SyncStateSet has",
            Mode::Dledger => "a majority has what was acknowledged, and whoever is elected is of a majority",
        };
        let when = format!("when: {{ {condition}fault: [{}] }}", kept.join(", "));
        vec![canary, Expectation { lines: vec![when, "no-acked-loss: always".to_owned()], reason }]
    }
}
