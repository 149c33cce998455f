//! `tk claim`

use super::changed::plainly;
use super::targets::TargetArg;
use super::{Outcome, Session};
use crate::ops::{self, ClaimRequest};
use crate::store::RemoteHold;
use crate::ui;
use crate::ui::terminal::safe;
use crate::wire::{ClaimDocument, Detail};

/// Take a ticket
///
/// It is held for two hours, or as long as --lease says, in progress, and owned by whoever
/// asks. Whoever asks for it meanwhile gets exit code 5 and the holder's name. Claiming what
/// one holds renews the lease. `tk next --claim` takes the first ticket that is free.
///
/// A claim is of this clone, its worktrees included. With --remote it holds between all clones
/// of that git remote: it is pushed to `refs/tk/claims/ID` where that is fetched from, which has to
/// allow it, if nobody else's is there or its lease has run out. It is renewed and let go of there, too
/// (on one remote at a time); one that ran out is taken there again. `tk sync` shows what others hold.
/// What another clone has closed, or keeps for a person, is not to be taken before that is merged here.
/// A lease ends by each machine's own clock.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk claim k7m
  tk claim k7m --lease 30m --json
  tk claim k7m --remote             # between clones, on the branch's remote or `origin`
  tk claim k7m --remote=upstream")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// For how long, such as 30m or 4h; at most 90d
    #[arg(long, value_name = "TIME")]
    lease: Option<String>,
    /// Also against other clones, on that remote or that of the main worktree's branch
    #[arg(long, value_name = "REMOTE", num_args = 0..=1, require_equals = true)]
    remote: Option<Option<String>>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let request = ClaimRequest {
                lease: self.lease,
                remote: self.remote,
            };
            let targets = self.target.targets();
            let claimed = ops::claim(project, &session.context, &targets, &request)?;
            let (changed, screen) = (&claimed.changed, &session.screen);
            if screen.is_json() {
                let tickets = changed.records(project);
                screen.document(&ClaimDocument {
                    schema: "tk.claim.v1",
                    changed: changed.any() || claimed.moved,
                    holder: claimed.holder.to_string(),
                    lease_until: claimed.lease_until.to_string(),
                    remote: claimed.remote.as_ref().map(|hold| hold.remote.clone()),
                    number: claimed.remote.as_ref().map(|hold| hold.claim.number),
                    results: changed.results.clone(),
                    tickets: tickets.iter().map(|t| t.fields(&Detail::Listed)).collect(),
                })?;
                return Ok(0);
            }
            let on = |hold: &RemoteHold| {
                let number = hold.claim.number;
                format!(" on {}, number {number}", safe(&hold.remote))
            };
            let on = claimed.remote.as_ref().map(on).unwrap_or_default();
            let done = format!("held until {}{on}", claimed.lease_until);
            let word = |result: &_| match claimed.moved {
                true => done.clone(),
                false => plainly(&done)(result),
            };
            let words: Vec<String> = changed.results.iter().map(word).collect();
            screen.confirm(&ui::list::outcomes(&words, changed.tickets()))?;
            Ok(0)
        })
    }
}
