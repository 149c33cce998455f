//! `tk claim`

use super::changed::plainly;
use super::targets::TargetArg;
use super::{Outcome, Session};
use crate::ops;
use crate::ui;
use crate::wire::{ClaimDocument, Detail};

/// Take a ticket
///
/// It is held for two hours, or as long as --lease says, in progress, and owned by whoever
/// asks. Whoever asks for it meanwhile gets exit code 5 and the holder's name. Claiming what
/// one holds renews the lease. Claims are of this clone; `tk next --claim` takes the first
/// ticket that is free.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk claim k7m
  tk claim k7m --lease 30m --json")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// For how long, such as 30m or 4h
    #[arg(long, value_name = "TIME")]
    lease: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let claimed = ops::claim(project, &self.target.targets(), self.lease.as_deref())?;
            let (changed, screen) = (&claimed.changed, &session.screen);
            if screen.is_json() {
                let tickets = changed.tickets.iter();
                screen.document(&ClaimDocument {
                    schema: "tk.claim.v1",
                    changed: changed.any() || claimed.moved,
                    holder: claimed.holder.to_string(),
                    lease_until: claimed.lease_until.to_string(),
                    results: changed.results.clone(),
                    tickets: tickets.map(|t| t.fields(&Detail::Listed)).collect(),
                })?;
                return Ok(0);
            }
            let done = format!("held until {}", claimed.lease_until);
            let word = |result: &_| match claimed.moved {
                true => done.clone(),
                false => plainly(&done)(result),
            };
            let words: Vec<String> = changed.results.iter().map(word).collect();
            screen.confirm(&ui::list::outcomes(&words, &changed.tickets))?;
            Ok(0)
        })
    }
}
