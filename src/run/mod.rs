//! The runner of epics.

pub mod attempt;
pub mod inbox;
pub mod key;
pub mod money;
pub mod process;
pub mod prompt;
pub mod shim;
pub mod tail;
mod watch;
