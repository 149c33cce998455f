//! The run's branch and its worktree: made ready before the first worker starts.

use super::folder::RunInfo;
use super::key::RunKey;
use super::preflight::Ground;
use super::survey::Survey;
use super::tickets;
use super::workspace;
use crate::git::{Backups, BranchName, FileEdit, Git, Integration, TicksPath, Worktrees};
use crate::model::{Config, TicketId};
use crate::ops::{Project, Result};
use crate::store::Store;

/// Makes branch and worktree, and the run's first commit: the tickets as they stand, before
/// any is set in progress. Without it, reverting a landing would delete the ticket's file.
/// Returns what is worth telling.
pub(super) fn make(
    project: &Project,
    info: &RunInfo,
    ground: &Ground,
    survey: &Survey,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let trees = project.repo.worktrees();
    trees.exclude(&project.config.worktree.dir)?;
    drop_stale_branch(project, ground, survey)?;
    trees.add(&ground.integration, &ground.run_branch, ground.base)?;
    let integration = Integration::new(&ground.integration, ground.run_branch.clone());
    integration.recover()?;
    let landed = Landed {
        store: &project.store,
        config: &project.config,
        run: &info.run,
        key: &survey.key,
        ground,
        integration: &integration,
        trees: &trees,
    };
    for id in adopt_landed(&landed, &survey.files)? {
        told.push(format!(
            "`{id}` had landed when the runner was interrupted; it is closed now"
        ));
    }
    let message = format!("Plan: {}\n\nRun: {}\n", one_line(&survey.title), info.run);
    integration.commit_files(
        &ticket_files(&project.store, &survey.files)?,
        &message,
        None,
    )?;
    Ok(told)
}

/// The tickets' files as they are in the main working tree.
pub(super) fn ticket_files(store: &Store, ids: &[TicketId]) -> Result<Vec<FileEdit>> {
    let mut files = Vec::new();
    for id in ids {
        if let Some(text) = store.read_text(id)? {
            files.push(FileEdit {
                path: TicksPath::of_ticket(id),
                bytes: Some(text.into_bytes()),
            });
        }
    }
    Ok(files)
}

/// A run's branch from an earlier run, all of which has landed: a new one starts from the tip.
fn drop_stale_branch(project: &Project, ground: &Ground, survey: &Survey) -> Result<()> {
    let Some(tip) = project.repo.branch_tip(&ground.run_branch)? else {
        return Ok(());
    };
    if tip == ground.base || !project.repo.is_ancestor(tip, ground.base)? {
        return Ok(());
    }
    if ground.integration.is_dir() {
        let trees = project.repo.worktrees();
        trees.remove(&ground.integration, &crate::git::Removal::Committed)?;
    }
    if let Some(id) = survey.files.first() {
        let backups = Backups::new(project.repo.home_git());
        let backup = backups.keep(id, tip)?;
        backups.delete_branch(&ground.run_branch, &backup)?;
    }
    Ok(())
}

/// Tickets whose landing is committed on the run's branch and that are not closed in the main
/// working tree, since the runner was killed in between or could not write: they are closed
/// there now, and their worktrees and branches go.
pub(super) fn adopt_landed(landed: &Landed<'_>, files: &[TicketId]) -> Result<Vec<TicketId>> {
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
        let Some(attempt) = tickets::adopt(landed.store, landed.config, landed.run, &ticket)?
        else {
            continue;
        };
        let branch = landed.key.work_branch(id, attempt);
        let worktree = landed.ground.worktree_of(id, attempt);
        if let Ok(branch) = BranchName::parse(&branch) {
            workspace::remove_landed(&landed.ground.root, landed.trees, id, &worktree, &branch)?;
        }
        adopted.push(id.clone());
    }
    Ok(adopted)
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

pub(super) fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).collect()
}
