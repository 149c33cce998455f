//! Branches and worktrees of runs that may be over, and what of them is nowhere else.
//!
//! Nothing here knows which runs live: whoever asks leaves theirs alone.

use std::path::{Path, PathBuf};

use super::backup::Backups;
use super::checkout::Use;
use super::command::Git;
use super::error::{GitError, Result};
use super::id::{BranchName, CommitId};
use super::inner::held_by;
use super::moved::{Moved, moved};
use super::repo::Repo;
use super::tree::parse_id;
use super::work_branch::WorkBranch;
use super::worktree::{Removal, Worktree, list};
use crate::model::TicketId;

/// A branch that a run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunBranch {
    /// Its name.
    pub name: BranchName,
    /// Its tip.
    pub tip: CommitId,
    /// The key of the run, where the name tells.
    pub key: Option<String>,
    /// The ticket that was worked at on it; none for the run's own branch.
    pub ticket: Option<TicketId>,
    /// The number of the attempt at it, from 1.
    pub attempt: u32,
    /// Whether it is only another name of a branch.
    alias: bool,
}

/// A branch of a run, the worktree it is checked out in, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The branch.
    pub branch: Option<RunBranch>,
    /// The worktree. One whose folder is gone has no branch here: that is found by itself.
    pub worktree: Option<Worktree>,
    /// Whether the worktree is one that the user made, at another place than runs do.
    of_user: bool,
}

/// What is in a [`Leftover`] and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsaved {
    /// Nothing: every commit is on another branch, and every file is committed.
    Nothing,
    /// Commits, so many.
    Commits(usize),
    /// Files that are not committed: the first of them.
    Files(Vec<String>),
    /// What is in repositories inside it; which these are, in words.
    Repositories(String),
    /// It cannot be told, or must not be touched; why.
    InUse(String),
}

/// Everything that looks like a run's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Branches and worktrees, by name.
    pub found: Vec<Leftover>,
    /// Worktrees that were moved to where they are. Nothing else is told of them.
    pub moved: Vec<Moved>,
    /// Worktrees on a run's branch that is gone. Nothing else is told of them.
    pub unborn: Vec<Worktree>,
    /// Folders among those of the worktrees that git knows nothing of.
    pub strangers: Vec<PathBuf>,
    /// The tips of all branches that are no run's.
    others: Vec<CommitId>,
    /// The tips of the runs' own branches.
    runs: Vec<CommitId>,
}

impl Repo {
    /// The branches below `tk/`, and the worktrees on them or in `folder`, an absolute path.
    /// A worktree in `folder` on a branch of the user's is not among them.
    ///
    /// # Errors
    /// When git fails.
    pub fn leftovers(&self, folder: &Path) -> Result<Leftovers> {
        let git = self.home_git();
        let mut all = Leftovers::default();
        let head = self.home_head()?;
        let format = "--format=%(objectname) %(refname) %(symref)";
        let answer = git.run(["for-each-ref", format, "refs/heads/"])?;
        let mut branches = Vec::new();
        for line in answer.line().lines() {
            let mut words = line.split(' ');
            let (id, reference) = (words.next(), words.next());
            let alias = words.next().is_some_and(|of| !of.is_empty());
            let name = reference.and_then(|name| BranchName::of_reference(name.as_bytes()));
            let (Some(id), Some(name)) = (id, name) else {
                continue;
            };
            let tip = parse_id(&answer, id)?;
            if !name.as_str().starts_with("tk/") {
                all.others.push(tip);
                continue;
            }
            let (key, ticket, attempt) = meaning(name.as_str());
            if key.is_some() && ticket.is_none() {
                all.runs.push(tip);
            }
            branches.push(RunBranch {
                attempt,
                name,
                tip,
                key,
                ticket,
                alias,
            });
        }
        let mut worktrees = list(&git, self.common_dir())?;
        all.moved = moved(&worktrees, folder, self.common_dir());
        all.strangers = strangers(folder, &worktrees);
        let is_moved = |path: &PathBuf| all.moved.iter().any(|moved| moved.path == *path);
        all.strangers.retain(|path| !is_moved(path));
        // The first is the user's own.
        worktrees.drain(..worktrees.len().min(1));
        let inside = |worktree: &Worktree| {
            let parent = worktree.path.parent();
            let real = |path: &Path| path.canonicalize().ok();
            parent == Some(folder)
                || parent
                    .and_then(real)
                    .is_some_and(|p| Some(p) == real(folder))
        };
        worktrees.retain(|there| all.moved.iter().all(|moved| moved.worktree != *there));
        for branch in branches {
            let of_moved = |moved: &Moved| moved.worktree.branch.as_ref() == Some(&branch.name);
            if head.branch.as_ref() == Some(&branch.name) || all.moved.iter().any(of_moved) {
                continue;
            }
            let on_it = |there: &Worktree| there.branch.as_ref() == Some(&branch.name);
            let worktree = worktrees
                .iter()
                .find(|there| on_it(there) && !there.missing);
            all.found.push(Leftover {
                of_user: worktree.is_some_and(|there| !inside(there)),
                worktree: worktree.cloned(),
                branch: Some(branch),
            });
        }
        let of_run = |branch: &BranchName| branch.as_str().starts_with("tk/");
        for worktree in worktrees {
            if !worktree.missing
                && worktree.head.is_none()
                && worktree.branch.as_ref().is_some_and(of_run)
            {
                all.unborn.push(worktree);
                continue;
            }
            let found = match &worktree.branch {
                Some(branch) => worktree.missing && of_run(branch),
                None => inside(&worktree),
            };
            if found {
                all.found.push(Leftover {
                    branch: None,
                    worktree: Some(worktree),
                    of_user: false,
                });
            }
        }
        all.found.sort_by_key(Leftover::sort_key);
        Ok(all)
    }
}

