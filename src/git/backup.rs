//! References that keep work from being lost: `refs/tk/backup/<ticket>/<n>`.

use super::command::Git;
use super::commit::NewCommit;
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId};
use super::tree::parse_id;
use crate::context::point::Point;
use crate::model::TicketId;

/// How often a number that another process took at the same time is tried anew.
const TRIES: u32 = 8;

/// A commit that is kept, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The reference's full name.
    pub reference: String,
    /// The commit.
    pub commit: CommitId,
}

/// The backups of a repository.
#[derive(Clone, Debug)]
pub struct Backups {
    git: Git,
}

impl Backups {
    /// Those of the repository in whose folder `git` runs.
    #[must_use]
    pub fn new(git: Git) -> Self {
        Self { git }
    }

    pub(super) fn git(&self) -> &Git {
        &self.git
    }

    /// The ticket's backups, oldest first.
    ///
    /// # Errors
    /// When git fails.
    pub fn of(&self, ticket: &TicketId) -> Result<Vec<Backup>> {
        let answer = self.git.run([
            "for-each-ref",
            "--format=%(objectname) %(refname)",
            &format!("refs/tk/backup/{ticket}/"),
        ])?;
        let mut found = Vec::new();
        for line in answer.line().lines() {
            let (id, reference) = line.split_once(' ').unwrap_or((line, ""));
            let number = reference.rsplit('/').next().and_then(|n| n.parse().ok());
            let backup = Backup {
                reference: reference.to_owned(),
                commit: parse_id(&answer, id)?,
            };
            found.push((number.unwrap_or(0_u64), backup));
        }
        found.sort_by_key(|(number, _)| *number);
        Ok(found.into_iter().map(|(_, backup)| backup).collect())
    }

    /// Keeps the commit; if the newest backup of the ticket is that commit, it is that one.
    ///
    /// # Errors
    /// When git fails.
    pub fn keep(&self, ticket: &TicketId, commit: CommitId) -> Result<Backup> {
        Point::BranchKept.around(|| self.keep_new(ticket, commit))
    }

    fn keep_new(&self, ticket: &TicketId, commit: CommitId) -> Result<Backup> {
        let mut tries = 0;
        loop {
            let there = self.of(ticket)?;
            if let Some(newest) = there.last().filter(|newest| newest.commit == commit) {
                return Ok(newest.clone());
            }
            let last = there
                .last()
                .and_then(|newest| newest.reference.rsplit('/').next()?.parse().ok());
            let next = last.unwrap_or(0_u64) + 1;
            let reference = format!("refs/tk/backup/{ticket}/{next}");
            match self
                .git
                .move_reference(&reference, commit, None, "tk: backup")
            {
                Ok(()) => return Ok(Backup { reference, commit }),
                Err(GitError::Moved { .. }) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Keeps everything that is in that worktree now, or that only it leads to, committed or
    /// not, as a commit on top of its head. Neither its index nor its files change. Of ignored
    /// files those that are few, small, and not the user's own are kept.
    ///
    /// # Errors
    /// When there is nothing in it, not even a commit, or git fails.
    pub fn keep_worktree(&self, ticket: &TicketId, worktree: &Git) -> Result<Backup> {
        Point::WorktreeKept.around(|| self.keep_all_of(ticket, worktree))
    }

    fn keep_all_of(&self, ticket: &TicketId, worktree: &Git) -> Result<Backup> {
        let commit = worktree.snapshot(Some(self.git.dir()))?;
        let commit = commit.ok_or_else(|| GitError::InUse {
            what: worktree.dir().display().to_string(),
            reason: "there is no commit in it".to_owned(),
        })?;
        self.keep(ticket, commit)
    }

    /// Deletes the branch, which must be checked out nowhere, after its tip and what else only
    /// its log leads to are in a backup. One that is gone is no error.
    ///
    /// # Errors
    /// When the branch moves meanwhile, or git fails.
    pub fn remove_branch(&self, ticket: &TicketId, branch: &BranchName) -> Result<()> {
        let reference = branch.reference();
        let Some(tip) = self.git.commit_of(&reference)? else {
            return Ok(());
        };
        let log = self.git.git_path(&format!("logs/{reference}"))?;
        let mut parents = vec![tip];
        parents.extend(self.git.commits_only_in(&log, Some(tip))?);
        let commit = if parents.len() == 1 {
            tip
        } else {
            self.git.make_commit(&NewCommit {
                tree: self.git.tree_of(tip)?,
                parents: &parents,
                message: &format!("Everything that `{branch}` has led to\n"),
                author: None,
            })?
        };
        let backup = match self.of(ticket)?.pop() {
            // That of its worktree, for one.
            Some(newest) if self.git.is_ancestor(commit, newest.commit)? => newest,
            _ => self.keep(ticket, commit)?,
        };
        self.delete_branch(branch, &backup)
    }

    /// Deletes the branch, whose tip must be in the backup, and which must be checked out
    /// nowhere.
    ///
    /// # Errors
    /// When the branch has moved, is not in the backup, or git fails.
    pub fn delete_branch(&self, branch: &BranchName, backup: &Backup) -> Result<()> {
        let reference = branch.reference();
        let Some(tip) = self.git.commit_of(&reference)? else {
            return Ok(());
        };
        let kept = self.git.commit_of(&backup.reference)?;
        match kept {
            Some(kept) if self.git.is_ancestor(tip, kept)? => {
                Point::BranchDeleted.around(|| self.git.delete_reference(&reference, tip))
            }
            _ => Err(GitError::Moved { reference }),
        }
    }
}
