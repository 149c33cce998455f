//! `tk demo`: a sample repository and its epic, run end to end by a scripted worker.

mod repository;
pub mod sample;
mod worker;

pub use repository::{DemoRepository, expected, folder, make, worker_argv};
pub use worker::work;

/// The hidden command that is the scripted worker.
pub const WORKER_COMMAND: &str = "demo-worker";
