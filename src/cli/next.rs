//! `tk next`

use super::query::QueryArg;
use super::{Outcome, Session};
use crate::ops::{self, ClaimRequest, Next};
use crate::ui;
use crate::wire::{Detail, TicketsDocument};

/// Show the ticket to do now
///
/// The first of `tk ready`. With --claim it is taken at once: held for two hours, in progress,
/// and owned by whoever asks, so that of many who ask together each gets another one; with
/// --remote also of many in other clones, as `tk claim --remote` does it. Exit code 1 where
/// nothing is ready.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk next
  tk next auth --claim --json
  tk next --claim --remote      # what no other clone holds
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
    /// Also against other clones, on that remote or that of the main worktree's branch
    #[arg(
        long,
        value_name = "REMOTE",
        num_args = 0..=1,
        require_equals = true,
        requires = "claim"
    )]
    remote: Option<Option<String>>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let within = self.query.within(self.epic.as_deref());
            let request = ClaimRequest {
                lease: None,
                remote: self.remote,
            };
            let claim = self.claim.then_some(&request);
            let found = ops::next(project, &session.context, within, claim)?;
            show(session, &found)?;
            match found.ticket {
                Some(_) => Ok(0),
                None => Err(ops::nothing_ready(project, within)?.into()),
            }
        })
    }
}

fn show(session: &Session, found: &Next) -> std::io::Result<()> {
    let screen = &session.screen;
    if screen.is_json() {
        let tickets = found.ticket.iter();
        return screen.document(&TicketsDocument {
            schema: "tk.next.v1".to_owned(),
            total: found.total,
            truncated: tickets.len() < found.total,
            tickets: tickets
                .map(|ticket| ticket.fields(&Detail::Brief))
                .collect(),
        });
    }
    let rows: Vec<_> = found.ticket.iter().map(Into::into).collect();
    screen.text(&ui::list::table(&rows, screen.line_width()))
}
