//! `tk release`

use super::changed::{plainly, report};
use super::{Outcome, Session, TargetArgs};
use crate::ops;
use crate::run::LiveRuns;

/// Let go of tickets
///
/// What was in progress goes back to the initial status and is owned no longer. What others
/// hold, or another clone, in whatever name, is released by people only, with --force; what a live
/// run works at, not at all. What is held on a remote is let go of there, too; so is what
/// `tk close` and the like let go of. With --force --remote, so is whatever else is there, also
/// what cannot be read as a claim.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk release k7m
  tk release k7m --force    # although another holds it
  tk release k7m --force --remote=origin")]
pub(super) struct Args {
    #[command(flatten)]
    targets: TargetArgs,
    /// Although another holds it, or another clone
    #[arg(long)]
    force: bool,
    /// With --force, whatever is there on that remote, or that of the main worktree's branch
    #[arg(long, value_name = "REMOTE", num_args = 0..=1, require_equals = true, requires = "force")]
    remote: Option<Option<String>>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let targets = self.targets.targets(session)?;
        let remote = self.remote.as_ref().map(Option::as_deref);
        session.in_project(|project| {
            let at_work = LiveRuns::refusing(project);
            let changed = ops::release(project, &targets, self.force, remote, at_work)?;
            report(session, project, "release", &changed, plainly("released"))
        })
    }
}
