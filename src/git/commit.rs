//! Making commits from trees, and moving branches to them.
//!
//! Commits are made from trees, not from an index and a working tree: no hook runs, no line
//! of a message can become a comment, and what a check or a worker left lying about cannot
//! get in. They are signed if the user's configuration says so.

use super::command::{Author, Git};
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId, TreeId};
use super::tree::parse_id;

/// A commit to be made.
#[derive(Debug)]
pub(super) struct NewCommit<'a> {
    pub(super) tree: TreeId,
    pub(super) parents: &'a [CommitId],
    pub(super) message: &'a str,
    /// None for the user.
    pub(super) author: Option<&'a Author>,
}

impl Git {
    /// Makes a commit that no branch leads to yet, signed if the user has commits signed.
    pub(super) fn make_commit(&self, new: &NewCommit<'_>) -> Result<CommitId> {
        if !self.signs()? {
            return self.commit_tree(new, None);
        }
        self.commit_tree(new, Some("-S")).map_err(|error| {
            // Git tells failures apart in the words of the program that signs. Where it can
            // make the same commit without, that is what it could not do.
            match self.commit_tree(new, Some("--no-gpg-sign")) {
                Ok(_) => GitError::Unsigned(Box::new(error)),
                Err(_) => error,
            }
        })
    }

    pub(super) fn commit_tree(&self, new: &NewCommit<'_>, sign: Option<&str>) -> Result<CommitId> {
        let git = match new.author {
            Some(author) => self.by(author),
            None => self.clone(),
        };
        let mut call = git.call(["commit-tree"]).args(sign);
        for parent in new.parents {
            call = call.arg("-p").arg(parent.to_string());
        }
        // Git refuses a NUL; nothing else in a message means anything to it.
        let message = new.message.replace('\0', "\u{fffd}");
        let answer = call
            .args(["-F", "-"])
            .arg(new.tree.to_string())
            .stdin(message)
            .run()?;
        parse_id(&answer, &answer.line())
    }

    /// Moves the branch from `old` to `new`; makes it where `old` is none.
    ///
    /// Only for a branch that is checked out nowhere, or in a worktree that is then reset.
    pub(super) fn move_branch(
        &self,
        branch: &BranchName,
        new: CommitId,
        old: Option<CommitId>,
        why: &str,
    ) -> Result<()> {
        self.move_reference(&branch.reference(), new, old, why)
    }

    /// Moves the reference from `old` to `new`; makes it where `old` is none.
    pub(super) fn move_reference(
        &self,
        reference: &str,
        new: CommitId,
        old: Option<CommitId>,
        why: &str,
    ) -> Result<()> {
        let old = old.map_or_else(|| "0".repeat(40), |old| old.to_string());
        let moved = self.run(["update-ref", "-m", why, reference, &new.to_string(), &old]);
        moved
            .map(drop)
            .map_err(|error| changed_meanwhile(error, reference))
    }

    /// Deletes the reference if it is at `old`.
    pub(super) fn delete_reference(&self, reference: &str, old: CommitId) -> Result<()> {
        let deleted = self.run(["update-ref", "-d", reference, &old.to_string()]);
        deleted
            .map(drop)
            .map_err(|error| changed_meanwhile(error, reference))
    }

    /// Whether the user's configuration has commits signed.
    pub(super) fn signs(&self) -> Result<bool> {
        let answer = self
            .call(["config", "--type=bool", "--get", "commit.gpgSign"])
            .run_allowing(&[0, 1])?;
        Ok(answer.line() == "true")
    }
}

/// `update-ref` says in words, not by its exit code, that a reference was not what it
/// should have been.
pub(super) fn changed_meanwhile(error: GitError, reference: &str) -> GitError {
    match &error {
        GitError::Failed { stderr, .. }
            if stderr.contains("but expected") || stderr.contains("reference already exists") =>
        {
            GitError::Moved {
                reference: reference.to_owned(),
            }
        }
        _ => error,
    }
}
