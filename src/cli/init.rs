//! `tk init`

use super::{Outcome, Session};
use crate::ops;

/// Set the repository up for tickets
///
/// Makes `.ticks/` with a configuration file in which everything is commented out, tells git
/// how to merge tickets (`.gitattributes`, and a merge driver in the clone's configuration),
/// and prints what it did. What is there already stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk init
  tk -C path/to/repository init")]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let (done, notices) = ops::init(&session.context)?;
        if session.screen.is_json() {
            session.screen.document(&done)?;
            session.screen.notices(&notices)?;
            return Ok(0);
        }
        let mut text = String::new();
        for step in &done.steps {
            let word = if step.changed { "made " } else { "kept " };
            text.push_str(&format!("{word} {}\n", step.what));
        }
        session.screen.confirm(&text)?;
        session.screen.notices(&notices)?;
        Ok(0)
    }
}
