//! `tk blocked`

use super::list::Shown;
use super::query::QueryArg;
use super::{Failure, Outcome, Session};
use crate::ops::{self, Found, Listed, MANY_LINES, MANY_RECORDS, Waiting};
use crate::ui;
use crate::ui::screen::Part;
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
            let within = self.query.within(self.epic.as_deref());
            ops::blocked(project, within, page, |found| {
                show(session, &self.shown, &detail, found)
            })?
        })
    }
}

fn show(
    session: &Session,
    shown: &Shown,
    detail: &Detail,
    found: &Found<'_, Waiting<'_>>,
) -> Outcome {
    let (screen, told, total) = (&session.screen, found.shown(), found.total());
    if screen.is_json() {
        let add =
            |part: &mut Part, listed: &Listed<'_>, waiting: &Waiting<'_>| -> Result<_, Failure> {
                let ticket = BlockedTicket {
                    ticket: listed.record().fields(detail),
                    reasons: waiting.reasons(),
                };
                Ok(part.add(|json| serde_json::to_writer(json, &ticket))?)
            };
        return found.in_parts(MANY_RECORDS, add, |parts| {
            let document = BlockedDocument {
                schema: "tk.blocked.v1",
                total,
                truncated: told < total,
                tickets: Vec::new(),
            };
            screen.document_in_parts(&document, parts)?;
            Ok(0)
        });
    }
    let lines = ui::blocked::Lines::default();
    let add = |text: &mut String, listed: &Listed<'_>, waiting: &Waiting<'_>| {
        text.push_str(&match shown.chooses() {
            true => ui::list::fields(&[listed.record().fields(detail)]),
            false => lines.of(listed.outline(), waiting),
        });
        Ok(())
    };
    let text: String =
        found.in_parts(MANY_LINES, add, |parts| parts.collect::<ops::Result<_>>())?;
    screen.text(&text)?;
    shown.tell_rest(session, told, total)?;
    Ok(0)
}
