//! The runner of epics.

pub mod key;
pub mod money;
pub mod prompt;
