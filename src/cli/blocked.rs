//! `tk blocked`

use super::list::Shown;
use super::query::QueryArg;
use super::{Outcome, Session};
use crate::ops;
use crate::ui;
use crate::wire::{BlockedDocument, BlockedTicket, Detail};

/// List what cannot be done now, and why
///
/// Open tickets that wait for a blocker, for a person, for a day, or for what an epic above
/// them waits for. In JSON each has `reasons`: their kinds are blocker, epic, missing,
/// awaiting, deferred and cycle.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk blocked
  tk blocked auth --json
  tk blocked --query 'due<=+1w'")]
pub(super) struct Args {
    /// Of that epic only
    #[arg(value_name = "EPIC")]
    epic: Option<String>,
    #[command(flatten)]
    query: QueryArg,
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let detail = self.shown.detail(Detail::Brief)?;
        session.in_project(|project| {
            let page = self.shown.page(Detail::Brief)?;
            let found = ops::blocked(project, self.query.within(self.epic.as_deref()), page)?;
            let screen = &session.screen;
            if screen.is_json() {
                let tickets = found.tickets.iter().map(|waiting| BlockedTicket {
                    ticket: waiting.ticket.fields(&detail),
                    reasons: waiting.reasons(),
                });
                screen.document(&BlockedDocument {
                    schema: "tk.blocked.v1",
                    total: found.total,
                    truncated: found.tickets.len() < found.total,
                    tickets: tickets.collect(),
                })?;
                return Ok(0);
            }
            if self.shown.chooses() {
                let rows = found.tickets.iter().map(|w| w.ticket.fields(&detail));
                screen.text(&ui::list::fields(&rows.collect::<Vec<_>>()))?;
            } else {
                screen.text(&ui::blocked::list(&found.tickets))?;
            }
            self.shown
                .tell_rest(session, found.tickets.len(), found.total)?;
            Ok(0)
        })
    }
}
