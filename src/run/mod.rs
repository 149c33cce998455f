//! The runner of epics: the only asynchronous code.
//!
//! [`launch`] takes a run from the command to the exit code: `survey` lays it out, `preflight`
//! checks that it can begin (for a plan, too: `prepared`), `opening` finds out whether it is a new run or an interrupted
//! one, `recovery` cleans up after the latter, `ground` makes branch and worktree ready.
//! Then the `dispatcher` loops: it owns all state, starts an `executor` for each ticket, and
//! is the only one that emits events. `finish` lands what has merged.
//!
//! Workers run under a [`shim`], behind an [`attempt`] folder, and speak through `worker`.

mod aged;
mod asking;
pub mod attempt;
mod batch;
mod begun;
mod bisect;
mod board;
mod clashes;
pub mod claude;
pub mod demo;
mod desk;
mod dispatcher;
mod executor;
pub mod failure;
mod finish;
pub mod folder;
mod gate;
mod ground;
pub mod history;
mod home;
pub mod inbox;
mod job;
mod jobs;
pub mod key;
mod landing;
pub mod launch;
mod lease;
pub mod ledger;
mod left;
mod live;
pub mod money;
mod notifier;
mod opening;
pub mod options;
mod orphans;
mod people;
mod predict;
mod preflight;
mod prepared;
pub mod price;
pub mod process;
pub mod prompt;
pub mod record;
mod recovery;
mod remote;
mod repair;
mod reset;
pub mod retry;
mod rewritten;
mod shared;
pub mod shim;
mod signals;
mod standing;
pub mod stats;
pub mod stop;
mod supervised;
mod survey;
pub mod tail;
mod tickets;
mod till;
mod tracker;
mod trouble;
mod turn;
mod unended;
mod untold;
mod verdict;
mod watch;
mod worker;
mod workspace;

pub use launch::{RunOutcome, land, prompt_of, run};
pub use live::LiveRuns;
pub use options::RunRequest;
pub use predict::plan;
pub use record::Reporter;
pub use standing::RunsOf;
