//! The runner of epics.

pub mod attempt;
pub mod claude;
pub mod failure;
pub mod inbox;
pub mod key;
pub mod money;
pub mod price;
pub mod process;
pub mod prompt;
pub mod shim;
pub mod tail;
mod watch;
