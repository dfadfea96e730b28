//! What brokers with a replicated log share: epochs, offsets, truncation.
