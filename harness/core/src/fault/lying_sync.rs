//! `lying_sync`: syncs report success and keep nothing.

on_nodes!(
    LyingSync,
    "lying_sync",
    ends_with_start: false,
    "syncs report success and keep nothing",
    "{ lying_sync: all-brokers, for: 20s }",
    |facts| facts.disk.lying_sync = true
);