impl Leftovers {
    /// What is in one of them and nowhere else.
    ///
    /// Commits of a ticket's branch may be on the run's; commits of a run's branch must be on
    /// one of the user's, but for those that concern `.ticks/` alone, which are copies of what
    /// is in the working tree.
    ///
    /// # Errors
    /// When git fails.
    pub fn unsaved(&self, repo: &Repo, of: &Leftover) -> Result<Unsaved> {
        let git = repo.home_git();
        if of.of_user {
            return Ok(Unsaved::InUse(
                "it is not where runs have theirs".to_owned(),
            ));
        }
        if let Some(worktree) = &of.worktree
            && let Some(unsaved) = unsaved_files(&git, worktree)?
        {
            return Ok(unsaved);
        }
        if let Some(worktree) = of.worktree.as_ref().filter(|there| !there.missing) {
            let inner = repo.worktrees().inner_work(worktree)?;
            if !inner.is_empty() {
                return Ok(Unsaved::Repositories(held_by(&inner)));
            }
        }
        let Some(branch) = &of.branch else {
            return self.unsaved_head(&git, of.worktree.as_ref());
        };
        if branch.alias {
            return Ok(Unsaved::InUse(
                "it is only another name of a branch".to_owned(),
            ));
        }
        let of_run = branch.ticket.is_none();
        let mut elsewhere = self.others.clone();
        if !of_run {
            elsewhere.extend(&self.runs);
        }
        Ok(match git.commits_outside(branch.tip, &elsewhere, of_run)? {
            0 => Unsaved::Nothing,
            count => Unsaved::Commits(count),
        })
    }

    /// What only the head of a worktree without a branch leads to.
    fn unsaved_head(&self, git: &Git, worktree: Option<&Worktree>) -> Result<Unsaved> {
        let Some(worktree) = worktree else {
            return Ok(Unsaved::Nothing);
        };
        let everywhere: Vec<CommitId> = self.others.iter().chain(&self.runs).copied().collect();
        let count = match worktree.head {
            Some(head) if worktree.branch.is_none() => {
                git.commits_outside(head, &everywhere, false)?
            }
            _ => 0,
        };
        Ok(match count {
            0 if worktree.missing => Unsaved::Nothing,
            0 => Unsaved::InUse("it is on no branch".to_owned()),
            count => Unsaved::Commits(count),
        })
    }

    /// Removes one of them, if there is nothing in it that is nowhere else, after a backup all
    /// the same; that of the branch is named so.
    ///
    /// # Errors
    /// When there is, or git fails. Then what is not in the backup is still there.
    pub fn remove(&self, repo: &Repo, of: &Leftover, backup: &TicketId) -> Result<()> {
        self.remove_but(repo, of, backup, false)
    }

    /// As [`Self::remove`], though commits of the branch may be nowhere else, and what is in its
    /// worktree not committed: that is in the backup from then on.
    ///
    /// # Errors
    /// As there, but for that.
    pub fn put_away(&self, repo: &Repo, of: &Leftover, backup: &TicketId) -> Result<()> {
        self.remove_but(repo, of, backup, true)
    }

    fn remove_but(
        &self,
        repo: &Repo,
        of: &Leftover,
        backup: &TicketId,
        with_work: bool,
    ) -> Result<()> {
        let refused = |reason: String| {
            Err(GitError::InUse {
                what: of.shown(),
                reason,
            })
        };
        match self.unsaved(repo, of)? {
            Unsaved::Nothing => {}
            Unsaved::Commits(_) | Unsaved::Files(_) if with_work && of.branch.is_some() => {}
            Unsaved::Commits(count) => return refused(format!("{count} commits are nowhere else")),
            Unsaved::Files(files) => {
                return refused(format!("not committed: {}", files.join(", ")));
            }
            Unsaved::Repositories(reason) | Unsaved::InUse(reason) => return refused(reason),
        }
        if let Some(worktree) = &of.worktree {
            let git = repo.home_git();
            let removal = match with_work {
                true => {
                    let there = git.at(&worktree.path);
                    Removal::BackedUp(Backups::new(git).keep_worktree(backup, &there)?)
                }
                false => Removal::Committed,
            };
            repo.worktrees().remove(&worktree.path, &removal)?;
        }
        let Some(branch) = &of.branch else {
            return Ok(());
        };
        let git = repo.home_git();
        match git.use_of(&branch.name)? {
            Use::None => {}
            Use::Worktree(there) => return refused(format!("checked out in `{}`", there.shown())),
            Use::Busy(reason) => return refused(reason),
        }
        Backups::new(git).remove_branch(backup, &branch.name)
    }
}

