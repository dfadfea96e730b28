//! `fail_sync`: syncs report an error.

on_nodes!(
    FailSync,
    "fail_sync",
    ends_with_start: false,
    "syncs report an error",
    "{ fail_sync: leader, for: 20s }",
    |facts| facts.disk.failing_sync = true
);
