//! A worker that has checked out another branch in its worktree, or none.

use super::command::Author;
use super::error::Result;
use super::evidence::TicketTree;
use super::id::BranchName;

/// Where a worktree was that is on its branch again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameBack {
    /// The branch that was checked out; none where the head was detached.
    pub from: Option<BranchName>,
}

impl TicketTree {
    /// Puts the worktree back on its branch, where what is checked out instead goes on from that
    /// branch with commits of `by` alone: these are on the branch then. Files and index stay as
    /// they are. Nothing is done where somebody else's commits would come along, or git is in the
    /// middle of something.
    ///
    /// # Errors
    /// When git fails, or the worktree is none any more.
    pub fn come_back(&self, by: &Author) -> Result<Option<CameBack>> {
        let git = &self.git;
        git.expect_worktree(self.branch())?;
        let from = git.current_branch()?;
        let is_of_tk = |branch: &BranchName| branch.as_str().starts_with("tk/");
        if from.as_ref().is_some_and(is_of_tk) || git.operation()?.is_some() {
            return Ok(None);
        }
        let Some(tip) = git.commit_of(&self.branch().reference())? else {
            return Ok(None);
        };
        let at = git.head_commit()?;
        if !git.is_ancestor(tip, at)? {
            return Ok(None);
        }
        let range = format!("{tip}..{at}");
        let authors = git.run(["log", "--format=%ae", &range])?;
        if authors.line().lines().any(|email| email != by.email) {
            return Ok(None);
        }
        let why = "tk: back on its branch";
        git.move_branch(self.branch(), at, Some(tip), why)?;
        let branch = self.branch().reference();
        git.run(["symbolic-ref", "-m", why, "HEAD", &branch])?;
        Ok(Some(CameBack { from }))
    }
}
