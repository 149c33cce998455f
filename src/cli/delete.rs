//! `tk delete`

use super::{Outcome, Session, TargetArgs};
use crate::ops;
use crate::run::LiveRuns;
use crate::ui;
use crate::wire::{DeleteDocument, Detail};

/// Delete tickets
///
/// Only people may. Refused while other tickets refer to them, as parent, blocker or
/// otherwise, and while a live run works at them. All of them are deleted, or none. To keep
/// what was said and done, close them instead.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk delete k7m
  tk delete k7m x4d --force   # and clear what refers to them")]
pub(super) struct Args {
    #[command(flatten)]
    targets: TargetArgs,
    /// Clear the references of other tickets to them, in the same write
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let targets = self.targets.targets(session)?;
        session.in_project(|project| {
            let at_work = LiveRuns::refusing(project);
            let deleted = ops::delete(project, &targets, self.force, at_work)?;
            let screen = &session.screen;
            if screen.is_json() {
                let tickets = deleted.tickets.iter();
                screen.document(&DeleteDocument {
                    schema: "tk.delete.v1",
                    changed: true,
                    tickets: tickets.map(|t| t.fields(&Detail::Listed)).collect(),
                    results: deleted.results,
                })?;
            } else {
                screen.confirm(&ui::list::deletions(&deleted.results))?;
            }
            Ok(0)
        })
    }
}
