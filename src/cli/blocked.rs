//! `tk blocked`

use super::list::Shown;
use super::query::QueryArg;
use super::{Outcome, Session};
use crate::ops::{self, Listed, Waits};
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
            let screen = &session.screen;
            let (is_json, chooses) = (screen.is_json(), self.shown.chooses());
            let lines = ui::blocked::Lines::default();
            let told = |listed: &Listed<'_>, waits: Waits<'_>| {
                if is_json {
                    Told::Json(BlockedTicket {
                        ticket: listed.record().fields(&detail),
                        reasons: waits.reasons(),
                    })
                } else if chooses {
                    Told::Text(ui::list::fields(&[listed.record().fields(&detail)]))
                } else {
                    Told::Text(lines.of(listed, waits))
                }
            };
            let within = self.query.within(self.epic.as_deref());
            let found = ops::blocked(project, within, page, told)?;
            let (shown, total) = (found.tickets.len(), found.total);
            let (mut tickets, mut text) = (Vec::new(), String::new());
            for ticket in found.tickets {
                match ticket {
                    Told::Json(ticket) => tickets.push(ticket),
                    Told::Text(lines) => text.push_str(&lines),
                }
            }
            if is_json {
                screen.document(&BlockedDocument {
                    schema: "tk.blocked.v1",
                    total,
                    truncated: shown < total,
                    tickets,
                })?;
                return Ok(0);
            }
            screen.text(&text)?;
            self.shown.tell_rest(session, shown, total)?;
            Ok(0)
        })
    }
}

/// A ticket as it is told.
enum Told {
    /// As a part of the document.
    Json(BlockedTicket),
    /// In lines.
    Text(String),
}
