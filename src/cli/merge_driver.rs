//! `tk merge-driver`, for git alone.

use std::path::PathBuf;

use super::{Outcome, Session};
use crate::ops::{self, MergeRequest, Notice};

/// What git takes for a conflict that is marked in the file, and nothing else ends with.
const CONFLICT: u8 = 120;

/// Merge a ticket's file; started by git
///
/// The merged file takes the place of ours. Prints `merged` (exit code 0), or `conflict` (120)
/// where both sides gave a key different values, which are then marked in it; anything else means
/// that git's own text merge has to do.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The base, empty where both sides made the file
    base: PathBuf,
    /// Ours
    ours: PathBuf,
    /// Theirs
    theirs: PathBuf,
    /// The path in the repository
    path: String,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let request = MergeRequest {
            sides: [&self.base, &self.ours, &self.theirs].map(PathBuf::as_path),
            path: &self.path,
        };
        let Some(keys) = ops::drive(&session.context, &request)? else {
            session.screen.text("merged\n")?;
            return Ok(0);
        };
        let what = match keys.as_slice() {
            [] => "the sides cannot be merged key by key".to_owned(),
            keys => format!("both sides changed {}", keys.join(", ")),
        };
        session.screen.notices(&[
            Notice::Warning(format!("{}: {what}", self.path)),
            Notice::Hint("`tk resolve` settles it".to_owned()),
        ])?;
        session.screen.text("conflict\n")?;
        Ok(CONFLICT)
    }
}
