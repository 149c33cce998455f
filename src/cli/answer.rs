//! `tk answer`

use super::changed::{plainly, report};
use super::targets::TargetArg;
use super::{Outcome, Session, text};
use crate::ops;

/// Answer what a ticket asks
///
/// Only people may. The ticket awaits input no longer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk answer k7m \"yes, after an hour\"")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The answer (`-`: standard input, `@FILE`: from a file)
    text: String,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let text = text::read(session, &self.text)?;
        session.in_project(|project| {
            let changed = ops::answer(project, &self.target.targets(), &text)?;
            report(session, "answer", &changed, plainly("answered"))
        })
    }
}
