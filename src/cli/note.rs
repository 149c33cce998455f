//! `tk note`

use super::changed::{plainly, report};
use super::targets::TargetArg;
use super::{Outcome, Session, text};
use crate::ops;

/// Append a note to a ticket
///
/// For what the next one who works at it should know. Workers are told the notes of people.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk note k7m \"the token must expire\"
  tk note k7m - < findings.md")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// What to say (`-`: standard input, `@FILE`: from a file)
    text: String,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let text = text::read(session, &self.text)?;
        session.in_project(|project| {
            let changed = ops::note(project, &self.target.targets(), &text)?;
            report(session, project, "note", &changed, plainly("noted"))
        })
    }
}
