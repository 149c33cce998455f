//! `tk ready`

use super::list::Shown;
use super::query::QueryArg;
use super::{Outcome, Session};
use crate::ops;
use crate::wire::Detail;

/// List what can be done now
///
/// Open tickets with every blocker done and nothing awaited, first those that the most work
/// waits for. In JSON they are brief; --full has everything.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk ready
  tk ready auth -n 10 --json
  tk ready --query \"priority<=1 not label:later\"")]
pub(super) struct Args {
    /// Of that epic only
    #[arg(value_name = "EPIC")]
    epic: Option<String>,
    #[command(flatten)]
    query: QueryArg,
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let page = self.shown.page(Detail::Brief)?;
            let within = self.query.within(self.epic.as_deref());
            ops::ready(project, within, page, |found| {
                self.shown.show(session, "ready", Detail::Brief, found)
            })?
        })
    }
}
