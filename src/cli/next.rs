//! `tk next`

use super::query::QueryArg;
use super::{Outcome, Session};
use crate::ops::{self, Listing};
use crate::ui;
use crate::wire::{Detail, TicketsDocument};

/// Show the ticket to do now
///
/// The first of `tk ready`. With --claim it is taken at once: held for two hours, in progress,
/// and owned by whoever asks, so that of many who ask together each gets another one. Exit
/// code 1 where nothing is ready.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk next
  tk next auth --claim --json
  tk next --query type=bug,task")]
pub(super) struct Args {
    /// Of that epic only
    #[arg(value_name = "EPIC")]
    epic: Option<String>,
    #[command(flatten)]
    query: QueryArg,
    /// Take it
    #[arg(long)]
    claim: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let within = self.query.within(self.epic.as_deref());
            let found = ops::next(project, within, self.claim)?;
            show(session, &found)?;
            if found.tickets.is_empty() {
                return Err(ops::nothing_ready(project, within)?.into());
            }
            Ok(0)
        })
    }
}

fn show(session: &Session, found: &Listing) -> std::io::Result<()> {
    let screen = &session.screen;
    if screen.is_json() {
        return screen.document(&TicketsDocument {
            schema: "tk.next.v1".to_owned(),
            total: found.total,
            truncated: found.truncated(),
            tickets: ui::list::json(&found.tickets, &Detail::Brief)?,
        });
    }
    screen.text(&ui::list::table(&found.tickets, screen.line_width()))
}
