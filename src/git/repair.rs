//! What has landed, merged into a ticket's branch in the ticket's own worktree, where whoever
//! works there settles the conflicts.

use super::command::{Author, Git};
use super::commit::NewCommit;
use super::error::Result;
use super::evidence::TicketTree;
use super::id::CommitId;
use super::merge::shown;
use super::tree::parse_tree;

/// What became of taking in what has landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenIn {
    /// Where the branch was before.
    pub before: CommitId,
    /// The files that conflict, with markers in them, the merge not committed. None where the
    /// merge is committed, or there was nothing to merge.
    pub conflicts: Vec<String>,
}

impl TicketTree {
    /// Merges the commit into the branch; where that conflicts, the merge is left to whoever
    /// works in the worktree. The files of `.ticks/` become those of the commit.
    ///
    /// # Errors
    /// When the worktree is not on its branch or in the middle of something, or git fails.
    pub fn take_in(
        &self,
        other: CommitId,
        message: &str,
        author: Option<&Author>,
    ) -> Result<TakenIn> {
        let (before, git) = (self.tip()?, &self.git);
        let done = |conflicts| Ok(TakenIn { before, conflicts });
        if git.is_ancestor(other, before)? {
            return done(Vec::new());
        }
        let answer = git.merge_uncommitted(other)?;
        if answer.code != Some(0) && git.conflicting()?.is_empty() {
            return Err(answer.failure());
        }
        git.restore_ticks(other)?;
        let conflicts = git.conflicting()?;
        if !conflicts.is_empty() {
            return done(conflicts);
        }
        let tree = parse_tree(&git.run(["write-tree"])?)?;
        let commit = git.make_commit(&NewCommit {
            tree,
            parents: &[before, other],
            message,
            author,
        })?;
        let why = "tk: take in what has landed";
        git.move_branch(self.branch(), commit, Some(before), why)?;
        // The files are the commit's; what is left is that git takes it for a merge.
        git.run(["reset", "--quiet", "--hard", &commit.to_string()])?;
        done(Vec::new())
    }

    /// The files of a merge that is not settled: those that conflict, where it is not
    /// committed, and those that have conflict markers in them which neither of the commits
    /// has. None where everything is settled.
    ///
    /// # Errors
    /// When git fails.
    pub fn unsettled(&self, sides: &[CommitId]) -> Result<Option<Vec<String>>> {
        let git = &self.git;
        let unmerged = git.conflicting()?;
        if !unmerged.is_empty() || git.operation()? == Some("a merge") {
            return Ok(Some(unmerged));
        }
        if sides.is_empty() {
            return Ok(None);
        }
        let mut marked = git.marked("HEAD")?;
        for side in sides {
            let there = git.marked(&side.to_string())?;
            marked.retain(|path| !there.contains(path));
        }
        Ok((!marked.is_empty()).then_some(marked))
    }
}

impl Git {
    /// The files that conflict, by the index.
    fn conflicting(&self) -> Result<Vec<String>> {
        let paths = self.unmerged_paths()?;
        Ok(paths.iter().map(|path| shown(path)).collect())
    }

    /// The files of the commit that have conflict markers in them, of seven characters or more.
    fn marked(&self, commit: &str) -> Result<Vec<String>> {
        let answer = self
            .call(["grep", "-z", "--name-only", "--full-name", "--all-match"])
            // However the user has patterns meant and names coloured.
            .args(["--basic-regexp", "--no-color"])
            .args(["-e", "^<<<<<<<<* ", "-e", "^>>>>>>>>* ", commit, "--"])
            .run_allowing(&[0, 1])?;
        let prefix = format!("{commit}:");
        let paths = answer.fields().map(shown);
        Ok(paths
            .map(|path| path.strip_prefix(&prefix).unwrap_or(&path).to_owned())
            .collect())
    }
}
