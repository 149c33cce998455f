//! Worktrees and git that do not find each other: those whose folder was moved together with the
//! repository, and those that have lost their `.git` file.

use std::path::{Path, PathBuf};

use super::alone::Alone;
use super::checkout::folder_of;
use super::error::{GitError, Result};
use super::worktree::{Worktree, Worktrees, same_place};

/// A worktree that git looks for where it is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The worktree as git knows it.
    pub worktree: Worktree,
    /// Where its folder is.
    pub path: PathBuf,
}

impl Worktrees {
    /// Tells git where the worktrees are that were moved to `folder`, an absolute path; their
    /// folders.
    ///
    /// # Errors
    /// As [`Self::repair`].
    pub fn repair_moved(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let moved = moved(&self.list()?, folder, &self.common_dir);
        let paths = moved.into_iter().map(|moved| moved.path);
        paths
            .map(|path| self.repair(&path).map(|()| path))
            .collect()
    }

    /// Tells git that the worktree is at that place, and the worktree where git's folder is.
    ///
    /// # Errors
    /// When git fails, or does not know it there all the same.
    pub fn repair(&self, path: &Path) -> Result<()> {
        let alone = Alone::among(&self.common_dir)?;
        self.git
            .call(["worktree", "repair", "--"])
            .arg(path)
            .run()?;
        drop(alone);
        let is_there = |there: &Worktree| !there.missing && same_place(&there.path, path);
        if self.list()?.iter().any(is_there) {
            return Ok(());
        }
        Err(GitError::WorktreeInTheWay {
            path: path.to_path_buf(),
            reason: "`git worktree repair` does not make it a worktree again".to_owned(),
        })
    }
}

impl Worktrees {
    /// Whether there is a folder, with what makes it a worktree.
    #[must_use]
    pub fn is_connected(path: &Path) -> bool {
        path.join(".git").symlink_metadata().is_ok()
    }

    /// Makes the `.git` file of the worktree at `path` again, if it was removed; whether it was.
    /// What is in the folder stays as it is.
    ///
    /// # Errors
    /// When git fails, or does not make it.
    pub fn reconnect(&self, path: &Path) -> Result<bool> {
        let is_there = |there: &Worktree| same_place(&there.path, path);
        if Self::is_connected(path) || !path.is_dir() || !self.list()?.iter().any(is_there) {
            return Ok(false);
        }
        let alone = Alone::among(&self.common_dir)?;
        // It is done to all of them; what it cannot mend of others is no error of this one.
        self.git
            .call(["worktree", "repair"])
            .run_allowing(&[0, 1])?;
        drop(alone);
        if Self::is_connected(path) {
            return Ok(true);
        }
        Err(GitError::WorktreeInTheWay {
            path: path.to_path_buf(),
            reason: "its `.git` file is gone, and `git worktree repair` does not make it again"
                .to_owned(),
        })
    }
}

/// Of the worktrees those whose folder is gone and is in `folder` by the same name: what is there
/// names the entry that git has of it.
pub(super) fn moved(worktrees: &[Worktree], folder: &Path, common_dir: &Path) -> Vec<Moved> {
    let gone = worktrees.iter().filter(|there| there.missing);
    gone.filter_map(|there| {
        let path = folder.join(there.path.file_name()?);
        let entry = folder_of(common_dir, &there.path)?;
        let text = std::fs::read_to_string(path.join(".git")).ok()?;
        let named = Path::new(text.strip_prefix("gitdir: ")?.trim_end());
        let same_name =
            named.file_name() == entry.file_name() && named.parent()?.file_name()? == "worktrees";
        // One that leads to another repository is that one's.
        let leads_elsewhere = named.exists() && !same_place(named, &entry);
        (same_name && !leads_elsewhere).then(|| Moved {
            worktree: there.clone(),
            path,
        })
    })
    .collect()
}
