//! `tk config`

use super::{Outcome, Session};
use crate::ops;
use crate::ui;
use crate::wire::SettingsDocument;

/// Show the configuration, and where each value comes from
///
/// Values are set in `.ticks/config.toml`, which is read anew by every command: edit it to
/// change them. A key it does not know is an error with its line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk config
  tk config run             # every setting of the table [run]
  tk config run.parallel --json")]
pub(super) struct Args {
    /// That setting only, or those of that table
    #[arg(value_name = "KEY")]
    key: Option<String>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let settings = ops::settings(project, self.key.as_deref())?;
            if session.screen.is_json() {
                session.screen.document(&SettingsDocument {
                    schema: "tk.settings.v1",
                    settings,
                })?;
            } else {
                session.screen.text(&ui::settings::list(&settings))?;
            }
            Ok(0)
        })
    }
}
