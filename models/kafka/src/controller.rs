//! What the controller decides.
