//! `tk retry`

use super::targets::TargetArg;
use super::{Outcome, Session, text};
use crate::ops;
use crate::run::retry;
use crate::wire::{Detail, RetryDocument};

/// Try a ticket again
///
/// Only people may. For a ticket that failed, reached its time limit or was put aside: a live
/// run that has tried it does so again at once, else the next `tk run` will. What it awaits of
/// you is thereby settled. With a note, the session of the last attempt goes on with it; without
/// one, a ticket that failed begins anew.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk retry x4d
  tk retry x4d --note \"the key is in the vault now\"")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// Tell the worker something (`-`: standard input, `@FILE`: from a file)
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let note = text::read_some(session, self.note)?;
        session.in_project(|project| {
            let targets = self.target.targets();
            for given in &targets.ids {
                retry::tell_end(&session.context, project, given)?;
            }
            let changed = ops::retry(project, &targets, note.as_deref())?;
            let ids: Vec<&str> = changed.results.iter().map(|r| r.id.as_str()).collect();
            let id = ids.concat();
            let live = retry::ask_to_retry(project, &id)?;
            if session.screen.is_json() {
                session.screen.document(&RetryDocument {
                    schema: "tk.retry.v1",
                    changed: changed.any(),
                    run: live.clone(),
                    command: live.is_none().then(|| format!("tk run {id}")),
                    results: changed.results.clone(),
                    tickets: changed
                        .records(project)
                        .iter()
                        .map(|ticket| ticket.fields(&Detail::Listed))
                        .collect(),
                })?;
                return Ok(0);
            }
            let told = match live {
                Some(run) => format!("{id}  run {run} tries it again\n"),
                None => format!("{id}  the next run tries it again: `tk run {id}`\n"),
            };
            session.screen.confirm(&told)?;
            Ok(0)
        })
    }
}
