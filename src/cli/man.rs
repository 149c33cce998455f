//! `tk man`

mod page;

use std::fs;
use std::path::PathBuf;

use clap::ValueHint;

use super::{Outcome, Session, described};
use crate::ops::Error;
use crate::store;
use crate::wire::ManDocument;

/// Write the manual's pages into a folder
///
/// `tk.1`, and a page for each command such as `tk-run.1`, with examples and exit codes. For
/// whoever packages tk, and for `man` where nobody did: a folder `man1` next to those that
/// `manpath` names.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk man man                         # into the folder `man`
  tk man ~/.local/share/man/man1     # where `man tk` finds it")]
pub(super) struct Args {
    /// The folder, which is made where it is not there
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let dir = session.context.cwd.join(&self.folder);
        let failed = |error: std::io::Error| {
            let message = format!("cannot write into `{}`: {error}", self.folder.display());
            Error::of_system(message, &error)
        };
        fs::create_dir_all(&dir).map_err(failed)?;
        let mut files = Vec::new();
        for (name, text) in page::all(described()) {
            store::write_atomic(&dir.join(&name), text.as_bytes()).map_err(failed)?;
            files.push(name);
        }
        if session.screen.is_json() {
            session.screen.document(&ManDocument {
                schema: "tk.man.v1",
                path: dir.display().to_string(),
                files,
            })?;
        } else {
            let lines: String = files.iter().map(|name| format!("{name}\n")).collect();
            session.screen.confirm(&lines)?;
        }
        Ok(0)
    }
}
