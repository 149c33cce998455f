//! `tk reject`

use super::changed::{plainly, report};
use super::targets::TargetArg;
use super::{Outcome, Session, text};
use crate::ops;

/// Send a ticket back with what is wrong with it
///
/// Only people may. The ticket must await approval, review, content, an escalation or a
/// checkpoint; it goes back to the initial status, and the text to the agent that works at it
/// next. A ticket that an agent has filed and nobody has begun is declined: closed. A worker
/// that asks to be allowed something is told the text, and goes on without.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk reject k7m \"the error message tells too much\"")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// What is wrong (`-`: standard input, `@FILE`: from a file)
    text: String,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let text = text::read(session, &self.text)?;
        session.in_project(|project| {
            let changed = ops::reject(project, &self.target.targets(), &text)?;
            report(session, project, "reject", &changed, plainly("rejected"))
        })
    }
}
