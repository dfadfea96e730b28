//! `kill`: the process dies at once (SIGKILL); the page cache survives; peers see closed connections.

on_nodes!(
    Kill,
    "kill",
    ends_with_start: true,
    "the process dies at once (SIGKILL); the page cache survives; peers see closed connections",
    "{ kill: leader, restart_after: 10s }",
    |facts| facts.killed = true
);
