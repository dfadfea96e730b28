//! How a command ends.

use ackproof_report::store::StoreError;

/// What a command came to. The number never depends on the output format.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
#[repr(u8)]
pub enum Exit {
    AsExpected = 0,
    /// An expectation is violated.
    Violated = 1,
    /// Bad usage or input; nothing was run.
    BadInput = 2,
    /// Too little is known to say.
    Inconclusive = 3,
    /// Nothing matched a filter.
    NothingMatched = 4,
    /// Two engines, or two runs that should be the same, differ.
    Differs = 5,
    /// A bug of ours.
    OurBug = 70,
    /// Ended by the user; results are kept.
    Interrupted = 130,
}

impl Exit {
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The more important of two: what makes every other answer worthless comes first.
    pub fn worse(self, other: Exit) -> Exit {
        const ORDER: [Exit; 8] = [
            Exit::Interrupted,
            Exit::OurBug,
            Exit::Differs,
            Exit::BadInput,
            Exit::Violated,
            Exit::Inconclusive,
            Exit::NothingMatched,
            Exit::AsExpected,
        ];
        let rank = |exit: Exit| ORDER.iter().position(|known| *known == exit).expect("every exit has a rank");
        if rank(self) <= rank(other) { self } else { other }
    }
}

impl From<&StoreError> for Exit {
    fn from(error: &StoreError) -> Exit {
        match error {
            StoreError::Conflict { .. } => Exit::Differs,
            StoreError::NoSummary { .. } => Exit::Inconclusive,
            StoreError::Io { .. } | StoreError::BadLine { .. } | StoreError::OtherVersion { .. } => Exit::BadInput,
            StoreError::OtherPlan { .. } | StoreError::InUse { .. } | StoreError::NoResults { .. } => Exit::BadInput,
            StoreError::TooLarge { .. } => Exit::BadInput,
        }
    }
}

/// An error that a user can repair, with the exit code it leads to.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Rendered for a person, without a trailing newline.
    pub text: String,
}

impl Failure {
    pub fn input(text: impl Into<String>) -> Failure {
        Failure { exit: Exit::BadInput, text: text.into() }
    }
}

/// Results that cannot be read or written.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure { exit: Exit::from(&error), text: format!("error: {error}") }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
impl std::error::Error for Failure {}
