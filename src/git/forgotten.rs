//! Worktrees whose folder is there and that git has forgotten, as where somebody removed
//! `.git/worktrees`.

use std::path::{Path, PathBuf};

use super::alone::Alone;
use super::error::{GitError, Result};
use super::id::BranchName;
use super::worktree::{Worktrees, same_place};

impl Worktrees {
    /// Has git know the worktree of that branch again that its folder says it was; whether it had
    /// forgotten it. The files in it stay as they are; nothing of them is staged any more.
    ///
    /// # Errors
    /// When git fails, or its folder cannot be written.
    pub fn recall(&self, path: &Path, branch: &BranchName) -> Result<bool> {
        let Some(entry) = self.lost_entry(path) else {
            return Ok(false);
        };
        let is_on_it = |there: &super::worktree::Worktree| there.branch.as_ref() == Some(branch);
        let is_there = self.git.commit_of(&branch.reference())?.is_some();
        if !is_there || self.list()?.iter().any(is_on_it) {
            return Ok(false);
        }
        let alone = Alone::among(&self.common_dir)?;
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&entry)?;
            std::fs::write(entry.join("commondir"), "../..\n")?;
            let file = path.join(".git");
            std::fs::write(entry.join("gitdir"), format!("{}\n", file.display()))?;
            std::fs::write(entry.join("HEAD"), format!("ref: {}\n", branch.reference()))
        };
        write().map_err(|source| GitError::File {
            action: "write",
            path: entry.clone(),
            source,
        })?;
        self.git.at(path).run(["reset", "--quiet"])?;
        drop(alone);
        Ok(true)
    }

    /// The folder of git's that the `.git` file of a worktree of this repository names, where that
    /// is gone.
    fn lost_entry(&self, path: &Path) -> Option<PathBuf> {
        let text = std::fs::read_to_string(path.join(".git")).ok()?;
        let entry = PathBuf::from(text.strip_prefix("gitdir: ")?.trim_end());
        let folder = entry.parent()?;
        let is_ours =
            folder.file_name()? == "worktrees" && same_place(folder.parent()?, &self.common_dir);
        (is_ours && !entry.exists()).then_some(entry)
    }
}
