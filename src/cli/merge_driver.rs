//! `tk merge-driver`, for git alone.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{Outcome, Session};
use crate::ops::{self, CONFLICT, MERGED, MergeRequest};
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
    path: OsString,
    /// What git calls the base, ours and theirs
    #[arg(num_args = 3, value_names = ["BASE_NAME", "OURS_NAME", "THEIRS_NAME"])]
    names: Vec<OsString>,
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
        let is_option = |word: &OsString| word.as_encoded_bytes().starts_with(b"-");
        if command != "merge-driver" || words.iter().any(is_option) {
            return None;
        }
        Some(Self {
            base: base.into(),
            ours: ours.into(),
            theirs: theirs.into(),
            path: path.clone(),
            names: names.to_vec(),
        })
    }

    pub(super) fn run(self, session: &Session) -> Outcome {
        self.merge(&session.context.cwd, &session.screen)
    }

    /// Merges in the working tree whose top that is.
    pub(super) fn merge(self, top: &Path, screen: &Screen) -> Outcome {
        // No ticket's path has anything but ASCII in it, branches and subjects may have any bytes.
        let path = self.path.to_string_lossy();
        let names = [0, 1, 2].map(|nth| {
            let name = self.names.get(nth).map(OsString::as_os_str);
            name.map(OsStr::to_string_lossy).unwrap_or_default()
        });
        let request = MergeRequest {
            sides: [&self.base, &self.ours, &self.theirs].map(PathBuf::as_path),
            path: &path,
            names: names.each_ref().map(AsRef::as_ref),
        };
        let Some(notices) = ops::drive(top, &request)? else {
            screen.raw("merged\n")?;
            return Ok(MERGED);
        };
        screen.notices(&notices)?;
        screen.raw("conflict\n")?;
        Ok(CONFLICT)
    }
}
