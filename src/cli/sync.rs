//! `tk sync`

use super::{Outcome, Session};
use crate::ops;
use crate::ui;

/// Show what other clones hold
///
/// Fetches the claims that were made with `tk claim --remote` in any clone of the remote, or by
/// runs with `[run] claims = "remote"`, and shows them. From then on `ready`, `next`, `claim` and
/// `list` know of them, without the network, until their leases have run out. Without a name it
/// is the remote of the branch, else `origin`, else the only one.
///
/// What a command of this clone has left there, because it was killed or could not reach the remote
/// when it let go of the ticket, is given back first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk sync
  tk sync upstream --json")]
pub(super) struct Args {
    /// The git remote
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let synced = ops::sync(project, self.remote.as_deref())?;
            let screen = &session.screen;
            if screen.is_json() {
                screen.document(&synced)?;
            } else if synced.claims.is_empty() {
                project.hint("nobody holds anything there");
            } else {
                screen.text(&ui::sync::claims(&synced))?;
            }
            Ok(0)
        })
    }
}
