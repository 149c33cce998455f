//! `tk merge-driver`, for git alone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Outcome, Session};
use crate::ops::{self, CONFLICT, MERGED, MergeRequest, Notice};
use crate::ui::screen::Screen;

/// Merge a ticket's file; started by git
///
/// The merged file takes the place of ours. Prints `merged` (exit code 119), or `conflict` (120)
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
    /// What git calls the base, ours and theirs
    #[arg(num_args = 3, value_names = ["BASE_NAME", "OURS_NAME", "THEIRS_NAME"])]
    names: Vec<String>,
}

impl Args {
    /// The arguments of a call by git. It calls for each file of a merge: what describes all
    /// commands would take longer than the merge.
    pub(super) fn by_git(args: &[OsString]) -> Option<Self> {
        let [_, command, words @ ..] = args else {
            return None;
        };
        let [base, ours, theirs, path, names @ ..] = words else {
            return None;
        };
        if !matches!(names.len(), 0 | 3) {
            return None;
        }
        let names = names.iter().map(|name| name.to_str().map(str::to_owned));
        let is_option = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
        if command != "merge-driver" || words.iter().any(is_option) {
            return None;
        }
        Some(Self {
            base: base.into(),
            ours: ours.into(),
            theirs: theirs.into(),
            path: path.to_str()?.to_owned(),
            names: names.collect::<Option<_>>()?,
        })
    }

    pub(super) fn run(self, session: &Session) -> Outcome {
        self.merge(&session.context.cwd, &session.screen)
    }

    /// Merges in the working tree whose top that is.
    pub(super) fn merge(self, top: &Path, screen: &Screen) -> Outcome {
        let request = MergeRequest {
            sides: [&self.base, &self.ours, &self.theirs].map(PathBuf::as_path),
            path: &self.path,
            names: std::array::from_fn(|nth| self.names.get(nth).map_or("", String::as_str)),
        };
        let Some(keys) = ops::drive(top, &request)? else {
            screen.raw("merged\n")?;
            return Ok(MERGED);
        };
        let what = match keys.as_slice() {
            [] => "the sides cannot be merged key by key".to_owned(),
            keys => format!("both sides changed {}", keys.join(", ")),
        };
        screen.notices(&[
            Notice::Warning(format!("{}: {what}", self.path)),
            Notice::Hint("`tk resolve` settles it".to_owned()),
        ])?;
        screen.raw("conflict\n")?;
        Ok(CONFLICT)
    }
}
