//! `tk history`

use super::list::tell_rest;
use super::{Outcome, Session};
use crate::ops;
use crate::ui;

/// Show who changed a ticket, and when
///
/// Every commit of the branch that is checked out that changed the ticket's file, newest first,
/// with what it changed key by key; before them what is not committed yet. A merge is told only
/// where it changed what none of its sides had. A ticket that had another id is followed to what it
/// was under that one; what another ticket did that had its id is left out, and told is which id that
/// one has now. A version that cannot be read as a ticket is named so. The exact id also finds a
/// ticket that was deleted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk history x4d
  tk history x4d -n 5
  tk history x4d --json")]
pub(super) struct Args {
    /// Its id, or a unique beginning or part of it
    #[arg(value_name = "ID")]
    id: String,
    /// So many changes at most
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let limit = self.limit;
        let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        session.in_project(|project| {
            let history = ops::history(project, &self.id, limit)?;
            let screen = &session.screen;
            if screen.is_json() {
                screen.document(&history)?;
            } else {
                screen.text(&ui::changes::history(&history))?;
                tell_rest(session, history.entries.len(), history.total)?;
            }
            Ok(0)
        })
    }
}
