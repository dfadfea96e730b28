//! What a member must remember of elections: the newest term it knows, and whom it voted for in it. Kept in a small file
//! that is replaced as a whole.

use ackproof_core::node::NodeId;
use ackproof_log::Epoch;

/// The content of the file. A member that has none is in term 0 and has voted for nobody.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub struct Ballot {
    pub epoch: Epoch,
    pub voted_for: Option<NodeId>,
}

/// A protocol's small state file that can hold a ballot.
pub trait BallotCell: Clone {
    fn of_ballot(ballot: Ballot) -> Self;
    /// `None` when it holds something else.
    fn ballot(&self) -> Option<Ballot>;
}