impl Leftover {
    /// Its worktree, else its branch, for people.
    #[must_use]
    pub fn shown(&self) -> String {
        match (&self.worktree, &self.branch) {
            (Some(worktree), _) => worktree.shown(),
            (None, Some(branch)) => branch.name.to_string(),
            (None, None) => String::new(),
        }
    }

    fn sort_key(&self) -> (Option<String>, Option<PathBuf>) {
        (
            self.branch.as_ref().map(|branch| branch.name.to_string()),
            self.worktree.as_ref().map(|worktree| worktree.path.clone()),
        )
    }
}

/// What is not committed in the worktree, or why it must stay.
fn unsaved_files(git: &Git, worktree: &Worktree) -> Result<Option<Unsaved>> {
    let in_use = |reason: &str| Ok(Some(Unsaved::InUse(reason.to_owned())));
    if worktree.locked {
        return in_use("it is locked");
    }
    if worktree.missing {
        return Ok(None);
    }
    let git = git.at(&worktree.path);
    if !git.is_top_of_worktree()? {
        return in_use("it is no git worktree any more");
    }
    if let Some(operation) = git.operation()? {
        return Ok(Some(Unsaved::InUse(format!(
            "it is in the middle of {operation}"
        ))));
    }
    let mut files = git.uncommitted(".")?;
    files.truncate(5);
    Ok((!files.is_empty()).then_some(Unsaved::Files(files)))
}

impl Git {
    /// How many commits that lead to `tip` lead to none of the others; with `code`, only
    /// those that change something outside `.ticks/`.
    fn commits_outside(&self, tip: CommitId, others: &[CommitId], code: bool) -> Result<usize> {
        let mut wanted = format!("{tip}\n");
        for other in others {
            wanted.push_str(&format!("^{other}\n"));
        }
        let mut call = self.call(["rev-list", "--count", "--stdin"]);
        if code {
            call = call.args(["--", ".", ":(exclude,top).ticks"]);
        }
        let answer = call.stdin(wanted).run()?;
        let count = answer.line().parse();
        count.map_err(|_| answer.unexpected("a number"))
    }
}

impl BranchName {
    /// What a run's branch is about: the ticket, or for the run's own branch its key.
    pub(super) fn subject(&self) -> Option<TicketId> {
        let (key, ticket, _) = meaning(self.as_str());
        ticket.or_else(|| TicketId::parse(&key?).ok())
    }

    /// Whether it is a run's own branch.
    pub(super) fn is_of_run(&self) -> bool {
        self.as_str().starts_with("tk/run/")
    }
}

/// The run's key, the ticket and the number of the attempt, where the name of a branch tells: of
/// `tk/run/<key>` the key.
fn meaning(name: &str) -> (Option<String>, Option<TicketId>, u32) {
    if let Some(key) = name.strip_prefix("tk/run/") {
        let key = Some(key.to_owned()).filter(|key| !key.contains('/'));
        return (key, None, 1);
    }
    match WorkBranch::parse(name) {
        Some(work) => (Some(work.key), Some(work.ticket), work.attempt),
        None => (None, None, 1),
    }
}

/// The folders in `folder` that are none of these worktrees.
fn strangers(folder: &Path, worktrees: &[Worktree]) -> Vec<PathBuf> {
    let real = |path: &Path| path.canonicalize().ok();
    // Absent as long as there was never a run.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let known: Vec<PathBuf> = worktrees
        .iter()
        .filter_map(|there| real(&there.path))
        .collect();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|path| real(path).is_none_or(|path| !known.contains(&path)))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_branches_tell_run_and_ticket() {
        for (name, key, ticket) in [
            ("tk/run/k7m", Some("k7m"), None),
            ("tk/run/k7m/x", None, None),
            ("tk/work/k7m/x4d", Some("k7m"), Some("x4d")),
            (
                "tk/work/t-0315bc83/bd-a3f8.1@2",
                Some("t-0315bc83"),
                Some("bd-a3f8.1"),
            ),
            ("tk/work/k7m", None, None),
            ("tk/work/k7m/X", None, None),
            ("other", None, None),
        ] {
            let (found_key, found_ticket, _) = meaning(name);
            assert_eq!(found_key.as_deref(), key, "{name}");
            assert_eq!(
                found_ticket.as_ref().map(TicketId::as_str),
                ticket,
                "{name}"
            );
        }
    }
}
