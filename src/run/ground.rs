//! The run's branch and its worktree: made ready before the first worker starts.

use std::collections::BTreeMap;

use super::folder::{RunDir, RunInfo};
use super::key::RunKey;
use super::preflight::Ground;
use super::record;
use super::shared::Shared;
use super::survey::Survey;
use super::tickets;
use super::trouble::Trouble;
use super::workspace;
use crate::context::point::Point;
use crate::git::{
    Backups, BranchName, CommitId, FileEdit, Git, GitError, Integration, Stray, TicksPath,
    Worktrees,
};
use crate::model::{Config, TicketId, one_line};
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::store::{Store, StoreError};
use crate::wire::EventKind;

/// Makes branch and worktree, and the run's first commit: the tickets as they stand, before
/// any is set in progress. Without it, reverting a landing would delete the ticket's file.
/// A run that was `planned` before has it, but for tickets that are new.
/// Returns what is worth telling.
pub(super) fn make(
    project: &Project,
    info: &RunInfo,
    ground: &Ground,
    survey: &Survey,
    planned: bool,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let trees = project.repo.worktrees();
    trees.exclude(&project.config.worktree.dir)?;
    for path in trees.repair_moved(&ground.worktrees)? {
        told.push(format!(
            "the worktree `{}` was moved, and git knows it there from now on",
            path.display()
        ));
    }
    // The run is this process's alone, and whoever had it before is dead.
    let git = Git::new(&ground.root);
    git.remove_stale_locks_of(&ground.run_branch)?;
    told.extend(put_back(project, ground)?);
    drop_stale_branch(project, ground, survey)?;
    if trees.revive(&ground.integration, &ground.run_branch)? {
        told.push(made_again(ground));
    }
    let dir = RunDir::of(&project.store, &info.run);
    let start = start(&project.repo.home_git(), &dir, ground)?;
    if start.is_lost {
        told.push(made_again(ground));
    }
    Point::RunBranch.around(|| trees.add(&ground.integration, &ground.run_branch, start.at))?;
    git.own(&ground.run_branch)?;
    let integration = Integration::new(&ground.integration, ground.run_branch.clone());
    integration.recover()?;
    told.extend(strays(&integration));
    let landed = Landed {
        store: &project.store,
        config: &project.config,
        run: &info.run,
        key: &survey.key,
        ground,
        integration: &integration,
        trees: &trees,
    };
    told.extend(adopt(&landed, &survey.files)?);
    let message = format!("Plan: {}\n\nRun: {}\n", one_line(&survey.title), info.run);
    let (mut files, unreadable) = ticket_files(&project.store, &project.config, &survey.files)?;
    told.extend(unreadable);
    if planned {
        // What is there is as it was before the run began with it; what came since is new.
        let tip = integration.tip()?;
        let mut new = Vec::new();
        for file in files {
            if git.file_at(tip, &file.path)?.is_none() {
                new.push(file);
            }
        }
        files = new;
    }
    Point::PlanCommit.around(|| integration.commit_files(&files, &message, None))?;
    Ok(told)
}

