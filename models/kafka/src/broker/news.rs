//! Up to where `__consumer_offsets` says anything new. An automatic commit comes every `auto.commit.interval.ms`, also where
//! nothing was read since: such a record repeats what the log says, and nobody misses it.

use ackproof_log::Offset;

use crate::message::Commit;

/// What the leader of `__consumer_offsets` has appended.
#[derive(Debug)]
pub(super) struct News {
    /// Everything from here on repeats what stands before it.
    upto: Offset,
    /// The last progress in each partition that was appended in this leadership.
    commits: Vec<Commit>,
}

impl News {
    /// Whoever begins to lead takes everything in its log for new.
    pub(super) fn upto(end: Offset) -> News {
        News { upto: end, commits: Vec::new() }
    }

    pub(super) fn end(&self) -> Offset {
        self.upto
    }

    /// Something was appended that is no progress, or progress that depends on a transaction: the log ends at `end` now.
    pub(super) fn appended(&mut self, end: Offset) {
        self.upto = end;
        self.commits.clear();
    }

    /// Progress was appended, and the log ends at `end` now.
    pub(super) fn stored(&mut self, commits: &[Commit], end: Offset) {
        for commit in commits {
            match self.commits.iter_mut().find(|known| known.origin == commit.origin) {
                Some(known) if known == commit => {}
                Some(known) => (*known, self.upto) = (*commit, end),
                None => {
                    self.commits.push(*commit);
                    self.upto = end;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ackproof_core::app::Origin;

    use super::*;

    #[test]
    fn progress_is_new_where_it_differs_from_the_last() {
        let commit = |origin: u16, upto: u64| Commit { origin: Origin(origin), upto: Offset(upto), leader_epoch: None };
        let mut news = News::upto(Offset(3));
        news.stored(&[commit(0, 5), commit(1, 7)], Offset(5));
        assert_eq!(news.end(), Offset(5));
        news.stored(&[commit(1, 7)], Offset(6));
        news.stored(&[commit(0, 5), commit(1, 7)], Offset(8));
        assert_eq!(news.end(), Offset(5), "nothing has changed");
        news.stored(&[commit(0, 4)], Offset(9));
        assert_eq!(news.end(), Offset(9), "going back is a change");
        news.appended(Offset(10));
        news.stored(&[commit(0, 4)], Offset(11));
        assert_eq!(news.end(), Offset(11), "what was appended between may have forgotten it");
    }
}
