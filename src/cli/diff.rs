//! `tk diff`

use super::{Outcome, Session};
use crate::ops::{self, Project};
use crate::ui;
use crate::ui::screen::Part;
use crate::wire::DiffTicket;

/// Show what became of the tickets between two revisions
///
/// Which were opened, closed, reopened, changed and deleted, and what changed in them; one that has
/// another id now is told once, with the id that it had, and two that had one id each for itself.
/// `A..B` is from A to B, `A...B` from the last commit that both have in common to B; a side that is
/// left out is HEAD. `A` alone is from A to the working tree that has the tickets, with what is not
/// committed; without REV, A is what is checked out there. In a linked worktree HEAD is its own, as
/// to git. What is done is told by each side's own configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk diff                       # what is not committed
  tk diff HEAD~1..HEAD
  tk diff HEAD~1 --json")]
pub(super) struct Args {
    /// `A..B`, `A...B` or `A`; commits, branches, tags
    #[arg(value_name = "REV")]
    range: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let is_of_commits = self
            .range
            .as_ref()
            .is_some_and(|range| range.contains(".."));
        let act = |project: &Project| {
            let diff = ops::diff(project, self.range.as_deref())?;
            let screen = &session.screen;
            if screen.is_json() {
                let add = |part: &mut Part, ticket: &DiffTicket| {
                    part.add(|json| serde_json::to_writer(json, ticket))
                };
                diff.in_parts(add, |parts| screen.document_in_parts(&diff.document, parts))?;
            } else {
                screen.text(&ui::changes::diff(&diff.tickets))?;
            }
            Ok(0)
        };
        match is_of_commits {
            true => session.in_project_of_commits(act),
            false => session.in_project(act),
        }
    }
}
