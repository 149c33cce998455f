//! `tk stats`

use super::{Outcome, Session};
use crate::run::stats;
use crate::ui;

/// Show what runs cost and came to
///
/// With --runs: cost, tokens, time, retries and the first-pass rate of all runs of this clone,
/// by ticket, agent and day. First pass is what landed without a retry and without having
/// failed before, of all tickets that landed or failed. Days are those of UTC. What a run
/// cost is in the clone's ledger: another clone has figures of its own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk stats --runs
  tk stats --runs --json")]
pub(super) struct Args {
    /// Of the runs of this clone
    #[arg(long, required = true)]
    runs: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        // The only kind of figures there is, so far.
        debug_assert!(self.runs, "it is required");
        session.in_project(|project| {
            let figures = stats::stats(project)?;
            let screen = &session.screen;
            if screen.is_json() {
                screen.document(&figures)?;
            } else {
                screen.text(&ui::stats::tables(&figures))?;
            }
            Ok(0)
        })
    }
}
