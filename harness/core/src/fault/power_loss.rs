//! `power_loss`: the machine goes dark; of every file a prefix survives, cut between what was synced and what was written; peers see nothing.

on_nodes!(
    PowerLoss,
    "power_loss",
    ends_with_start: true,
    "the machine goes dark; of every file a prefix survives, cut between what was synced and what was written; peers see nothing",
    "{ power_loss: all-brokers, restart_after: 15s }",
    |facts| facts.power_off = true
);
