//! `tk land`

use std::sync::Arc;

use super::{Outcome, Session, run as run_command};
use crate::run;

/// Land what has merged, or what you approved, on your branch
///
/// For an epic: its run's branch, and every ticket of it that was kept for a person and is
/// approved by now. For a ticket: its kept branch is merged, the checks run, and it closes.
/// No worker is started. Where the landing would overwrite changes of yours nothing is
/// touched. Without an argument, the newest run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk land auth
  tk approve x4d && tk land x4d")]
pub(super) struct Args {
    /// An epic, or tickets
    #[arg(value_name = "EPIC|ID")]
    targets: Vec<String>,
    /// The branch to land on [default: the one checked out here]
    #[arg(long, value_name = "BRANCH")]
    onto: Option<String>,
    /// A check that must pass on every merged tree, beside those of the run; may be repeated
    #[arg(long = "check", value_name = "COMMAND")]
    checks: Vec<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let context = Arc::clone(&session.context);
            let reporter = run_command::reporter(session, project);
            let outcome = run::land(
                &context,
                project,
                &self.targets,
                self.onto,
                self.checks,
                reporter,
            )?;
            run_command::tell(session, &outcome)
        })
    }
}
