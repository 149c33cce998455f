//! `tk ask`

use super::changed::{plainly, report};
use super::targets::TargetArg;
use super::{Outcome, Session, text};
use crate::ops;

/// Ask a person about a ticket
///
/// It awaits input from then on, until somebody answers with `tk answer`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk ask k7m \"should the token expire?\"")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The question (`-`: standard input, `@FILE`: from a file)
    text: String,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let text = text::read(session, &self.text)?;
        session.in_project(|project| {
            let changed = ops::ask(project, &self.target.targets(), &text)?;
            report(session, project, "ask", &changed, plainly("asked"))
        })
    }
}
