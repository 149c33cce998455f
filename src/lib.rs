//! `tk`: a git-native issue tracker whose tickets run themselves.
//!
//! # Layers
//! A module uses only what stands below it; `tests/architecture.rs` enforces it.
//!
//! ```text
//! cli        parses arguments, calls ops or run, chooses a printer, maps to exit codes
//! ui         views: text, tables, progress
//! run        the runner of epics; the only async code
//! ops        use cases: a request in, a serialisable outcome out; no clap, no printing
//! store git  the only code that touches the disk / git; independent of each other
//! format graph config merge   pure functions
//! model wire plain data; wire is the public JSON, converted from model
//! context    time, randomness, environment
//! ```
//!
//! # The way of one ticket
//! `tk new` makes a [`model::Ticket`], [`mod@format`] prints it, [`store`] puts it on the disk
//! under the lock. [`graph`] says when it can start. `tk run` hands it to [`run`]: a worker
//! in a worktree of its own ([`git`]) changes code, the runner gathers evidence, merges,
//! runs the gate, and commits the merge with the ticket's file, closed, in it.

pub mod cli;
pub mod config;
pub mod context;
pub mod format;
pub mod git;
pub mod graph;
pub mod merge;
pub mod model;
pub mod ops;
pub mod run;
pub mod store;
pub mod ui;
pub mod wire;
