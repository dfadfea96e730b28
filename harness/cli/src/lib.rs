//! Which broker settings lose acknowledged messages, under which faults: simulated, replayable, compared.
