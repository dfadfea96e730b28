//! The storm that a run met, in eight digits.

use serde::{Deserialize, Serialize};

/// Digest of a run's schedule as it was drawn, before roles were resolved: two runs of one seed with the same digest met the
/// same storm, whatever configuration they ran. Eight hexadecimal digits; they are compared between runs of one seed only.
#[derive(Clone, Eq, PartialEq, Ord, PartialOrd, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Storm(pub String);
