//! `tk unblock`

use super::changed::{plainly, report};
use super::targets::TargetArg;
use super::{Outcome, Session};
use crate::ops;

/// Make a ticket wait for others no longer
///
/// For an edge that was a mistake; a blocker that gets done needs none of this.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk unblock k7m x4d")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// What it need not wait for
    #[arg(value_name = "BLOCKER", required = true)]
    blockers: Vec<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let changed = ops::unblock(project, &self.target.targets(), &self.blockers)?;
            report(session, project, "unblock", &changed, plainly("unblocked"))
        })
    }
}
