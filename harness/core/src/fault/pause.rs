//! `pause`: the process is not scheduled (SIGSTOP); its timers age and its connections stay.

on_nodes!(
    Pause,
    "pause",
    ends_with_start: false,
    "the process is not scheduled (SIGSTOP); its timers age and its connections stay",
    "{ pause: leader, for: 20s }",
    |facts| facts.paused = true
);
