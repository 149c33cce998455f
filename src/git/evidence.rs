//! What a worker left in its worktree: commits, uncommitted changes, changed ticket files.

use std::path::PathBuf;

use super::backup::{Backup, Backups};
use super::command::{Author, Git};
use super::commit::NewCommit;
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId, TICKS};
use super::merge::shown;
use super::tree::parse_tree;
use crate::model::TicketId;

/// A pathspec for everything but `.ticks/`.
const NOT_TICKS: &str = ":(exclude,top,literal).ticks";

/// The worktree of a ticket's branch, when its worker and all that it started have ended.
#[derive(Clone, Debug)]
pub struct TicketTree {
    pub(super) git: Git,
    branch: BranchName,
}

/// What is on a ticket's branch and in its worktree, beside where it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The branch's tip.
    pub tip: CommitId,
    /// How many commits it has that the run's branch has not.
    pub commits: u64,
    /// The files outside `.ticks/` that those commits change.
    pub changed: Vec<String>,
    /// The files outside `.ticks/` that are changed and not committed, untracked ones too.
    pub uncommitted: Vec<String>,
    /// The files of `.ticks/` that are changed, committed or not.
    pub tickets: Vec<String>,
}

impl Evidence {
    /// Whether there is any change to land.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.uncommitted.is_empty()
    }
}

/// What was committed for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// The commit; none if there was nothing to commit.
    pub commit: Option<CommitId>,
    /// What could not be: repositories of their own inside the worktree.
    pub left: Vec<String>,
}

/// What was undone below `.ticks/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The files.
    pub files: Vec<String>,
    /// The commit that undoes what was committed, if anything was.
    pub commit: Option<CommitId>,
    /// What keeps the changes that were not committed, if there were any.
    pub backup: Option<Backup>,
}

impl TicketTree {
    /// The worktree at that folder, of that branch.
    #[must_use]
    pub fn new(worktree: impl Into<PathBuf>, branch: BranchName) -> Self {
        Self {
            git: Git::new(worktree),
            branch,
        }
    }

    /// The branch.
    #[must_use]
    pub fn branch(&self) -> &BranchName {
        &self.branch
    }

    /// Takes away the locks that a killed git left in the worktree and on the branch. Only when
    /// no process works there.
    ///
    /// # Errors
    /// When git fails.
    pub fn unlock(&self) -> Result<()> {
        self.git.expect_worktree(&self.branch)?;
        self.git.remove_stale_locks(&self.branch)
    }

    /// What is there, beside the run's branch `onto`.
    ///
    /// # Errors
    /// [`GitError::Strayed`] when the worktree is not on its branch or in the middle of
    /// something; others when git fails.
    pub fn evidence(&self, onto: CommitId) -> Result<Evidence> {
        let (tip, base) = self.tip_and_base(onto)?;
        let range = format!("{onto}..{tip}");
        let answer = self.git.run(["rev-list", "--count", &range])?;
        let commits = answer
            .line()
            .parse()
            .map_err(|_| answer.unexpected("a number"))?;
        let mut tickets = self.differing(base, tip, TICKS)?;
        tickets.extend(self.uncommitted(TICKS)?);
        tickets.sort();
        tickets.dedup();
        Ok(Evidence {
            tip,
            commits,
            changed: self.differing(base, tip, NOT_TICKS)?,
            uncommitted: self.uncommitted(NOT_TICKS)?,
            tickets,
        })
    }

    /// Undoes what the worker changed below `.ticks/` since it parted from `onto`: a worker's
    /// stale copy must not turn tickets back. What was not committed is kept in a backup.
    ///
    /// # Errors
    /// As [`Self::evidence`].
    pub fn undo_ticks(&self, ticket: &TicketId, onto: CommitId) -> Result<Undone> {
        let (tip, base) = self.tip_and_base(onto)?;
        self.git.remove_stale_locks(&self.branch)?;
        let committed = self.differing(base, tip, TICKS)?;
        let uncommitted = self.uncommitted(TICKS)?;
        let backup = if uncommitted.is_empty() {
            None
        } else {
            let backups = Backups::new(self.git.clone());
            Some(backups.keep_worktree(ticket, &self.git)?)
        };
        let commit = if committed.is_empty() {
            None
        } else {
            let tree = self.git.tree_with_ticks_of(self.git.tree_of(tip)?, base)?;
            let message = "Leave the ticket files as they were\n";
            Some(self.commit(tree, tip, message, None)?)
        };
        if backup.is_some() || commit.is_some() {
            self.git.restore_ticks(base)?;
        }
        let mut files = committed;
        files.extend(uncommitted);
        files.sort();
        files.dedup();
        Ok(Undone {
            files,
            commit,
            backup,
        })
    }

