//! Bringing back what a backup keeps: its changes, made again on another commit.
//!
//! Not by a merge: git takes what was merged and then reverted for merged. So the changes
//! between where the work began and the backup are applied to the tip, in memory; `.ticks/`
//! stays as the tip has it.

use jiff::Timestamp;

use super::backup::{Backup, Backups};
use super::command::Git;
use super::commit::NewCommit;
use super::error::Result;
use super::id::{BranchName, CommitId, TreeId, is_ticks};
use super::merge::shown;
use super::tree::{parse_id, parse_tree};
use super::work_branch::WorkBranch;
use crate::model::TicketId;

/// A backup, and what it would change on a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number among those of its ticket.
    pub number: u64,
    /// The reference and the commit.
    pub backup: Backup,
    /// When the commit was made.
    pub at: Option<Timestamp>,
    /// What comes of bringing it back.
    pub brought: Brought,
}

/// What comes of applying a backup's changes to a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// All of it is there already.
    There,
    /// These files differ afterwards; the tree that has them so.
    Changes {
        /// The files, for people.
        files: Vec<String>,
        /// The tree.
        tree: TreeId,
    },
    /// The same lines were changed since, in these files.
    Conflict {
        /// The files, for people.
        files: Vec<String>,
    },
}

impl Backups {
    /// The ticket's backups, newest first, with what each would change on `tip`; only `wanted`,
    /// if that is given, else those that are not part of another.
    ///
    /// # Errors
    /// When git fails.
    pub fn kept(&self, ticket: &TicketId, tip: CommitId, wanted: Option<u64>) -> Result<Vec<Kept>> {
        let git = self.git();
        let mut all = self.of(ticket)?;
        all.reverse();
        let mut found = Vec::new();
        // The beginnings and ends of the work that is found.
        let mut ranges: Vec<(Option<CommitId>, CommitId)> = Vec::new();
        for backup in all {
            let number = backup.reference.rsplit('/').next();
            let Some(number) = number.and_then(|text| text.parse().ok()) else {
                continue;
            };
            if wanted.is_some_and(|wanted| wanted != number) {
                continue;
            }
            let commit = backup.commit;
            let mut is_part = false;
            for (begun, newer) in &ranges {
                is_part = is_part
                    || git.is_ancestor(commit, *newer)?
                        && !begun.map_or(Ok(false), |begun| git.is_ancestor(commit, begun))?;
            }
            if is_part {
                continue;
            }
            let begun = git.beginning(ticket, commit, tip)?;
            ranges.push((begun, commit));
            found.push(Kept {
                number,
                at: git.committed_at(commit)?,
                brought: git.bring(begun, commit, tip)?,
                backup,
            });
        }
        Ok(found)
    }
}

impl Git {
    /// Makes a commit of that tree on `tip`.
    ///
    /// # Errors
    /// When git fails.
    pub fn commit_on(&self, tip: CommitId, tree: TreeId, message: &str) -> Result<CommitId> {
        self.make_commit(&NewCommit {
            tree,
            parents: &[tip],
            message,
            author: None,
        })
    }

    /// Makes a branch that is not there yet.
    ///
    /// # Errors
    /// When it is, or git fails.
    pub fn make_branch(&self, branch: &BranchName, at: CommitId) -> Result<()> {
        self.move_branch(branch, at, None, "tk: restore")
    }

    /// The branches that a run has kept for the ticket.
    ///
    /// # Errors
    /// When git fails.
    pub fn branches_of_ticket(&self, ticket: &TicketId) -> Result<Vec<BranchName>> {
        let format = "--format=%(refname)";
        let answer = self.run(["for-each-ref", format, WorkBranch::REFERENCES])?;
        let names = answer.line();
        let branches = names
            .lines()
            .filter_map(|name| BranchName::of_reference(name.as_bytes()));
        Ok(branches
            .filter(|branch| branch.subject().as_ref() == Some(ticket))
            .collect())
    }

    /// What comes of the changes from `begun` up to `kept`, on `tip`.
    fn bring(&self, begun: Option<CommitId>, kept: CommitId, tip: CommitId) -> Result<Brought> {
        let before = self.tree_of(tip)?;
        let base = match begun {
            Some(base) => self.tree_of(base)?,
            None => parse_tree(&self.call(["mktree"]).stdin("").run()?)?,
        };
        let root = self.rootless(base, &[])?;
        let (ours, theirs) = (
            self.rootless(before, &[root])?.to_string(),
            self.rootless(self.tree_of(kept)?, &[root])?.to_string(),
        );
        let answer = self
            .call(["merge-tree", "--write-tree", "--no-messages"])
            .args(["--name-only", "-z", &ours, &theirs])
            .run_allowing(&[0, 1, 129])?;
        if answer.code == Some(129) {
            return Err(answer.unexpected("a merge in memory, which git has from 2.38 on"));
        }
        let mut fields = answer.fields();
        let tree = fields.next().unwrap_or_default();
        let tree = TreeId::parse(&String::from_utf8_lossy(tree))
            .map_err(|_| answer.unexpected("a tree id"))?;
        let files: Vec<String> = fields.filter(|path| !is_ticks(path)).map(shown).collect();
        if !files.is_empty() {
            return Ok(Brought::Conflict { files });
        }
        let tree = self.tree_with_ticks_of(tree, tip)?;
        if tree == before {
            return Ok(Brought::There);
        }
        let (from, to) = (before.to_string(), tree.to_string());
        let names = ["diff-tree", "-r", "-z", "--name-only", "--no-renames"];
        let answer = self.call(names).args([&from, &to]).run()?;
        let files = answer.fields().map(shown).collect();
        Ok(Brought::Changes { files, tree })
    }

    /// A commit of that tree which no history but this leads to.
    fn rootless(&self, tree: TreeId, parents: &[CommitId]) -> Result<CommitId> {
        let mut call = self.call(["commit-tree", "--no-gpg-sign", "-m", "tk: restore"]);
        for parent in parents {
            call = call.arg("-p").arg(parent.to_string());
        }
        let answer = call.arg(tree.to_string()).run()?;
        parse_id(&answer, &answer.line())
    }

    /// The commit that the work up to `kept` began at. Where it has landed on `tip`, that is
    /// not what both have in common, which is the work itself, but what the landing had in
    /// common with where it landed.
    fn beginning(
        &self,
        ticket: &TicketId,
        kept: CommitId,
        tip: CommitId,
    ) -> Result<Option<CommitId>> {
        let Some(common) = self.merge_base(tip, kept)? else {
            return Ok(None);
        };
        for landing in self.naming_ticket(ticket, tip, &["--merges"])?.iter().rev() {
            let parent = |number: u32| self.commit_of(&format!("{landing}^{number}"));
            if let (Some(onto), Some(landed)) = (parent(1)?, parent(2)?)
                && self.is_ancestor(common, landed)?
                && !self.is_ancestor(common, onto)?
            {
                return self.merge_base(onto, landed);
            }
        }
        Ok(Some(common))
    }

    fn committed_at(&self, commit: CommitId) -> Result<Option<Timestamp>> {
        let format = "--format=%ct";
        let answer = self.run(["log", "-1", format, &commit.to_string(), "--"])?;
        let seconds = answer.line().parse().ok();
        Ok(seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()))
    }
}
