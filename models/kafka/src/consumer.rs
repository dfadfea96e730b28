//! Of the client half: see the crate's documentation.
