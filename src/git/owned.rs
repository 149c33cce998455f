//! A branch that only its run moves, as long as that goes on: where the run left it is in
//! `refs/tk/tip/<branch>` too, which moves together with it. Wherever else the branch is, another
//! has moved it there.

use super::command::Git;
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId};

/// How often a branch that keeps moving is put back, before that is given up.
const TRIES: u32 = 8;

/// What another moved a branch to that was a run's alone; the branch is where the run left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The branch.
    pub branch: BranchName,
    /// The commit that it was moved to.
    pub commit: CommitId,
    /// The full name of the reference that keeps that commit.
    pub kept: String,
}

/// The reference that says where its run has left the branch.
pub(super) fn mark(branch: &BranchName) -> String {
    format!("refs/tk/tip/{branch}")
}

impl Git {
    /// Where its run has left the branch; none where no run is at it.
    ///
    /// # Errors
    /// When git fails.
    pub fn left_at(&self, branch: &BranchName) -> Result<Option<CommitId>> {
        self.commit_of(&mark(branch))
    }

    /// From now on the branch is its run's alone, as it is now; where it was so before, it stays
    /// as it was left.
    ///
    /// # Errors
    /// When there is no such branch, or git fails.
    pub fn own(&self, branch: &BranchName) -> Result<()> {
        if self.left_at(branch)?.is_some() {
            return Ok(());
        }
        let tip = self.commit_of(&branch.reference())?;
        let tip = tip.ok_or_else(|| GitError::NoBranch(branch.clone()))?;
        self.move_reference(&mark(branch), tip, None, "tk: begin")
    }

    /// From now on everybody may move the branch.
    ///
    /// # Errors
    /// When git fails.
    pub fn disown(&self, branch: &BranchName) -> Result<()> {
        match self.left_at(branch)? {
            Some(left) => self.delete_reference(&mark(branch), left),
            None => Ok(()),
        }
    }

    /// Puts the branch back to where its run left it, if another moved it; what it was moved to
    /// is kept. Only for a branch that is checked out nowhere, or in a worktree that is then
    /// reset. One that was deleted stays so.
    ///
    /// # Errors
    /// When it keeps moving, or git fails.
    pub fn put_back(&self, branch: &BranchName) -> Result<Option<Stray>> {
        let reference = branch.reference();
        for _ in 0..TRIES {
            let Some(left) = self.left_at(branch)? else {
                return Ok(None);
            };
            let Some(commit) = self.commit_of(&reference)?.filter(|tip| *tip != left) else {
                return Ok(None);
            };
            let kept = self.keep_stray(commit)?;
            let why = "tk: put back what another moved";
            match self.move_branch(branch, left, Some(commit), why) {
                Ok(()) => {
                    return Ok(Some(Stray {
                        branch: branch.clone(),
                        commit,
                        kept,
                    }));
                }
                Err(GitError::Moved { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(GitError::Moved { reference })
    }

    /// Keeps a commit that a branch is taken off from; the reference's full name.
    fn keep_stray(&self, commit: CommitId) -> Result<String> {
        let reference = format!("refs/tk/stray/{commit}");
        if self.commit_of(&reference)?.is_none() {
            self.move_reference(&reference, commit, None, "tk: stray")?;
        }
        Ok(reference)
    }

    /// Moves the branch from `old` to `new`, and with it what tells where its run left it.
    pub(super) fn move_owned(
        &self,
        branch: &BranchName,
        new: CommitId,
        old: CommitId,
        why: &str,
    ) -> Result<()> {
        if self.left_at(branch)?.is_none() {
            return self.move_branch(branch, new, Some(old), why);
        }
        let reference = branch.reference();
        // What is cut off between the two leaves the branch behind, and it is put forward.
        let both = [mark(branch), reference.clone()];
        let updates = both.map(|name| format!("update {name}\0{new}\0{old}\0"));
        self.call(["update-ref", "-m", why, "-z", "--stdin"])
            .stdin(updates.concat())
            .run()
            .map(drop)
            .map_err(|error| super::commit::changed_meanwhile(error, &reference))
    }
}
