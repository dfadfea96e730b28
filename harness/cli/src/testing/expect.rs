//! What a scenario expects, in words that read like a sentence.

use ackproof_core::guarantee::Guarantee;
use serde_yaml::{Mapping, Value};

/// A promise about cells, or a canary.
#[derive(Clone, Debug)]
pub struct Expect {
    demand: Demand,
    when: Mapping,
    except: Mapping,
    rest: Mapping,
}

#[derive(Clone, Debug)]
enum Demand {
    Canary,
    /// The guarantee's name, and how often it holds, or its limit.
    Promise(String, Value),
}

impl Expect {
    /// No run violates it.
    pub fn always(guarantee: Guarantee) -> Expect {
        Expect::new(Demand::Promise(guarantee.to_string(), "always".into()))
    }

    /// Some run violates it: the neighbour that shows that the check can fail.
    pub fn sometimes_violated(guarantee: Guarantee) -> Expect {
        Expect::new(Demand::Promise(guarantee.to_string(), "sometimes-violated".into()))
    }

    /// These cells must lose an acknowledged message in some run; if they do not, the storms were too mild for a green
    /// cell to mean anything, and the whole result is inconclusive. Say which with [`Expect::when`] and [`Expect::under`].
    pub fn canary() -> Expect {
        Expect::new(Demand::Canary)
    }

    /// Service never fails for longer than this: `30s`.
    pub fn available_within(longest: &str) -> Expect {
        Expect::limit(Guarantee::Available, "longest", longest)
    }

    /// The 99th percentile of acknowledgements stays below this: `25ms`.
    pub fn acknowledged_within(p99: &str) -> Expect {
        Expect::limit(Guarantee::Ack, "p99", p99)
    }

    fn limit(guarantee: Guarantee, key: &str, span: &str) -> Expect {
        let mut limit = Mapping::new();
        limit.insert(key.into(), span.into());
        Expect::new(Demand::Promise(guarantee.to_string(), Value::Mapping(limit)))
    }

    fn new(demand: Demand) -> Expect {
        Expect { demand, when: Mapping::new(), except: Mapping::new(), rest: Mapping::new() }
    }

    /// Only of rows in which this setting has this value.
    #[must_use]
    pub fn when(mut self, key: &str, value: impl Into<Value>) -> Expect {
        self.when.insert(key.into(), value.into());
        self
    }

    /// Only under this fault class.
    #[must_use]
    pub fn under(self, fault: &str) -> Expect {
        self.when("fault", fault)
    }

    /// Not under this fault class.
    #[must_use]
    pub fn except_under(mut self, fault: &str) -> Expect {
        self.except.insert("fault".into(), fault.into());
        self
    }

    /// Why, in a sentence; printed when the expectation fails.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Expect {
        self.rest.insert("reason".into(), reason.into());
        self
    }

    pub(super) fn into_value(self) -> Value {
        let mut expected = Mapping::new();
        match self.demand {
            Demand::Canary => {
                expected.insert("canary".into(), self.when.into());
            }
            Demand::Promise(guarantee, value) => {
                let (when, except) = (Value::Mapping(self.when), Value::Mapping(self.except));
                for (key, cells) in [("when", when), ("except", except)] {
                    if cells.as_mapping().is_some_and(|cells| !cells.is_empty()) {
                        expected.insert(key.into(), cells);
                    }
                }
                expected.insert(guarantee.into(), value);
            }
        }
        expected.extend(self.rest);
        Value::Mapping(expected)
    }
}
