//! The sequence check that a consumer can run by itself: how far it has got with each producer in each origin.
//!
//! Only the first successful processing of a message counts. Counterexample to counting each: after a crash a
//! consumer goes back to its stored progress and processes 50, 51, 52 again; that is a repetition (`duplicated`)
//! and not a disorder, since nothing came first that should have come later.

use ackproof_core::app::Origin;
use ackproof_core::node::NodeId;
use ackproof_core::time::Time;

/// The furthest message of one producer that was consumed from one origin.
#[derive(Copy, Clone, Debug)]
struct Furthest {
    sequence: u32,
    at: Time,
    node: Option<NodeId>,
}

/// One producer's messages as consumers met them, by origin; or the results of these messages, by theirs.
#[derive(Clone, Debug, Default)]
pub struct Order {
    furthest: Vec<Option<Furthest>>,
}

impl Order {
    /// Notes that a message was consumed for the first time; says whether a later one had been consumed before.
    /// What two consumers do in the same millisecond has no order.
    pub fn consumed(&mut self, origin: Origin, sequence: u32, at: Time, node: Option<NodeId>) -> bool {
        let index = index(origin);
        if index >= self.furthest.len() {
            self.furthest.resize(index + 1, None);
        }
        match &mut self.furthest[index] {
            Some(furthest) if sequence < furthest.sequence => at > furthest.at || node == furthest.node,
            furthest => {
                *furthest = Some(Furthest { sequence, at, node });
                false
            }
        }
    }

    /// Whether consumers went past the place of a message. `origin` is `None` when nobody ever saw the message: then
    /// they went past it if they did so in every origin where this producer was met at all.
    pub fn is_past(&self, origin: Option<Origin>, sequence: u32) -> bool {
        let past = |furthest: &Furthest| furthest.sequence > sequence;
        match origin {
            Some(origin) => self.furthest.get(index(origin)).and_then(Option::as_ref).is_some_and(past),
            None => {
                let mut met = self.furthest.iter().flatten().peekable();
                met.peek().is_some() && met.all(past)
            }
        }
    }
}

/// Messages and results are never met in one order, so that both can count from 0.
fn index(origin: Origin) -> usize {
    usize::from(origin.0 % Origin::OUTPUT)
}
