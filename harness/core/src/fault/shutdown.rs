//! `shutdown`: a clean stop, as the broker's own stop command does it; restart_after counts from the end of the process.

on_nodes!(
    Shutdown,
    "shutdown",
    ends_with_start: true,
    "a clean stop, as the broker's own stop command does it; restart_after counts from the end of the process",
    "{ shutdown: leader, restart_after: 10s }",
    |facts| facts.stopped = true
);
