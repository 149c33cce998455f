//! A ticket's worktree and branch: made, set up, read for evidence, put away.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use super::desk::Stop;
use super::gate::{self, Ran};
use super::ground;
use super::job::Job;
use super::shared::Shared;
use super::trouble::{Trouble, blocking};
use crate::context::point::{Moment, Point};
use crate::git::{
    Backups, BranchName, CommitId, Git, GitError, Removal, TicketTree, WorkBranch, Worktrees,
};
use crate::model::{TicketId, one_line};
use crate::ops::{Error, ErrorCode, Project};

/// What there was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// The worktree is new, or was never set up to the end.
    Fresh,
    /// The worktree was there, set up.
    Continued,
}

/// What a worker left on its branch, put in order for merging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// Whether there is anything to land.
    pub has_changes: bool,
    /// Tracker's files that the worker had changed, which was undone.
    pub undone: Vec<String>,
    /// What could not be committed for it.
    pub left: Vec<String>,
    /// Where its worktree was that is on its branch again, for people.
    pub came_back: Option<String>,
}

/// Makes the worktree on the attempt's branch, from the run branch's tip as it is now, so
/// that what has landed is in it.
pub(super) fn make(shared: &Shared, job: &Job) -> Result<Made, Trouble> {
    let start = ground::tip(shared)?;
    let branch = branch(job)?;
    Point::Worktree.around(|| shared.trees.add(&job.worktree, &branch, start))?;
    if shared.trees.is_ready(&job.worktree)? {
        if job.left.is_none() {
            // Whoever worked there may have been killed in the middle of a git command.
            TicketTree::new(&job.worktree, branch).unlock()?;
        }
        return Ok(Made::Continued);
    }
    shared.trees.include(&job.worktree)?;
    shared.trees.submodules(&job.worktree)?;
    Ok(Made::Fresh)
}

/// Runs the configured set-up commands in a new worktree.
pub(super) async fn set_up(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    stop: &mut watch::Receiver<Stop>,
) -> Result<(), Trouble> {
    let worktree = &shared.config.worktree;
    for command in &worktree.setup {
        let log = shared.next_log(Some(&job.ticket.id), "setup")?;
        let place = gate::Place {
            cwd: &job.worktree,
            limit: worktree.setup_time,
            log,
        };
        Point::SetUp.reach(Moment::Before);
        let ran = gate::shell(shared, job.ticket.id.as_str(), command, place, stop).await;
        Point::SetUp.reach(Moment::After);
        match ran? {
            Ran::Passed { .. } => {}
            Ran::Failed { status, output } => {
                let tail = output.lines().last().unwrap_or_default();
                return Err(Trouble::SetUp(format!(
                    "`{command}` ended with {status}: {tail}"
                )));
            }
            Ran::Stopped => return Err(Trouble::SetUp("the run is being stopped".to_owned())),
        }
    }
    Ok(Point::Ready.around(|| shared.trees.mark_ready(&job.worktree))?)
}

/// Puts the worker's work in order: the tracker's files as they were, the rest committed.
pub(super) fn evidence(shared: &Shared, job: &Job) -> Result<Evidence, Trouble> {
    let tree = TicketTree::new(&job.worktree, branch(job)?);
    let onto = ground::tip(shared)?;
    shared
        .trees
        .remove_stale_locks(&job.worktree, &branch(job)?)?;
    let came_back = come_back(shared, job)?;
    let undone = if tree.evidence(onto)?.tickets.is_empty() {
        Vec::new()
    } else {
        tree.undo_ticks(&job.ticket.id, onto)?.files
    };
    let message = format!(
        "{}\n\nCommitted by tk: the worker left it uncommitted.\n",
        one_line(&job.ticket.title)
    );
    let rest = tree.commit_rest(&message, Some(&shared.author(job)))?;
    let found = tree.evidence(onto)?;
    Ok(Evidence {
        has_changes: !found.changed.is_empty(),
        undone,
        left: rest.left,
        came_back,
    })
}

/// Puts the worktree back on its branch with what its worker committed elsewhere, where it can;
/// what is to be told.
pub(super) fn come_back(shared: &Shared, job: &Job) -> Result<Option<String>, Trouble> {
    let tree = TicketTree::new(&job.worktree, branch(job)?);
    let back = tree.come_back(&shared.author(job))?;
    Ok(back.map(|back| {
        let branch = &job.branch;
        match back.from {
            Some(from) => format!(
                "the worker had checked out `{from}` in its worktree: what it committed there is on \
                 `{branch}` too; `git branch -D {from}` removes the other"
            ),
            None => format!(
                "the worker had checked out a commit and no branch in its worktree: what it \
                 committed there is on `{branch}`"
            ),
        }
    }))
}

/// The subjects of the commits that are on the ticket's branch and have not landed, oldest first.
pub(super) fn earlier(shared: &Shared, job: &Job) -> Result<Vec<String>, Trouble> {
    let git = Git::new(&shared.ground.root);
    let landed = ground::tip(shared)?;
    Ok(git.subjects_between(landed, &branch(job)?)?)
}

