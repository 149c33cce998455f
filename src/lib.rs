//! `tk`: a git-native issue tracker whose tickets run themselves.
//!
//! # Layers
//! A module uses only what stands below it; `tests/architecture.rs` enforces it.
//!
//! ```text
//! cli        parses arguments, calls ops or run, chooses a printer, maps to exit codes
//! ui         views: text, tables, progress
//! run        the runner of epics; the only async code
//! ops        use cases: a request in, an outcome out; no clap, no printing
//! store git embeddings   the only code that touches the disk / git / the network; independent
//!            of each other
//! port       other trackers' files and ours for others: texts in, records out
//! format graph query search config merge compare tally   pure functions
//! model wire plain data; wire is the public JSON, converted from model
//! context    time, randomness, environment
//! cores      work spread over the machine's cores
//! ```
//!
//! # The way of one ticket
//! `tk new` is [`ops::new`]: it makes a [`model::Ticket`] of what was asked for, lets [`graph`]
//! refuse a cycle, and has [`store`] create a file under the lock, with the text that
//! [`mod@format`] prints and an id that nobody has. From then on every command reads that
//! file, and changes it through [`format::edit()`], which leaves alone what it need not touch.
//!
//! `tk run` is [`run::run`]. It surveys the open work, with [`graph`]'s plan for the order,
//! and commits the tickets' files to a branch of its own. One loop, the dispatcher, owns all
//! state: it gives a place, and money out of the budget, to the first ticket whose blockers
//! have landed, and starts an executor for it, which
//!
//! 1. claims the ticket, and makes a worktree and a branch for it ([`git`]);
//! 2. starts the worker under a shim ([`run::shim`]), with the prompt ([`run::prompt`]), in an
//!    attempt folder ([`run::attempt`]) through which both are followed, and turns what the
//!    worker does into events;
//! 3. gathers evidence: commits with a difference, a clean tree, nothing under `.ticks/`;
//! 4. merges the branch into the run's, where [`mod@merge`] settles ticket files key by key,
//!    and runs the checks on the merged tree; red goes back to the worker;
//! 5. commits the merge with the ticket's file in it, closed, its cost and run recorded.
//!
//! The dispatcher records every event in the journal before anybody else sees it, and every
//! dollar in the ledger ([`run::ledger`]). When nothing more can start, the run's branch lands
//! on the user's, by a fast-forward or a merge that is checked like any other.
//!
//! `git revert -m1` of step 5 takes the file back to what it was: the ticket is open again.

pub mod cli;
pub mod compare;
pub mod config;
pub mod context;
mod cores;
pub mod embeddings;
pub mod format;
pub mod git;
pub mod graph;
pub mod merge;
pub mod model;
pub mod ops;
pub mod port;
pub mod query;
pub mod run;
pub mod search;
pub mod store;
pub mod tally;
pub mod ui;
pub mod wire;
