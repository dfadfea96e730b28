//! Settings of the topic, as mqadmin updateTopic gives them.

use ackproof_core::setting::{Setting, ValueKind};

use super::ACTING;

const TOPIC: Setting = Setting { section: "topic", ..ACTING };

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "writeQueueNums",
        kind: ValueKind::Int { min: 1, max: 1000 },
        defaults: &[("4.9", "8")],
        unit: "queues",
        effect: "Queues that producers write to, in each group; at most 1000 are simulated.",
        source: "UpdateTopicSubCommand.execute -w",
        ..TOPIC
    },
    Setting {
        key: "readQueueNums",
        kind: ValueKind::Int { min: 0, max: 1000 },
        defaults: &[("4.9", "8")],
        unit: "queues",
        effect: "Queues that consumers read, in each group; messages in queues above are not consumed.",
        source: "UpdateTopicSubCommand.execute -r",
        ..TOPIC
    },
];
