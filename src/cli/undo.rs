//! `tk undo`

use super::{Outcome, Session};
use crate::ops::{self, Notice};
use crate::run::LiveRuns;
use crate::ui;
use crate::wire::{Detail, UndoDocument};

/// Take back what the last command changed
///
/// What a person changed last in this clone, in tickets' files: changes, new tickets, deleted
/// ones; all of it, or nothing. Refused (exit code 5) where a ticket has changed since. Taken
/// back twice, it is done again. What runs and agents change is not noted down, and git stays as
/// it is. A claim of yours ends where its ticket then is gone or not in progress; one that has
/// ended does not come back. Once merges are settled or files are mended (`tk resolve`,
/// `tk doctor --fix`), there is nothing to take back.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk undo --dry-run
  tk undo")]
pub(super) struct Args {
    /// Only show what would be taken back
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let at_work = LiveRuns::refusing(project);
            let undone = ops::undo(project, self.dry_run, at_work)?;
            let screen = &session.screen;
            if screen.is_json() {
                let tickets = undone.tickets.iter();
                screen.document(&UndoDocument {
                    schema: "tk.undo.v1",
                    dry_run: self.dry_run.then_some(true),
                    changed: true,
                    at: undone.at,
                    by: undone.by,
                    tickets: tickets.map(|t| t.fields(&Detail::Listed)).collect(),
                    results: undone.results,
                })?;
                return Ok(0);
            }
            let text = ui::dry_run::undone(&undone.results, self.dry_run);
            let (at, by) = (&undone.at, &undone.by);
            let hint = if self.dry_run {
                screen.text(&text)?;
                match undone.was_undo {
                    true => format!("nothing is written: `{by}` took that back at {at}"),
                    false => format!("nothing is written: that is what `{by}` did at {at}"),
                }
            } else {
                screen.confirm(&text)?;
                match undone.was_undo {
                    true => format!(
                        "what `{by}` took back at {at} is done again; `tk undo` takes it back"
                    ),
                    false => {
                        format!("what `{by}` did at {at} is taken back; `tk undo` does it again")
                    }
                }
            };
            screen.notices(&[Notice::Hint(hint)])?;
            Ok(0)
        })
    }
}
