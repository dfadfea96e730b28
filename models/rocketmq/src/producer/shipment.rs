//! One send from its application's call to its answer, over all tries.

use ackproof_core::app::Reason;
use ackproof_core::node::NodeId;
use ackproof_core::time::{Span, Time};

use crate::message::Status;
use crate::plan::Plan;
use crate::record::Letter;
use crate::topic::Group;

/// How the application sends.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Way {
    Sync,
    Async,
    Unanswered,
}

#[derive(Clone, Debug)]
pub struct Shipment {
    pub letter: Letter,
    pub way: Way,
    pub began: Time,
    /// Of the try that is under way, or was last.
    pub try_began: Time,
    /// Tries that are left, and that were made.
    pub tries: u32,
    pub tried: u32,
    pub last: Option<Group>,
    pub to: NodeId,
    /// The nameserver was asked because there was no queue to send to.
    pub looked_up: bool,
    /// Some try may have been stored.
    pub may_be_stored: bool,
    /// What the last try that was answered came to.
    pub status: Option<Status>,
    /// Where its queue has it, as the last answer said.
    pub half: Option<u64>,
    /// Why the last try failed.
    pub failure: Reason,
}

impl Shipment {
    pub fn new(letter: Letter, way: Way, began: Time, tries: u32) -> Shipment {
        Shipment {
            letter,
            way,
            began,
            try_began: began,
            tries,
            tried: 0,
            last: None,
            to: NodeId(0),
            looked_up: false,
            may_be_stored: false,
            status: None,
            half: None,
            failure: Reason::new("No route info of this topic"),
        }
    }

    /// Time that is left for another try: all tries share one budget, except those of asynchronous sends in 4.9.
    ///
    /// Source: `MQClientAPIImpl.onExceptionImpl`, client, 4.9 and 5.3.
    pub fn left(&self, now: Time, plan: &Plan) -> Span {
        let budget = plan.config.producer.timeout;
        match self.way {
            Way::Async if plan.config.rules.fresh_timeout_per_async_try => budget,
            Way::Sync | Way::Async | Way::Unanswered => Span(budget.0.saturating_sub(now.since(self.began).0)),
        }
    }
}