/// The same of a branch of no live run, for which nobody knows what has landed but git.
pub(super) fn not_landed(project: &Project, branch: &str) -> crate::ops::Result<Vec<String>> {
    let parse = |name: &str| BranchName::parse(name);
    let branch = parse(branch).map_err(|error| Error::caused(ErrorCode::Git, error))?;
    let key = branch.as_str().split('/').nth(2).unwrap_or_default();
    let of_run = match parse(&format!("tk/run/{key}")) {
        Ok(run) => project.repo.branch_tip(&run)?,
        Err(_) => None,
    };
    let Some(landed) = of_run.or(project.repo.head()?.commit) else {
        return Ok(Vec::new());
    };
    let git = project.repo.home_git();
    Ok(git.subjects_between(landed, &branch)?)
}

/// After an attempt that did not land: a worktree whose work is all on its branch goes, and so
/// does a branch without any. Everything else stays. Not to be called from a task of the runner,
/// since it waits.
pub(super) fn put_away(shared: &Shared, job: &Job) -> Result<(), Trouble> {
    // Its branch is looked at from the run's worktree, which others may be making again.
    let alone = shared.worktree_lock.blocking_lock();
    ground::ensure(shared)?;
    drop(alone);
    if job.worktree.is_dir() {
        match come_back(shared, job) {
            // What goes on with it finds the work on its branch.
            Ok(_) | Err(Trouble::Git(GitError::Strayed { .. })) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    let (root, tip) = (&shared.ground.root, shared.integration.tip()?);
    let id = &job.ticket.id;
    Ok(put_away_at(
        root,
        &shared.trees,
        tip,
        id,
        &job.worktree,
        &branch(job)?,
    )?)
}

/// The same at the end of a run for the ticket's attempts of which none goes on: those of a
/// killed runner, which a fresh attempt has followed.
pub(super) fn put_away_followed(shared: &Shared, ticket: &TicketId) -> Result<(), Trouble> {
    let (root, tip) = (&shared.ground.root, shared.integration.tip()?);
    for branch in Git::new(root).branches_of_ticket(ticket)? {
        let work = WorkBranch::parse(branch.as_str());
        if let Some(work) = work.filter(|work| work.key == shared.key.as_str()) {
            let worktree = shared.ground.worktree_of(ticket, work.attempt);
            put_away_at(root, &shared.trees, tip, ticket, &worktree, &branch)?;
        }
    }
    Ok(())
}

/// [`put_away`], of an attempt whose runner is dead too. `landed` is the run branch's tip.
pub(super) fn put_away_at(
    root: &Path,
    trees: &Worktrees,
    landed: CommitId,
    ticket: &TicketId,
    worktree: &Path,
    branch: &BranchName,
) -> Result<(), GitError> {
    if worktree.is_dir() {
        trees.recall(worktree, branch)?;
        match trees.remove(worktree, &Removal::Committed) {
            Ok(()) => {}
            // Work that is nowhere else: it stays where it is.
            Err(
                GitError::Uncommitted { .. } | GitError::Strayed { .. } | GitError::InUse { .. },
            ) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    let git = Git::new(root);
    let Some(tip) = git.commit_of(&branch.reference())? else {
        return Ok(());
    };
    let range = format!("{landed}..{tip}");
    if git
        .run(["rev-list", "--max-count=1", &range])?
        .line()
        .is_empty()
    {
        Backups::new(git).remove_branch(ticket, branch)?;
    }
    Ok(())
}

/// After landing: worktree and branch go, after a backup of everything in them.
pub(super) fn remove_landed(
    root: &Path,
    trees: &Worktrees,
    ticket: &TicketId,
    worktree: &Path,
    branch: &BranchName,
) -> Result<(), GitError> {
    let backups = Backups::new(Git::new(root));
    trees.reconnect(worktree)?;
    trees.recall(worktree, branch)?;
    if worktree.is_dir() {
        let backup = backups.keep_worktree(ticket, &Git::new(worktree))?;
        trees.remove(worktree, &Removal::BackedUp(backup))?;
    } else {
        // It is gone; git is to know it.
        trees.remove(worktree, &Removal::Committed)?;
    }
    backups.remove_branch(ticket, branch)
}

/// The job's branch, whose name is made of checked parts.
pub(super) fn branch(job: &Job) -> Result<BranchName, Trouble> {
    BranchName::parse(&job.branch).map_err(|error| Trouble::Io(error.to_string()))
}

/// Evidence, away from the loop.
pub(super) async fn gather(shared: &Arc<Shared>, job: &Arc<Job>) -> Result<Evidence, Trouble> {
    let (shared, job) = (Arc::clone(shared), Arc::clone(job));
    blocking(move || Point::Evidence.around(|| evidence(&shared, &job))).await
}
