//! The integration worktree: where ticket branches are merged, gated and committed.
//!
//! The worktree belongs to one run. Between two calls it is at its branch's tip and clean,
//! but for a merge that was begun; whatever else is found in it was left by a check or by a
//! run that was killed, and is put away. Ignored files stay, so that builds stay warm.

mod chain;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::command::{Author, Git, Output};
use super::commit::NewCommit;
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId, TicksPath, TreeId, is_ticks};
use super::owned::Stray;
use super::tree::{Difference, FileEdit, parse_tree};
use crate::context::point::Point;

pub use chain::Chain;

/// The worktree of a run's branch.
#[derive(Clone, Debug)]
pub struct Integration {
    git: Git,
    branch: BranchName,
    /// What others moved the branch to, that nobody has been told of yet.
    strays: Arc<Mutex<Vec<Stray>>>,
}

/// What became of beginning a merge.
#[derive(Debug)]
pub enum MergeBegin {
    /// The merged files are in the worktree, for the gate; nothing is committed.
    Ready(PendingMerge),
    /// The same lines were changed on both sides; the worktree is as it was before.
    Conflict {
        /// The files.
        paths: Vec<String>,
    },
    /// The branch has nothing that is not merged already.
    UpToDate,
}

/// A merge that is begun and not committed.
#[derive(Clone, Debug)]
pub struct PendingMerge {
    /// The run branch's tip, the first parent.
    pub onto: CommitId,
    /// What is merged into it, the second parent; the tip again where nothing is.
    pub merged: CommitId,
    /// The files of `.ticks/` that the merged side changed. The merge has them as the run's
    /// branch has them: what they are to be is for the caller to settle and to commit.
    pub tickets: Vec<TicketSides>,
    tree: TreeId,
}

/// A file of `.ticks/` on the three sides of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketSides {
    /// Where.
    pub path: TicksPath,
    /// As it was when the sides parted.
    pub base: Option<Vec<u8>>,
    /// On the run's branch.
    pub ours: Option<Vec<u8>>,
    /// On the merged branch.
    pub theirs: Option<Vec<u8>>,
}

impl TicketSides {
    /// What the file becomes where only one side changed it, or both alike: `Some(None)` when
    /// it is deleted. None where both sides' changes must be merged.
    #[must_use]
    pub fn settled(&self) -> Option<Option<&[u8]>> {
        if self.ours == self.base || self.ours == self.theirs {
            Some(self.theirs.as_deref())
        } else if self.theirs == self.base {
            Some(self.ours.as_deref())
        } else {
            None
        }
    }
}

/// What is committed when a ticket lands.
#[derive(Clone, Copy, Debug)]
pub struct Closing<'c> {
    /// The files of `.ticks/` in which it is closed.
    pub files: &'c [FileEdit],
    /// The message of the merge.
    pub message: &'c str,
    /// That of the commit with the files alone, on the merged branch: a rebase keeps no merge, nor
    /// what only a merge has changed. Without it the code would stay, and its ticket open again.
    pub alone: &'c str,
    /// None for the user.
    pub author: Option<&'c Author>,
}

/// A merge that is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The merge commit.
    pub commit: CommitId,
    /// The files that the gate had changed, created or deleted, and that were put back.
    pub changed_by_checks: Vec<String>,
}

impl Integration {
    /// The integration worktree at that folder, for that branch.
    #[must_use]
    pub fn new(worktree: impl Into<PathBuf>, branch: BranchName) -> Self {
        Self {
            git: Git::new(worktree).with_pointers(),
            branch,
            strays: Arc::default(),
        }
    }

    /// The branch.
    #[must_use]
    pub fn branch(&self) -> &BranchName {
        &self.branch
    }

    /// The branch's tip as the run left it, wherever another has moved it since.
    ///
    /// # Errors
    /// When there is no such branch, or git fails.
    pub fn tip(&self) -> Result<CommitId> {
        match self.git.left_at(&self.branch)? {
            Some(left) => Ok(left),
            None => self.found(),
        }
    }