    /// Commits everything outside `.ticks/` that is not ignored.
    ///
    /// # Errors
    /// As [`Self::evidence`].
    pub fn commit_rest(&self, message: &str, author: Option<&Author>) -> Result<Rest> {
        let tip = self.tip()?;
        self.git.remove_stale_locks(&self.branch)?;
        let left = self.git.add_all(&[NOT_TICKS])?;
        let staged = parse_tree(&self.git.run(["write-tree"])?)?;
        let tree = self.git.tree_with_ticks_of(staged, tip)?;
        let commit = if tree == self.git.tree_of(tip)? {
            None
        } else {
            Some(self.commit(tree, tip, message, author)?)
        };
        Ok(Rest { commit, left })
    }

    fn commit(
        &self,
        tree: super::TreeId,
        parent: CommitId,
        message: &str,
        author: Option<&Author>,
    ) -> Result<CommitId> {
        let parents = &[parent];
        let commit = self.git.make_commit(&NewCommit {
            tree,
            parents,
            message,
            author,
        })?;
        let why = "tk: commit for the worker";
        self.git
            .move_branch(&self.branch, commit, Some(parent), why)?;
        Ok(commit)
    }

    /// The branch's tip, if the worktree is on it and not in the middle of something.
    pub(super) fn tip(&self) -> Result<CommitId> {
        self.git.expect_worktree(&self.branch)?;
        match self.git.current_branch()? {
            Some(branch) if branch == self.branch => {}
            elsewhere => {
                // Where to find what was committed there.
                let at = self.git.head_commit()?;
                let place = elsewhere.map_or("no branch".to_owned(), |it| format!("`{it}`"));
                let state = format!("is on {place}, at commit {at}");
                return Err(self.git.strayed(&self.branch, state));
            }
        }
        if let Some(operation) = self.git.operation()? {
            let state = format!("is in the middle of {operation}");
            return Err(self.git.strayed(&self.branch, state));
        }
        if !self.git.paths(&["ls-files", "-u", "-z"])?.is_empty() {
            return Err(self.git.strayed(&self.branch, "has unresolved conflicts"));
        }
        self.git
            .commit_of(&self.branch.reference())?
            .ok_or_else(|| GitError::NoBranch(self.branch.clone()))
    }

    fn tip_and_base(&self, onto: CommitId) -> Result<(CommitId, CommitId)> {
        let tip = self.tip()?;
        let base = self.git.merge_base(onto, tip)?;
        let base = base.ok_or_else(|| {
            self.git.strayed(
                &self.branch,
                format!("has no history in common with {onto}"),
            )
        })?;
        Ok((tip, base))
    }

    fn differing(&self, from: CommitId, to: CommitId, where_: &str) -> Result<Vec<String>> {
        let paths = self.git.paths(&[
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            &from.to_string(),
            &to.to_string(),
            "--",
            where_,
        ])?;
        Ok(paths.iter().map(|path| shown(path)).collect())
    }

    fn uncommitted(&self, where_: &str) -> Result<Vec<String>> {
        self.git.uncommitted(where_)
    }
}

impl Git {
    /// The files that are changed and not committed, untracked ones too.
    pub(super) fn uncommitted(&self, where_: &str) -> Result<Vec<String>> {
        let paths = self.changed_paths(where_)?;
        Ok(paths.iter().map(|path| shown(path)).collect())
    }

    /// The files of `.ticks/` that are changed and not committed, untracked ones too.
    ///
    /// # Errors
    /// When git fails.
    pub fn unsaved_tickets(&self) -> Result<Vec<String>> {
        self.uncommitted(TICKS)
    }

    /// The paths of [`Self::uncommitted`].
    pub(super) fn changed_paths(&self, where_: &str) -> Result<Vec<Vec<u8>>> {
        let answer = self.run([
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--",
            where_,
        ])?;
        Ok(answer
            .fields()
            .map(|line| line.get(3..).unwrap_or_default().to_vec())
            .collect())
    }

    /// Puts everything that is not ignored into the index, but for what `except` names and
    /// for repositories inside the worktree, which are returned: git would record them as
    /// submodules that nobody can check out.
    pub(super) fn add_all(&self, except: &[&str]) -> Result<Vec<String>> {
        let untracked = self.paths(&["ls-files", "-o", "-z", "--exclude-standard"])?;
        let repositories: Vec<&[u8]> = untracked
            .iter()
            .filter_map(|path| path.strip_suffix(b"/"))
            .collect();
        let mut wanted = b".".to_vec();
        for except in except {
            wanted.push(0);
            wanted.extend_from_slice(except.as_bytes());
        }
        for repository in &repositories {
            wanted.extend_from_slice(b"\0:(exclude,top,literal)");
            wanted.extend_from_slice(repository);
        }
        self.call([
            "add",
            "--all",
            "--pathspec-from-file=-",
            "--pathspec-file-nul",
        ])
        .stdin(wanted)
        .run()?;
        Ok(repositories.into_iter().map(shown).collect())
    }
}
