//! `tk answer`

use super::changed::{plainly, report};
use super::targets::TargetArg;
use super::{Outcome, Session, text};
use crate::ops;

/// Answer what a ticket asks
///
/// Only people may. The ticket awaits input no longer. Where the question offers answers, their
/// numbers do, several with commas between; where it is several questions, their answers are
/// lines, or numbers with commas between. A worker that still waits hears it at once; one that
/// was put aside goes on in its session with the next run, or with the one that is live.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk answer k7m \"yes, after an hour\"
  tk answer k7m 2      # the second of the answers offered")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The answer, or the number of one that is offered (`-`: standard input, `@FILE`: from a file)
    text: String,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let text = text::read(session, &self.text)?;
        session.in_project(|project| {
            let changed = ops::answer(project, &self.target.targets(), &text)?;
            report(session, project, "answer", &changed, plainly("answered"))
        })
    }
}
