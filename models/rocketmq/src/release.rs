//! Releases of RocketMQ, and the rules that differ between them.

/// Versions whose rules are known, oldest first. The last one is what follows 5.3.3, read at develop 8fc57f1 (2025-09).
pub const VERSIONS: &[&str] = &["4.9", "5.0", "5.1", "5.2", "5.3", "5.4"];

/// The newest one that was released.
pub const NEWEST_RELEASED: &str = "5.3";

/// Bug-fix releases of a version, oldest first.
pub fn releases(version: &str) -> &'static [&'static str] {
    match version {
        "4.9" => &["4.9.0", "4.9.1", "4.9.2", "4.9.3", "4.9.4", "4.9.5", "4.9.6", "4.9.7", "4.9.8"],
        "5.0" => &["5.0.0"],
        "5.1" => &["5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.4"],
        "5.2" => &["5.2.0"],
        "5.3" => &["5.3.0", "5.3.1", "5.3.2", "5.3.3"],
        _ => &[],
    }
}

/// One release, `5.1.4`.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Debug)]
pub struct Release {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl Release {
    pub const fn new(major: u16, minor: u16, patch: u16) -> Release {
        Release { major, minor, patch }
    }

    /// Reads `5.1.4`, or `5.1` as its last bug-fix release; `None` for anything else.
    pub fn parse(text: &str) -> Option<Release> {
        let last = releases(text).last().copied().unwrap_or(text);
        let mut parts = last.split('.').map(|part| part.parse::<u16>().ok());
        let (major, minor) = (parts.next()??, parts.next()??);
        let patch = match parts.next() {
            Some(patch) => patch?,
            None => 0,
        };
        parts.next().is_none().then_some(Release { major, minor, patch })
    }
}

/// What differs between releases, as rules: `true` where the newer way holds.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Rules {
    /// A master waits for `inSyncReplicas - 1` slaves; before 5.0 a SYNC_MASTER waits for the fastest one.
    pub counts_replicas: bool,
    /// A sync that failed leaves the flushed position where it was; before 5.4 it counted as done.
    pub failed_sync_counts_for_nothing: bool,
    /// `transientStorePoolEnable` acts with SYNC_FLUSH too; 4.9 leaves it silently off.
    pub pool_with_sync_flush: bool,
    /// A flush that waits for a commit of the pool is tried again for about a second; before 5.2 only twice.
    pub flush_waits_for_commit: bool,
    /// A slave refuses to be read unless `slaveReadEnable` is on.
    pub slaves_refuse_reads: bool,
    /// Under SYNC_FLUSH consumers see only what is flushed (#8240); from 5.3 on.
    pub readers_wait_for_flush: bool,
    /// Consumer progress is synced when it is stored; from 5.4 on.
    pub progress_is_synced: bool,
    /// An offset beyond the end of a queue is moved to the end; before 4.9.4 to the beginning where nothing was deleted.
    pub moves_to_the_end: bool,
    /// What goes to the retry topic as an ordinary message comes as often as `maxReconsumeTimes` says; before 5.0 once less.
    pub sends_again_to_the_last: bool,
    /// Every try of an asynchronous send has the whole timeout; 4.9.
    pub fresh_timeout_per_async_try: bool,
    /// A slave of a plain group copies progress every 60 s; before 5.0 every 10 s.
    pub rare_slave_sync: bool,
    /// The union of the recorded and the proposed set counts while the controller has not answered (#5663); from 5.1.1 on.
    pub pending_set_counts: bool,
    /// What was decided about half messages is written down in batches; from 5.1 on.
    pub batches_ops: bool,
    /// Where not every member has to acknowledge, consumers see what is appended; before 5.2 what every member has.
    pub confirms_alone: bool,
    /// While a member of the set has no link, what is confirmed stays where it was (#6662); from 5.1.1 on.
    pub confirm_minds_links: bool,
    /// A master that begins again counts the offsets behind what was confirmed as given out (#7689); from 5.2 on.
    pub offsets_behind_confirm: bool,
    /// A failed connection is tried again by asynchronous sends (#3555); from 4.9.3 on.
    pub async_retries_connect: bool,
    /// A record of POP whose acknowledgement is missing is lost when it is revived (#7914); before 5.3.
    pub revive_loses: bool,
    /// A slave deletes its topics as it copies them, and cannot take back those with attributes (#9879, #9403); 5.3.2 and 5.3.3.
    pub slave_loses_topics: bool,
    /// A master closes the link of a slave that says twice that it is longer (#3016); 4.9.3 to 4.9.8.
    pub closes_link_of_longer_slave: bool,
}

impl Rules {
    pub fn of(release: Release) -> Rules {
        let since = |major, minor, patch| release >= Release::new(major, minor, patch);
        let is = |major, minor, patch| release == Release::new(major, minor, patch);
        Rules {
            counts_replicas: since(5, 0, 0),
            failed_sync_counts_for_nothing: since(5, 4, 0),
            pool_with_sync_flush: since(5, 0, 0),
            flush_waits_for_commit: since(5, 2, 0),
            slaves_refuse_reads: since(5, 0, 0),
            readers_wait_for_flush: since(5, 3, 0),
            progress_is_synced: since(5, 4, 0),
            moves_to_the_end: since(4, 9, 4),
            sends_again_to_the_last: since(5, 0, 0),
            fresh_timeout_per_async_try: !since(5, 0, 0),
            rare_slave_sync: since(5, 0, 0),
            batches_ops: since(5, 1, 0),
            pending_set_counts: since(5, 1, 1),
            confirms_alone: since(5, 2, 0),
            confirm_minds_links: since(5, 1, 1),
            offsets_behind_confirm: since(5, 2, 0),
            async_retries_connect: since(4, 9, 3),
            revive_loses: !since(5, 3, 0),
            slave_loses_topics: is(5, 3, 2) || is(5, 3, 3),
            closes_link_of_longer_slave: since(4, 9, 3) && !since(5, 0, 0),
        }
    }
}
