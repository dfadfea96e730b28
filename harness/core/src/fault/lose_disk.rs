//! `lose_disk`: the process is killed and its disk is blank afterwards.

on_nodes!(
    LoseDisk,
    "lose_disk",
    ends_with_start: true,
    "the process is killed and its disk is blank afterwards",
    "{ lose_disk: leader, restart_after: 10s }",
    |facts| (facts.killed, facts.disk_lost) = (true, true)
);
