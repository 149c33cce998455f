//! `tk log`

use super::{Outcome, Session};
use crate::run::history;
use crate::ui::{events, json_events};
use crate::wire::Event;

/// Replay the events of a run, or of one ticket in its last run
///
/// Without an argument, the newest run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk log                            # what the newest run did
  tk log x4d --kind check_failed    # why x4d was sent back
  tk log -f                         # follow a live run")]
pub(super) struct Args {
    /// A run's id, the epic of one, or a ticket
    #[arg(value_name = "RUN|ID")]
    what: Option<String>,
    /// Go on until the run ends
    #[arg(short, long)]
    follow: bool,
    /// Only events of these kinds
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kind: Vec<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let found = history::find(project, self.what.as_deref())?;
            history::replay(&found, self.follow, |event| self.show(session, event))
        })
    }

    fn show(&self, session: &Session, event: &Event) -> Outcome {
        let wanted =
            self.kind.is_empty() || self.kind.iter().any(|kind| *kind == event.kind.name());
        if wanted && session.screen.is_json() {
            json_events::write(event)?;
        } else if wanted
            && (session.verbose() || !self.kind.is_empty() || !events::is_detail(&event.kind))
        {
            session.screen.text(&format!("{}\n", events::line(event)))?;
        }
        Ok(0)
    }
}
