//! The runner of epics.