    /// Where the branch is.
    fn found(&self) -> Result<CommitId> {
        self.git
            .commit_of(&self.branch.reference())?
            .ok_or_else(|| GitError::NoBranch(self.branch.clone()))
    }

    /// What others had moved the branch to when it was put back, since this was last asked.
    pub fn take_strays(&self) -> Vec<Stray> {
        std::mem::take(&mut *self.strays.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self) -> Result<()> {
        if let Some(stray) = self.git.put_back(&self.branch)? {
            let mut strays = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
            strays.push(stray);
        }
        Ok(())
    }

    /// Gives the branch to everybody, as its run left it.
    ///
    /// # Errors
    /// As for [`Self::recover`].
    pub fn disown(&self) -> Result<()> {
        self.recover()?;
        self.git.disown(&self.branch)
    }

    /// Puts the worktree to its branch's tip, whatever a killed run left in it: a merge, a
    /// lock, changed files; and the branch to where the run left it. Only when no other process
    /// works in it.
    ///
    /// # Errors
    /// When the worktree is not one any more, or git fails.
    pub fn recover(&self) -> Result<()> {
        self.git.expect_worktree(&self.branch)?;
        self.git.remove_stale_locks(&self.branch)?;
        self.put_back()?;
        let reference = self.branch.reference();
        if self.git.current_branch()?.as_ref() != Some(&self.branch) {
            self.git.run(["symbolic-ref", "HEAD", &reference])?;
        }
        self.git.run(["reset", "--quiet", "--hard", &reference])?;
        // Twice forced: a repository that a check made in here goes too.
        self.git
            .run(["clean", "--quiet", "-d", "--force", "--force"])?;
        self.git.submodules()?;
        Ok(())
    }

    /// Merges the commit into the branch, `--no-ff`, without committing. Conflicts confined
    /// to `.ticks/` do not count.
    ///
    /// # Errors
    /// When git fails for another reason than a conflict.
    pub fn merge_begin(&self, other: CommitId) -> Result<MergeBegin> {
        self.recover()?;
        let onto = self.tip()?;
        if self.git.is_ancestor(other, onto)? {
            return Ok(MergeBegin::UpToDate);
        }
        let answer = self.git.merge_uncommitted(other)?;
        let unmerged = self.git.unmerged_paths()?;
        if answer.code != Some(0) && unmerged.is_empty() {
            let failure = answer.failure();
            self.recover()?;
            return Err(failure);
        }
        let conflicts: Vec<String> = unmerged
            .iter()
            .filter(|path| !is_ticks(path))
            .map(|path| shown(path))
            .collect();
        if !conflicts.is_empty() {
            self.recover()?;
            return Ok(MergeBegin::Conflict { paths: conflicts });
        }
        if self.found()? != onto {
            // What is in the worktree was merged into something else.
            self.recover()?;
            let reference = self.branch.reference();
            return Err(GitError::Moved { reference });
        }
        self.git.restore_ticks(onto)?;
        self.git.submodules()?;
        let tree = parse_tree(&self.git.run(["write-tree"])?)?;
        Ok(MergeBegin::Ready(PendingMerge {
            onto,
            merged: other,
            tickets: self.sides(onto, other)?,
            tree,
        }))
    }

    /// As if a merge had changed nothing: the branch's tip is in the worktree, for the gate, and
    /// what is committed has that one parent.
    ///
    /// # Errors
    /// When git fails.
    pub fn nothing_begin(&self) -> Result<PendingMerge> {
        self.recover()?;
        let tip = self.tip()?;
        Ok(PendingMerge {
            onto: tip,
            merged: tip,
            tickets: Vec::new(),
            tree: self.git.tree_of(tip)?,
        })
    }

    /// Gives the merge up and puts the worktree back, whatever the gate did to it; the files
    /// that the gate had changed, created or deleted.
    ///
    /// # Errors
    /// When git fails.
    pub fn merge_abort(&self, pending: &PendingMerge) -> Result<Vec<String>> {
        // Not `merge --abort`: it refuses where a check has rewritten a file of the merge.
        let changed = self.changed_by_checks(pending)?;
        self.recover()?;
        Ok(changed)
    }

    /// Commits the merge as it was begun, with these files of `.ticks/` in the same commit,
    /// and puts the worktree to it. What the gate did to the worktree gets in nowhere.
    ///
    /// # Errors
    /// When git fails. Then nothing is committed.
    pub fn merge_commit(
        &self,
        pending: &PendingMerge,
        message: &str,
        files: &[FileEdit],
        author: Option<&Author>,
    ) -> Result<Committed> {
        let changed_by_checks = self.changed_by_checks(pending)?;
        let tree = self.git.tree_with(pending.tree, files)?;
        let both = [pending.onto, pending.merged];
        let commit = self.git.make_commit(&NewCommit {
            tree,
            parents: match pending.merged == pending.onto {
                true => &both[..1],
                false => &both,
            },
            message,
            author,
        })?;
        self.move_to(commit, pending.onto, "tk: land a ticket")?;
        Ok(Committed {
            commit,
            changed_by_checks,
        })
    }

    /// Commits the merge of a ticket's branch as [`Self::merge_commit`] does, with the ticket
    /// closed on both sides of it.
    ///
    /// # Errors
    /// When git fails. Then nothing is committed.
    pub fn land(&self, pending: &PendingMerge, closing: &Closing<'_>) -> Result<Committed> {
        let mut pending = pending.clone();
        if pending.merged != pending.onto {
            pending.merged = self.closed(pending.merged, closing)?;
        }
        let Closing {
            files,
            message,
            author,
            ..
        } = *closing;
        self.merge_commit(&pending, message, files, author)
    }

    /// The commit on top of a ticket's branch that closes the ticket there; no branch leads to it.
    fn closed(&self, tip: CommitId, closing: &Closing<'_>) -> Result<CommitId> {
        let tree = self.git.tree_of(tip)?;
        self.git.make_commit(&NewCommit {
            tree: self.git.tree_with(tree, closing.files)?,
            parents: &[tip],
            message: closing.alone,
            author: closing.author,
        })
    }

    /// Commits these files of `.ticks/` on the branch; none if they are there already.
    ///
    /// # Errors
    /// When git fails.
    pub fn commit_files(
        &self,
        files: &[FileEdit],
        message: &str,
        author: Option<&Author>,
    ) -> Result<Option<CommitId>> {
        self.recover()?;
        let tip = self.tip()?;
        let before = self.git.tree_of(tip)?;
        let tree = self.git.tree_with(before, files)?;
        if tree == before {
            return Ok(None);
        }
        let commit = self.git.make_commit(&NewCommit {
            tree,
            parents: &[tip],
            message,
            author,
        })?;
        self.move_to(commit, tip, "tk: ticket files")?;
        Ok(Some(commit))
    }

    /// Moves the branch, and the worktree after it.
    fn move_to(&self, commit: CommitId, from: CommitId, why: &str) -> Result<()> {
        Point::RunBranchMoved.around(|| self.git.move_owned(&self.branch, commit, from, why))?;
        Point::Followed.around(|| self.recover())
    }

    /// What the gate did since the merge was begun: files, and commits on the branch, which
    /// are taken off it again; those on a branch that is its run's alone are strays.
    fn changed_by_checks(&self, pending: &PendingMerge) -> Result<Vec<String>> {
        let mut changed = self.changed_since(pending.tree)?;
        self.put_back()?;
        let tip = self.found()?;
        if tip != pending.onto {
            let why = "tk: take off what a check committed";
            self.git
                .move_branch(&self.branch, pending.onto, Some(tip), why)?;
            changed.push(format!("commit {tip}"));
        }
        Ok(changed)
    }

    /// The files, tracked or not but not ignored, that are not as in the tree.
    fn changed_since(&self, tree: TreeId) -> Result<Vec<String>> {
        self.git.expect_worktree(&self.branch)?;
        let mut changed = self.git.paths(&[
            "diff",
            "--name-only",
            "-z",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--ignore-submodules=dirty",
            &tree.to_string(),
            "--",
        ])?;
        let untracked = ["ls-files", "-o", "-z", "--exclude-standard"];
        changed.extend(self.git.paths(&untracked)?);
        changed.sort();
        changed.dedup();
        Ok(changed.iter().map(|path| shown(path)).collect())
    }

    fn sides(&self, ours: CommitId, theirs: CommitId) -> Result<Vec<TicketSides>> {
        let differences = match self.git.merge_base(ours, theirs)? {
            Some(base) => self.git.ticks_between(base, theirs)?,
            None => {
                let all = self.git.ticks_of(theirs)?;
                let added = |(path, entry)| Difference {
                    path,
                    before: None,
                    after: Some(entry),
                };
                all.into_iter().map(added).collect()
            }
        };
        let here = self.git.ticks_of(ours)?;
        let mut found = Vec::new();
        let mut objects = Vec::new();
        for difference in &differences {
            let ours = here.get(&difference.path).cloned();
            let sides = [difference.before.clone(), ours, difference.after.clone()];
            if sides[1] == sides[2] || sides.iter().flatten().any(|entry| !entry.is_file()) {
                continue;
            }
            let path = std::str::from_utf8(&difference.path).ok();
            let Some(path) = path.and_then(|path| TicksPath::parse(path).ok()) else {
                continue;
            };
            objects.extend(sides.iter().flatten().map(|entry| entry.object.clone()));
            found.push((path, sides.map(|side| side.is_some())));
        }
        let mut blobs = self
            .git
            .blobs(objects.iter().map(String::as_str))?
            .into_iter();
        Ok(found
            .into_iter()
            .map(|(path, there)| {
                let [base, ours, theirs] = there.map(|there| there.then(|| blobs.next()).flatten());
                TicketSides {
                    path,
                    base,
                    ours,
                    theirs,
                }
            })
            .collect())
    }
}

impl Git {
    /// Merges the commit into what is checked out, `--no-ff`, without committing.
    pub(super) fn merge_uncommitted(&self, other: CommitId) -> Result<Output> {
        self.call([
            "merge",
            "--no-ff",
            "--no-commit",
            "--no-squash",
            "--no-autostash",
            "--no-verify-signatures",
            "--no-stat",
            "--quiet",
            "--strategy=ort",
            &other.to_string(),
        ])
        .run_any()
    }

    /// The files that conflict, by the index.
    pub(super) fn unmerged_paths(&self) -> Result<Vec<Vec<u8>>> {
        self.paths(&["diff", "--name-only", "-z", "--diff-filter=U"])
    }
}

/// A path as text for people; a report, never a way back to the file.
pub(super) fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_one_side_changed_settles_itself() {
        let rows: [(&str, &str, &str, Option<Option<&str>>); 8] = [
            ("1", "1", "2", Some(Some("2"))),
            ("1", "2", "1", Some(Some("2"))),
            ("1", "2", "2", Some(Some("2"))),
            ("1", "1", "", Some(None)),
            ("", "", "2", Some(Some("2"))),
            ("", "2", "3", None),
            ("1", "2", "3", None),
            ("1", "2", "", None),
        ];
        for (base, ours, theirs, expected) in rows {
            let bytes = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
            let sides = TicketSides {
                path: TicksPath::parse(".ticks/k7m.toml").unwrap(),
                base: bytes(base),
                ours: bytes(ours),
                theirs: bytes(theirs),
            };
            let expected = expected.map(|file| file.map(str::as_bytes));
            assert_eq!(sides.settled(), expected, "{base} {ours} {theirs}");
        }
    }
}
