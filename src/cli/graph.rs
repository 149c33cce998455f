//! `tk graph`

use super::{Outcome, Session};
use crate::ops;
use crate::ui::{self, graph::Look};

/// Show the waves of the open work
///
/// The tickets of a wave may be done together. Those on the critical path decide when the
/// whole is done; the slack of the others is how late they may be.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk graph auth
  tk graph auth --json
  tk graph auth --at HEAD~1
  tk graph auth --dot | dot -Tsvg > auth.svg")]
pub(super) struct Args {
    /// Of that epic only
    #[arg(value_name = "EPIC")]
    epic: Option<String>,
    /// As it was at that commit, branch or tag, at its time
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    /// In the language of Graphviz
    #[arg(long, conflicts_with = "json")]
    dot: bool,
    /// In the language of Mermaid
    #[arg(long, conflicts_with_all = ["json", "dot"])]
    mermaid: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project_at(self.at.as_deref(), |project| {
            let plan = ops::graph(project, self.epic.as_deref())?;
            let screen = &session.screen;
            if screen.is_json() {
                screen.document(&plan.document())?;
                return Ok(0);
            }
            let text = if self.dot {
                ui::diagram::dot(&plan)
            } else if self.mermaid {
                ui::diagram::mermaid(&plan)
            } else {
                let width = screen.width();
                // The screen takes the colours away where they are not wanted.
                let look = Look {
                    width,
                    colour: true,
                };
                ui::graph::draw(&plan, look)
            };
            screen.text(&text)?;
            Ok(0)
        })
    }
}
