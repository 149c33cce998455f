//! `tk approve`

use super::changed::{plainly, report};
use super::{Outcome, Session, TargetArgs, text};
use crate::ops;

/// Let tickets pass what they await
///
/// Only people may. The tickets must await approval, review, content, an escalation or a
/// checkpoint. What a run has kept of them is landed, and what was done without a change is
/// closed, by that run, the next one, or `tk land`; where nothing is kept, `tk close` closes
/// them. What a worker asks to be allowed (`[run] on_permission = "ask"`) it may then do; that is
/// no verdict on its work.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk approve k7m
  tk approve k7m && tk land k7m
  tk approve k7m x4d --note \"well done\"")]
pub(super) struct Args {
    #[command(flatten)]
    targets: TargetArgs,
    /// Add a note (`-`: standard input, `@FILE`: from a file)
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let note = text::read_some(session, self.note)?;
        let targets = self.targets.targets(session)?;
        session.in_project(|project| {
            let changed = ops::approve(project, &targets, note.as_deref())?;
            report(session, project, "approve", &changed, plainly("approved"))
        })
    }
}