/// The tickets' files as they are; one that was deleted is deleted. One that is no ticket is not
/// among them: what was committed of it stays, and that is told.
pub(super) fn ticket_files(
    store: &Store,
    config: &Config,
    ids: &[TicketId],
) -> Result<(Vec<FileEdit>, Vec<String>)> {
    let (mut files, mut told) = (Vec::new(), Vec::new());
    for id in ids {
        let bytes = match store.read(id, config) {
            Ok(stored) => Some(stored.text.into_bytes()),
            Err(StoreError::NotFound(_)) => None,
            Err(StoreError::Invalid(why)) => {
                told.push(format!("{why}: the file is not committed as it is"));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let path = TicksPath::of_ticket(id);
        files.push(FileEdit { path, bytes });
    }
    Ok((files, told))
}

/// The run's worktree and branch, made again if somebody removed them; what is to be told of it.
pub(super) fn ensure(shared: &Shared) -> std::result::Result<Option<String>, Trouble> {
    let (ground, trees) = (&shared.ground, &shared.trees);
    if ground.integration.is_dir() {
        let lost = trees.reconnect(&ground.integration)?;
        let lost =
            lost.then_some("the run's worktree had lost its `.git` file, which is made again");
        let forgotten = trees.recall(&ground.integration, &ground.run_branch)?;
        let forgotten =
            forgotten.then_some("git had forgotten the run's worktree, and knows it again");
        return Ok(revive(shared)?.or(lost.or(forgotten).map(str::to_owned)));
    }
    let git = Git::new(&ground.root);
    let start = start(&git, &RunDir::of(&shared.store, &shared.run), ground)
        .map_err(|error| Trouble::Io(error.to_string()))?;
    trees.add(&ground.integration, &ground.run_branch, start.at)?;
    Ok(Some(if start.is_lost {
        made_again(ground)
    } else {
        "the run's worktree was removed and is made again".to_owned()
    }))
}

/// The run's branch, made again if somebody deleted it under its worktree; what is to be told.
pub(super) fn revive(shared: &Shared) -> std::result::Result<Option<String>, GitError> {
    let ground = &shared.ground;
    let revived = shared
        .trees
        .revive(&ground.integration, &ground.run_branch)?;
    Ok(revived.then(|| made_again(ground)))
}

/// The tip of the run's branch as the run left it, whether or not its worktree is there.
pub(super) fn tip(shared: &Shared) -> std::result::Result<CommitId, GitError> {
    let branch = &shared.ground.run_branch;
    if shared.tip_of(branch)?.is_none() {
        revive(shared)?;
    }
    let tip = left_tip(&Git::new(&shared.ground.root), branch)?;
    tip.ok_or_else(|| GitError::NoBranch(branch.clone()))
}

/// The tip of the run's branch as the run left it, if there is such a branch.
fn left_tip(git: &Git, branch: &BranchName) -> std::result::Result<Option<CommitId>, GitError> {
    match git.left_at(branch)? {
        Some(left) => Ok(Some(left)),
        None => git.commit_of(&branch.reference()),
    }
}

/// Whether the run's branch has something that the commit has not.
pub(super) fn is_ahead(ground: &Ground, of: CommitId) -> std::result::Result<bool, GitError> {
    let git = Git::new(&ground.root);
    match left_tip(&git, &ground.run_branch)? {
        Some(tip) => Ok(!git.is_ancestor(tip, of)?),
        None => Ok(false),
    }
}

/// Puts the branch of a run that was interrupted back to where that left it, if another moved it
/// since; what is to be told. Where it is checked out elsewhere the run does not begin anyway.
fn put_back(project: &Project, ground: &Ground) -> Result<Option<String>> {
    let (trees, branch) = (project.repo.worktrees(), &ground.run_branch);
    let elsewhere = trees.list()?.into_iter().any(|there| {
        there.branch.as_ref() == Some(branch) && !there.missing && there.path != ground.integration
    });
    if elsewhere {
        return Ok(None);
    }
    Ok(Git::new(&ground.root).put_back(branch)?.as_ref().map(stray))
}

/// What is to be told of each time that another had moved the run's branch.
pub(super) fn strays(integration: &Integration) -> Vec<String> {
    integration.take_strays().iter().map(stray).collect()
}

fn stray(stray: &Stray) -> String {
    let Stray { branch, kept, .. } = stray;
    format!(
        "`{branch}`, which only its run moves, was moved by another, past the gate: it is back \
         where it was, and what was there is kept as `{kept}`"
    )
}

/// Where the run's branch is made from, if it is not there.
struct Start {
    at: CommitId,
    /// Whether it was there before, and more than the user's branch was on it.
    is_lost: bool,
}

/// What has landed on a branch that somebody deleted is still known by the journal.
fn start(git: &Git, dir: &RunDir, ground: &Ground) -> Result<Start> {
    let mut start = Start {
        at: ground.base,
        is_lost: false,
    };
    if git.commit_of(&ground.run_branch.reference())?.is_some() {
        return Ok(start);
    }
    if let Some(left) = git.left_at(&ground.run_branch)? {
        start.is_lost = !git.is_ancestor(left, ground.base)?;
        start.at = left;
        return Ok(start);
    }
    let events = record::read(&dir.journal())?;
    let landed = events.into_iter().rev().find_map(|event| match event.kind {
        EventKind::Landed { commit, branch } => Some((commit, branch)),
        _ => None,
    });
    // What the user's branch had, and has no more, is the user's own doing.
    let landed = landed.filter(|(_, branch)| branch == ground.run_branch.as_str());
    let Some((landed, _)) = landed else {
        return Ok(start);
    };
    let Some(commit) = git.commit_of(&landed)? else {
        let message = format!(
            "the run's branch `{}` was deleted, and commit {landed}, the last that landed on it, \
             is gone",
            ground.run_branch
        );
        return Err(Error::new(ErrorCode::Git, message).hint(format!(
            "make the branch again from a commit that has what landed: `git branch {} COMMIT`",
            ground.run_branch
        )));
    };
    if !git.is_ancestor(commit, ground.base)? {
        start.at = commit;
        start.is_lost = true;
    }
    Ok(start)
}

fn made_again(ground: &Ground) -> String {
    let branch = &ground.run_branch;
    format!("the run's branch `{branch}` was deleted and is made again from its last commit")
}

/// A run's branch from an earlier run, all of which has landed: a new one starts from the tip.
fn drop_stale_branch(project: &Project, ground: &Ground, survey: &Survey) -> Result<()> {
    let (git, branch) = (project.repo.home_git(), &ground.run_branch);
    let Some(tip) = project.repo.branch_tip(branch)? else {
        return match git.left_at(branch)? {
            Some(left) if git.is_ancestor(left, ground.base)? => Ok(git.disown(branch)?),
            _ => Ok(()),
        };
    };
    if tip == ground.base || !project.repo.is_ancestor(tip, ground.base)? {
        return Ok(());
    }
    if ground.integration.is_dir() {
        let trees = project.repo.worktrees();
        trees.remove(&ground.integration, &crate::git::Removal::Committed)?;
    }
    git.disown(branch)?;
    if let Some(id) = survey.files.first() {
        Backups::new(git).remove_branch(id, branch)?;
    }
    Ok(())
}

/// A ticket of which [`adopt_landed`] has seen that it landed.
#[derive(Debug)]
pub(super) struct Adopted {
    pub id: TicketId,
    /// Whether it is closed only now.
    pub is_new: bool,
    /// Why its worktree or branch stays.
    pub untidy: Option<String>,
}

/// [`adopt_landed`], of another run, whose runner is dead: its tickets are closed before this one
/// looks at them. What is to be told of it.
pub(super) fn adopt_of(project: &Project, ground: &Ground, dir: &RunDir) -> Result<Vec<String>> {
    let Some(info) = dir.info()? else {
        return Ok(Vec::new());
    };
    let branch = BranchName::parse(&info.branch);
    let branch = branch.map_err(|error| Error::caused(ErrorCode::Git, error))?;
    let git = Git::new(&ground.root);
    if git.commit_of(&branch.reference())?.is_none() {
        // It had not come to its first commit.
        return Ok(Vec::new());
    }
    let ids = info.tickets.iter();
    let ids = ids.filter_map(|id| TicketId::parse(id).ok());
    let landed = Landed {
        store: &project.store,
        config: &project.config,
        run: &info.run,
        key: &RunKey::recorded(&info.key),
        ground,
        integration: &Integration::new(&ground.root, branch),
        trees: &project.repo.worktrees(),
    };
    adopt(&landed, &ids.collect::<Vec<_>>())
}

/// [`adopt_landed`]; what is to be told of it.
fn adopt(landed: &Landed<'_>, files: &[TicketId]) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for Adopted { id, is_new, untidy } in adopt_landed(landed, files)? {
        if is_new {
            told.push(format!(
                "`{id}` had landed when the runner was interrupted; it is closed now"
            ));
        }
        told.extend(untidy);
    }
    Ok(told)
}

/// Tickets whose landing is committed on the run's branch and that are not closed in the main
/// working tree, since the runner was killed in between or could not write: they are closed
/// there now. The worktrees and branches of all that have landed go, where that can be.
pub(super) fn adopt_landed(landed: &Landed<'_>, files: &[TicketId]) -> Result<Vec<Adopted>> {
    let git = Git::new(&landed.ground.root);
    let tip = landed.integration.tip()?;
    let mut adopted = Vec::new();
    for id in files {
        let path = TicksPath::of_ticket(id);
        let Some(bytes) = git.file_at(tip, &path)? else {
            continue;
        };
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        let Ok(ticket) = crate::format::parse(id, &text, landed.config) else {
            continue;
        };
        let Some((attempt, is_new)) =
            tickets::adopt(landed.store, landed.config, landed.run, &ticket)?
        else {
            continue;
        };
        let branch = landed.key.work_branch(id, attempt);
        let worktree = landed.ground.worktree_of(id, attempt);
        let mut untidy = None;
        if let Ok(branch) = BranchName::parse(&branch)
            && let Some(work) = git.commit_of(&branch.reference())?
            && git.is_ancestor(work, tip)?
        {
            let (root, trees) = (&landed.ground.root, landed.trees);
            let removed = workspace::remove_landed(root, trees, id, &worktree, &branch);
            // It has landed all the same.
            untidy = removed.err().map(|error| {
                format!("the worktree or branch of `{id}`, which has landed, stays: {error}")
            });
        }
        adopted.push(Adopted {
            id: id.clone(),
            is_new,
            untidy,
        });
    }
    Ok(adopted)
}

/// Puts away what is left of attempts that are not to go on now, as their runner would have.
pub(super) fn put_away(
    landed: &Landed<'_>,
    cut_off: &BTreeMap<TicketId, u32>,
    goes_on: impl Fn(&TicketId) -> bool,
) -> Result<()> {
    let tip = landed.integration.tip()?;
    for (id, attempt) in cut_off.iter().filter(|(id, _)| !goes_on(id)) {
        let worktree = landed.ground.worktree_of(id, *attempt);
        if let Ok(branch) = BranchName::parse(&landed.key.work_branch(id, *attempt)) {
            let root = &landed.ground.root;
            workspace::put_away_at(root, landed.trees, tip, id, &worktree, &branch)?;
        }
    }
    Ok(())
}

/// What is needed to tell what has landed.
#[derive(Debug)]
pub(super) struct Landed<'a> {
    pub store: &'a Store,
    pub config: &'a Config,
    pub run: &'a str,
    pub key: &'a RunKey,
    pub ground: &'a Ground,
    pub integration: &'a Integration,
    pub trees: &'a Worktrees,
}
