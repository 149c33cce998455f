//! `tk stats`

use super::{Outcome, Session};
use crate::ops;
use crate::run::stats;
use crate::ui;

/// Show figures of the tickets, or what runs cost and came to
///
/// How many tickets are open and done by status, type, priority, owner and agent; how many were
/// filed and closed by week, and a chart of that; how long they took from being filed (lead
/// time) and from being started (cycle time) until they were closed; how old open work is; and
/// how far the open epics are. Epics are counted as tickets, and are no work. Weeks and days
/// are those of UTC.
///
/// With --runs: cost, tokens, time, retries and the first-pass rate of all runs of this clone,
/// by ticket, agent and day. First pass is what landed without a retry and without having
/// failed before, of all tickets that landed or failed. What a run cost is in the clone's
/// ledger: another clone has figures of its own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk stats
  tk stats auth --since 2026-09-01
  tk stats --runs
  tk stats --runs --json")]
pub(super) struct Args {
    /// Of the descendants of that epic only
    #[arg(value_name = "EPIC", conflicts_with = "runs")]
    epic: Option<String>,
    /// The weeks since that day, instead of the last twelve
    #[arg(long, value_name = "DAY", conflicts_with = "runs")]
    since: Option<String>,
    /// Of the runs of this clone
    #[arg(long)]
    runs: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let screen = &session.screen;
        session.in_project(|project| {
            if self.runs {
                let figures = stats::stats(project)?;
                if screen.is_json() {
                    screen.document(&figures)?;
                } else {
                    screen.text(&ui::stats::tables(&figures))?;
                }
                return Ok(0);
            }
            let tally = ops::tally(project, self.epic.as_deref(), self.since.as_deref())?;
            if screen.is_json() {
                screen.document(&tally)?;
            } else {
                screen.text(&ui::tally::figures(&tally))?;
            }
            Ok(0)
        })
    }
}
