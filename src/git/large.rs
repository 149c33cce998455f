//! Large files that git keeps as pointers.

use super::command::Git;

impl Git {
    /// The same, that leaves pointers in the worktree where `git-lfs` would fetch the large
    /// files: for worktrees of a run, of which there are many, and few need them. A worker that
    /// does can still `git lfs pull`.
    pub(super) fn with_pointers(self) -> Self {
        self.env("GIT_LFS_SKIP_SMUDGE", "1")
    }
}
