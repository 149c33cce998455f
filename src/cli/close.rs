//! `tk close`

use super::changed::{plainly, report};
use super::targets::ChosenArgs;
use super::{Outcome, Session, text};
use crate::ops::{self, CloseRequest};
use crate::wire::ChangeResult;

/// Close tickets
///
/// Only people may. Refused while blockers or children are open, but for those that are
/// closed by the same command, and beside a child that comes again. A ticket that requires a gate awaits it instead, until a
/// person has approved. Several tickets are closed together or not at all. An epic stays open when its last child is closed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk close k7m --reason \"done by hand\"
  tk close k7m x4d
  tk close --query 'label:later updated<-90d' --reason \"stale\" --dry-run
  tk close k7m --force    # although its blockers are open")]
pub(super) struct Args {
    #[command(flatten)]
    targets: ChosenArgs,
    /// Why
    #[arg(short, long, value_name = "TEXT")]
    reason: Option<String>,
    /// Add a note (`-`: standard input, `@FILE`: from a file)
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Although blockers or children are open
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let request = CloseRequest {
            reason: self.reason,
            note: text::read_some(session, self.note)?,
            force: self.force,
        };
        let targets = self.targets.targets(session)?;
        session.in_project(|project| {
            let changed = ops::close(project, &targets, &request)?;
            report(session, project, "close", &changed, word)
        })
    }
}

fn word(result: &ChangeResult) -> String {
    match (result.closed, result.awaiting) {
        (Some(false), Some(awaiting)) => {
            let still = if result.changed { "" } else { "still " };
            format!("{still}awaiting {awaiting}")
        }
        _ => plainly("closed")(result),
    }
}
