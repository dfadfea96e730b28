//! Transactions that fail one after the other: an application that makes each of them again may do so for ever, and whoever
//! waits for it to come to rest is told why it does not.

use ackproof_core::time::{Span, Time};

use crate::error_code::ErrorCode;

/// So many in a row are no accident.
const LASTING: u32 = 3;

/// Why a transaction was not committed.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Failing {
    /// It was open for longer than `transaction.timeout.ms`, and its coordinator has aborted it.
    Outlived,
    /// Its end took longer than `max.block.ms`.
    EndTookTooLong,
    /// What the client was told last.
    Refused(ErrorCode),
    /// Something failed that an abort repairs.
    Aborted,
}

impl Failing {
    pub fn words(self) -> String {
        match self {
            Failing::Outlived => {
                "what goes into one takes longer than transaction.timeout.ms, and its coordinator aborts it".to_owned()
            }
            Failing::EndTookTooLong => "its end takes longer than max.block.ms".to_owned(),
            Failing::Refused(error) => format!("the producer is shut out with {error}"),
            Failing::Aborted => "something in it fails, or its application gives a message back".to_owned(),
        }
    }
}

/// Of one producer, over all that its application makes one after the other.
#[derive(Debug)]
pub(super) struct Failures {
    in_a_row: u32,
    last: Failing,
    /// When the open one began.
    began: Time,
}

impl Default for Failures {
    fn default() -> Failures {
        Failures { in_a_row: 0, last: Failing::Aborted, began: Time::NEVER }
    }
}

impl Failures {
    pub(super) fn begin(&mut self, now: Time) {
        self.began = now;
    }
    pub(super) fn committed(&mut self) {
        *self = Failures::default();
    }
    /// The open one, if there is one, was not committed; `timeout` is `transaction.timeout.ms`.
    pub(super) fn failed(&mut self, why: Failing, timeout: Span, now: Time) {
        if self.began == Time::NEVER {
            return;
        }
        let is_old = now.since(self.began) > timeout;
        self.last = if is_old { Failing::Outlived } else { why };
        self.in_a_row += 1;
        self.began = Time::NEVER;
    }
    pub(super) fn lasting(&self) -> Option<Failing> {
        (self.in_a_row >= LASTING).then_some(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_that_fail_in_a_row_say_why_and_one_that_is_committed_ends_the_row() {
        let timeout = Span::secs(1);
        let mut failures = Failures::default();
        let mut fail = |after: u64, committed: bool| {
            failures.begin(Time(100));
            failures.failed(Failing::EndTookTooLong, timeout, Time(100 + after));
            // An epoch that is asked for afterwards is no other transaction.
            failures.failed(Failing::Refused(ErrorCode::ProducerFenced), timeout, Time(5_000));
            if committed {
                failures.committed();
            }
            failures.lasting()
        };
        assert_eq!((fail(10, false), fail(10, false)), (None, None));
        assert_eq!(fail(1000, false), Some(Failing::EndTookTooLong));
        assert_eq!(fail(10, true), None);
        assert_eq!((fail(10, false), fail(10, false)), (None, None));
    }

    #[test]
    fn one_that_was_open_for_longer_than_its_timeout_was_outlived() {
        let mut failures = Failures::default();
        for _ in 0..LASTING {
            failures.begin(Time(0));
            failures.failed(Failing::Refused(ErrorCode::ProducerFenced), Span::secs(1), Time(1001));
        }
        assert_eq!(failures.lasting(), Some(Failing::Outlived));
    }
}
