//! `tk reopen`

use super::changed::{plainly, report};
use super::targets::ChosenArgs;
use super::{Outcome, Session, text};
use crate::ops;

/// Open closed tickets again
///
/// Only people may. What they block waits for them again, and a human gate has to be passed
/// again.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("query", |query| query.help(
        "In place of ids, the closed ones that fit the expression: what `tk list --query` shows \
         with `and closed`; also open ones, where it says something about status or closing"
    )),
    after_help = "Examples:
  tk reopen k7m --note \"it happens again\"
  tk reopen --query 'closed>=today label:api' --dry-run"
)]
pub(super) struct Args {
    #[command(flatten)]
    targets: ChosenArgs,
    /// Add a note (`-`: standard input, `@FILE`: from a file)
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let note = text::read_some(session, self.note)?;
        let targets = self.targets.targets(session)?;
        session.in_project(|project| {
            let changed = ops::reopen(project, &targets, note.as_deref())?;
            report(session, project, "reopen", &changed, plainly("reopened"))
        })
    }
}
