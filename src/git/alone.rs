//! One at a time among the worktrees of a clone.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use super::error::{GitError, Result};

/// The right to add or remove worktrees, over all processes of the clone. Git reads the
/// entries of all of them for each, and dies when one goes while it does (seen with 2.47:
/// `fatal: Invalid path '.git/worktrees/…'`). Letting go of it gives it to the next.
#[derive(Debug)]
pub(super) struct Alone(File);

impl Alone {
    pub(super) fn among(common_dir: &Path) -> Result<Self> {
        Self::hold(common_dir, File::lock)
    }

    /// The right that others have at the same time: to read them.
    pub(super) fn with_others(common_dir: &Path) -> Result<Self> {
        Self::hold(common_dir, File::lock_shared)
    }

    /// The same right as a program's standard input: it holds until that has ended, too.
    pub(super) fn as_input(&self) -> std::io::Result<Stdio> {
        self.0.try_clone().map(Stdio::from)
    }

    fn hold(common_dir: &Path, lock: fn(&File) -> std::io::Result<()>) -> Result<Self> {
        let locked = File::open(common_dir).and_then(|folder| lock(&folder).map(|()| folder));
        locked.map(Self).map_err(|source| GitError::File {
            action: "lock",
            path: common_dir.into(),
            source,
        })
    }
}
