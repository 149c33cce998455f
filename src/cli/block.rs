//! `tk block`

use super::changed::{plainly, report};
use super::targets::TargetArg;
use super::{Outcome, Session};
use crate::ops;

/// Make a ticket wait for others
///
/// For work that cannot begin before other work is done. An edge that would close a
/// cycle is refused, also one that leads over epics and their children. For what is only
/// better done later, there is `tk update --after`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk block k7m x4d        # k7m waits for x4d
  tk block k7m x4d,p2q")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// What must be done before
    #[arg(value_name = "BLOCKER", required = true)]
    blockers: Vec<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let changed = ops::block(project, &self.target.targets(), &self.blockers)?;
            report(session, project, "block", &changed, plainly("blocked"))
        })
    }
}
