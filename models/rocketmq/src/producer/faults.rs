//! `sendLatencyFaultEnable`: broker groups that were slow or failed are left alone for a while.

use std::collections::BTreeMap;

use ackproof_core::time::{Span, Time};

use crate::plan::Plan;
use crate::release::Release;
use crate::topic::Group;

/// Latencies, ascending, each with how long a group that was as slow is avoided; and as how slow a failure counts.
struct Steps {
    steps: &'static [(u64, u64)],
    failure: u64,
}

/// Source: `MQFaultStrategy`, client, 5.1.4.
const NEW: Steps = Steps {
    steps: &[(550, 2_000), (1_800, 5_000), (3_000, 6_000), (5_000, 10_000), (15_000, 30_000)],
    failure: 10_000,
};
/// Source: `MQFaultStrategy`, client, 4.9 to 5.1.3.
const OLD: Steps = Steps {
    steps: &[(550, 30_000), (1_000, 60_000), (2_000, 120_000), (3_000, 180_000), (15_000, 600_000)],
    failure: 30_000,
};

fn steps(release: Release) -> &'static Steps {
    if release >= Release::new(5, 1, 4) { &NEW } else { &OLD }
}

/// Until when each group is avoided.
#[derive(Debug, Default)]
pub struct Faults {
    until: BTreeMap<Group, Time>,
}

impl Faults {
    pub fn is_available(&self, group: Group, now: Time) -> bool {
        self.until.get(&group).is_none_or(|until| *until <= now)
    }
    pub fn answered(&mut self, group: Group, now: Time, latency: Span, plan: &Plan) {
        self.note(group, now, latency.0, steps(plan.config.release));
    }
    /// Source: `DefaultMQProducerImpl.updateFaultItem`, client, 5.3: `isolation` counts as the failure's latency.
    pub fn failed(&mut self, group: Group, now: Time, latency: Span, plan: &Plan) {
        let steps = steps(plan.config.release);
        self.note(group, now, latency.0.max(steps.failure), steps);
    }
    fn note(&mut self, group: Group, now: Time, latency: u64, steps: &Steps) {
        let avoided = steps.steps.iter().rev().find(|(slow, _)| latency >= *slow).map_or(0, |(_, avoided)| *avoided);
        self.until.insert(group, now + Span(avoided));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_5_1_4_a_failure_is_avoided_for_ten_minutes_and_then_for_ten_seconds() {
        let avoided = |release: &str| {
            let steps = steps(Release::parse(release).expect("a release"));
            let mut faults = Faults::default();
            faults.note(Group(0), Time::ZERO, steps.failure, steps);
            faults.until[&Group(0)].since(Time::ZERO)
        };
        assert_eq!(["4.9", "5.0", "5.1.3"].map(avoided), [Span::secs(600); 3]);
        assert_eq!(["5.1.4", "5.2", "5.3"].map(avoided), [Span::secs(10); 3]);
    }
}
