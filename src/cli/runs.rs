//! `tk runs`

use super::{Outcome, Session};
use crate::run::history;
use crate::ui::run_plan;

/// List the runs of this clone, newest first
///
/// With how each ended, when it began, by UTC, what it landed and what it cost. `tk log RUN` tells
/// the rest.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk runs
  tk runs --json")]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let runs = history::runs(project)?;
            if session.screen.is_json() {
                session.screen.document(&runs)?;
            } else {
                session.screen.text(&run_plan::runs(&runs))?;
            }
            Ok(0)
        })
    }
}
