//! Several merges, one on the other, that are tried together: commits that no branch leads to
//! until the tree of the last one has passed.

use super::{Closing, CommitId, Integration, NewCommit, PendingMerge, parse_tree};
use crate::git::Result;
use crate::git::id::is_ticks;

/// Merge commits on top of a run's branch, none of them on it yet.
#[derive(Clone, Debug)]
pub struct Chain {
    onto: CommitId,
    commits: Vec<CommitId>,
}

impl Chain {
    /// The commits, the first one first.
    #[must_use]
    pub fn commits(&self) -> &[CommitId] {
        &self.commits
    }

    fn tip(&self) -> CommitId {
        self.commits.last().copied().unwrap_or(self.onto)
    }
}

impl Integration {
    /// An empty chain on the branch's tip.
    ///
    /// # Errors
    /// When git fails.
    pub fn chain(&self) -> Result<Chain> {
        self.recover()?;
        Ok(Chain {
            onto: self.tip()?,
            commits: Vec::new(),
        })
    }

    /// Merges the commit into the chain's tip, in memory, `.ticks/` as the tip has it but for
    /// the files that close its ticket, as [`Integration::land`] does; whether it merged. The chain
    /// is as it was where it did not.
    ///
    /// # Errors
    /// When git fails for another reason than a conflict.
    pub fn chain_on(
        &self,
        chain: &mut Chain,
        other: CommitId,
        closing: &Closing<'_>,
    ) -> Result<bool> {
        let tip = chain.tip();
        if self.git.is_ancestor(other, tip)? {
            return Ok(false);
        }
        let answer = self
            .git
            .call([
                "merge-tree",
                "--write-tree",
                "--no-messages",
                "--name-only",
                "-z",
            ])
            .args([tip.to_string(), other.to_string()])
            .run_allowing(&[0, 1])?;
        let mut fields = answer.fields();
        let tree = fields.next().unwrap_or_default();
        if fields.any(|path| !is_ticks(path)) {
            return Ok(false);
        }
        let mut only = answer.clone();
        only.stdout = tree.to_vec();
        let merged = self.git.tree_with_ticks_of(parse_tree(&only)?, tip)?;
        let commit = self.git.make_commit(&NewCommit {
            tree: self.git.tree_with(merged, closing.files)?,
            parents: &[tip, self.closed(other, closing)?],
            message: closing.message,
            author: closing.author,
        })?;
        chain.commits.push(commit);
        Ok(true)
    }

    /// Puts the files of the chain's tip into the worktree, for the gate; the branch stays.
    /// [`Integration::merge_abort`] puts the worktree back.
    ///
    /// # Errors
    /// When git fails.
    pub fn chain_begin(&self, chain: &Chain) -> Result<PendingMerge> {
        let (onto, tip) = (chain.onto, chain.tip());
        self.git
            .call(["read-tree", "-m", "-u"])
            .args([onto.to_string(), tip.to_string()])
            .run()?;
        self.git.submodules()?;
        Ok(PendingMerge {
            onto,
            merged: tip,
            tickets: Vec::new(),
            tree: self.git.tree_of(tip)?,
        })
    }

    /// Moves the branch to the chain's tip and puts the worktree to it; what the gate had
    /// changed gets in nowhere, and is told.
    ///
    /// # Errors
    /// When git fails. Then the branch has not moved.
    pub fn chain_commit(&self, pending: &PendingMerge, chain: &Chain) -> Result<Vec<String>> {
        let changed = self.changed_by_checks(pending)?;
        self.move_to(chain.tip(), chain.onto, "tk: land tickets together")?;
        Ok(changed)
    }
}
