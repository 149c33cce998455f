//! Making sure that a worktree is what its owner takes it for, before it is changed.
//!
//! Worktrees lie inside the user's working tree. Where one has lost its `.git` file, git
//! would find the user's repository instead, and a reset would be one of the user's files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::command::Git;
use super::error::{GitError, Result};
use super::id::BranchName;
use super::owned::mark;

impl Git {
    /// Fails unless the folder is the top of a worktree.
    pub(super) fn expect_worktree(&self, branch: &BranchName) -> Result<()> {
        if self.is_top_of_worktree()? {
            return Ok(());
        }
        Err(self.strayed(branch, "is not a git worktree any more"))
    }

    /// Whether the folder is the top of a worktree.
    pub(super) fn is_top_of_worktree(&self) -> Result<bool> {
        let answer = self
            .call(["rev-parse", "--path-format=absolute", "--show-toplevel"])
            .run_any()?;
        let same = |top: &Path| match (top.canonicalize(), self.dir().canonicalize()) {
            (Ok(top), Ok(dir)) => top == dir,
            _ => false,
        };
        Ok(answer.code == Some(0) && same(Path::new(&answer.path())))
    }

    /// The branch that is checked out; none if the head is detached.
    pub(super) fn current_branch(&self) -> Result<Option<BranchName>> {
        let answer = self
            .call(["symbolic-ref", "--quiet", "HEAD"])
            .run_allowing(&[0, 1])?;
        Ok(BranchName::of_reference(answer.line().as_bytes()))
    }

    /// What git is in the middle of in this worktree: "a merge", "a rebase", …
    ///
    /// # Errors
    /// When git fails.
    pub fn operation(&self) -> Result<Option<&'static str>> {
        const SIGNS: &[(&str, &str)] = &[
            ("rebase-merge", "a rebase"),
            ("rebase-apply", "a rebase"),
            ("MERGE_HEAD", "a merge"),
            ("CHERRY_PICK_HEAD", "a cherry-pick"),
            ("REVERT_HEAD", "a revert"),
            ("sequencer", "a cherry-pick"),
            ("BISECT_START", "a bisection"),
        ];
        let git_dir = self.git_dir()?;
        let found = SIGNS.iter().find(|(sign, _)| git_dir.join(sign).exists());
        Ok(found.map(|(_, name)| *name))
    }

    /// The worktree's own folder of git's.
    pub(super) fn git_dir(&self) -> Result<PathBuf> {
        Ok(self.run(["rev-parse", "--absolute-git-dir"])?.path())
    }

    /// Removes the locks that a killed git left on this worktree and on its branch. Only
    /// where no other process works in it and nobody else moves the branch.
    pub(super) fn remove_stale_locks(&self, branch: &BranchName) -> Result<()> {
        let git_dir = self.git_dir()?;
        remove(&["index", "HEAD"].map(|name| git_dir.join(format!("{name}.lock"))))?;
        self.remove_stale_locks_of(branch)
    }

    /// Removes those that it left on the branch alone, and on where its run left it.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn remove_stale_locks_of(&self, branch: &BranchName) -> Result<()> {
        let args = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
        let common_dir = self.run(args)?.path();
        let references = [branch.reference(), mark(branch)];
        remove(&references.map(|name| common_dir.join(format!("{name}.lock"))))
    }

    pub(super) fn strayed(&self, branch: &BranchName, state: impl Into<String>) -> GitError {
        GitError::Strayed {
            path: self.dir().to_path_buf(),
            branch: branch.clone(),
            state: state.into(),
        }
    }
}

/// Removes these files, where they are there.
fn remove(locks: &[PathBuf]) -> Result<()> {
    for lock in locks {
        match std::fs::remove_file(lock) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(GitError::File {
                    action: "remove",
                    path: lock.clone(),
                    source,
                });
            }
            _ => {}
        }
    }
    Ok(())
}
