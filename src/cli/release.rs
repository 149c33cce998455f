//! `tk release`

use super::changed::{plainly, report};
use super::{Outcome, Session, TargetArgs};
use crate::ops;
use crate::run::LiveRuns;

/// Let go of tickets
///
/// What was in progress goes back to the initial status and is owned no longer. What others
/// hold is released by people only, with --force; what a live run works at, not at all. What is
/// held on a remote is let go of there, too; so is what `tk close` and the like let go of.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk release k7m
  tk release k7m --force    # although another holds it")]
pub(super) struct Args {
    #[command(flatten)]
    targets: TargetArgs,
    /// Although another holds it
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let targets = self.targets.targets(session)?;
        session.in_project(|project| {
            // Looked at under the store's lock, under which runs begin.
            let at_work = |id: &_| LiveRuns::of(&project.store)?.refuse(id);
            let changed = ops::release(project, &targets, self.force, at_work)?;
            report(session, project, "release", &changed, plainly("released"))
        })
    }
}
