//! Where the main working tree is of a repository whose folder of git's is elsewhere: a
//! submodule's, or one that `git init --separate-git-dir` made.

use std::path::{Path, PathBuf};

use super::command::Git;
use super::error::Result;
use super::repo::{Repo, resolved};

impl Repo {
    /// Whether [`Self::home`] is found from other working trees of the repository, too.
    ///
    /// # Errors
    /// When git's settings cannot be read.
    pub fn home_is_told(&self) -> Result<bool> {
        let home = self.home();
        if self.common_dir() == home.join(".git") {
            return Ok(true);
        }
        Ok(told(&self.home_git(), self.common_dir())?.as_deref() == Some(home))
    }
}

/// What the repository's own settings tell; none where they do not, or there is no such folder.
pub(super) fn told(git: &Git, common_dir: &Path) -> Result<Option<PathBuf>> {
    let call = git
        .call(["config", "--file"])
        .arg(common_dir.join("config"));
    let answer = call
        .args(["--get", "core.worktree"])
        .run_allowing(&[0, 1])?;
    let path = common_dir.join(answer.path());
    let is_told = answer.code == Some(0) && path.is_dir();
    is_told.then(|| resolved(&path)).transpose()
}

/// The main working tree, as far as the settings tell it, or `git` runs in it.
pub(super) fn of(git: &Git, common_dir: &Path) -> Result<Option<PathBuf>> {
    if let Some(told) = told(git, common_dir)? {
        return Ok(Some(told));
    }
    if !super::worktree::same_place(&git.git_dir()?, common_dir) {
        return Ok(None);
    }
    let top = git.call(["rev-parse", "--show-toplevel"]).run_any()?;
    Ok((top.code == Some(0)).then(|| top.path()))
}
