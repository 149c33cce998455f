//! `tk prompt`

use super::{Outcome, Session};
use crate::model::TicketId;
use crate::ops;
use crate::run;
use crate::ui::terminal::safe_lines;

/// Print exactly what a worker of the ticket would be told
///
/// To see whether a ticket says enough before money is spent on it. Starts nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk prompt x4d
  tk prompt x4d | wc -w")]
pub(super) struct Args {
    /// The ticket
    id: String,
    /// The agent, where the ticket names none
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let prompt = run::prompt_of(project, &self.id, self.agent.as_deref())?;
            if let Ok(id) = TicketId::parse(&prompt.id) {
                ops::tell_of_marks(project, &id)?;
            }
            if session.screen.is_json() {
                session.screen.document(&prompt)?;
            } else {
                session.screen.text(&safe_lines(&prompt.text))?;
            }
            Ok(0)
        })
    }
}
