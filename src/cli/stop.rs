//! `tk stop`

use super::{Outcome, Session};
use crate::run::{history, stop};

/// Stop a live run, or one ticket of it
///
/// Workers are interrupted, their work and sessions kept; the same `tk run` goes on later.
/// Of a run whose runner was killed, the workers that live on are ended in the same way, and its
/// tickets put back.
/// Without an argument, the newest run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk stop
  tk stop auth
  tk stop x4d     # one ticket; the others go on")]
pub(super) struct Args {
    /// A run's id, the epic of one, or a ticket
    #[arg(value_name = "RUN|ID")]
    what: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            // Before anything is said about runs there may not be.
            project.require_human("stop a run")?;
            let found = history::find(project, self.what.as_deref())?;
            let stopped = stop::stop(&session.context, project, &found)?;
            if session.screen.is_json() {
                session.screen.document(&stopped)?;
            } else {
                let what = stopped.ticket.as_deref().map_or_else(
                    || format!("run {}", stopped.run),
                    |ticket| format!("`{ticket}` in run {}", stopped.run),
                );
                let told = match stopped.left.len() {
                    0 if stopped.pid.is_none() => {
                        format!(
                            "put back the tickets that {what}, whose runner is dead, had begun\n"
                        )
                    }
                    0 => format!("stopped {what}\n"),
                    1 => format!("ended the worker that {what} had left\n"),
                    left => format!("ended {left} workers that {what} had left\n"),
                };
                session.screen.confirm(&told)?;
            }
            Ok(0)
        })
    }
}
