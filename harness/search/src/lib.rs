//! Which schedules to run, and the smallest one that fails.
