//! `tk show`

use super::{Outcome, Session, targets};
use crate::ops;
use crate::ui;
use crate::wire::TicketsDocument;

/// Show everything about tickets
///
/// With their blockers and dependants, notes, runs and commits: the newest 20 that have a trailer
/// `Ticket: ID`, among the newest 2,000 of the branch that is checked out in the main working tree.
/// Where there may be more, it is said.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk show k7m
  tk show k7m x4d --json")]
pub(super) struct Args {
    /// Ids, or unique beginnings or parts of them (`-`: from standard input)
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let ids = targets::ids(session, self.ids)?;
        session.in_project(|project| {
            let tickets = ops::show(project, &ids)?;
            if session.screen.is_json() {
                session.screen.document(&TicketsDocument {
                    schema: "tk.show.v1".to_owned(),
                    total: tickets.len(),
                    truncated: false,
                    tickets,
                })?;
                return Ok(0);
            }
            let pages: Vec<String> = tickets.iter().map(ui::ticket::page).collect();
            session.screen.text(&pages.join("\n"))?;
            Ok(0)
        })
    }
}
