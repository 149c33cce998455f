//! The end of a run: epics close, the last commit is made, what has merged lands on the
//! user's branch, and what is no longer needed goes.

use std::sync::Arc;

use tokio::sync::watch;

use super::desk::{Ending, Stop};
use super::dispatcher::Tally;
use super::folder::RunDir;
use super::ground::{self, Adopted, ticket_files};
use super::home::{self, Home};
use super::record::Recorder;
use super::shared::Shared;
use super::survey::Survey;
use super::tickets;
use super::trouble::Trouble;
use super::unended;
use super::workspace;
use crate::context::point::Point;
use crate::git::{Backups, Git, Removal, TICKS, Worktree};
use crate::graph::Graph;
use crate::model::{Gate, LandMode, Outcome, RunRecord, TicketId, one_line};
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::store::InvalidFile;
use crate::wire::EventKind;

/// What is left to do after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Finished {
    /// Why what has merged could not land on the user's branch, and the command that does it.
    pub unlanded: Option<(String, String)>,
    /// The command that lands what was not to land at the end of the run.
    pub kept: Option<String>,
    /// Whether all of it is on the user's branch.
    pub landed: bool,
}

/// Brings the run to its end.
pub(super) async fn finish(
    shared: &Arc<Shared>,
    survey: &Survey,
    tally: &Tally,
    recorder: &mut Recorder,
    stop: &mut watch::Receiver<Stop>,
) -> Result<Finished> {
    let mut finished = Finished::default();
    let (store, dir) = (
        shared.tracker.store()?,
        RunDir::of(&shared.store, &shared.run),
    );
    for text in unended::settle(&shared.ctx, &store, &shared.config, &dir)?.lines() {
        recorder.record(None, EventKind::Warning { text })?;
    }
    if tally.stopped {
        finished.kept = match has_merged(shared, survey, tally) {
            true => command_of_kept(shared)?,
            false => None,
        };
    } else {
        let again = ground::ensure(shared).map_err(|trouble| match trouble {
            Trouble::Git(error) => Error::from(error),
            other => Error::new(ErrorCode::Failed, other.to_string()),
        });
        if let Some(text) = again? {
            recorder.record(None, EventKind::Warning { text })?;
        }
        // A landing whose ticket could not be closed at once.
        let committed = ground::Landed {
            store: &shared.tracker.store()?,
            config: &shared.config,
            run: &shared.run,
            key: &shared.key,
            ground: &shared.ground,
            integration: &shared.integration,
            trees: &shared.trees,
        };
        let adopted = ground::adopt_landed(&committed, &survey.files)?.into_iter();
        // Of the others that was told when they landed, or when the run went on.
        for Adopted { id, untidy, .. } in adopted.filter(|adopted| adopted.is_new) {
            if let Some(text) = untidy {
                recorder.record(Some(&id), EventKind::Warning { text })?;
            }
            let reason = "landed".to_owned();
            recorder.record(Some(&id), EventKind::Closed { reason })?;
        }
        // Of an epic's children, only those of the run are known while the branch is away.
        let mut files = survey.files.clone();
        if !shared.tracker.is_away() {
            files.extend(close_epics(shared, survey, recorder)?);
        }
        let message = format!(
            "Record: {}\n\nRun: {}\n",
            one_line(&shared.title),
            shared.run
        );
        let store = shared.tracker.store()?;
        let (files, unreadable) = ticket_files(&store, &shared.config, &files)?;
        for text in unreadable {
            recorder.record(None, EventKind::Warning { text })?;
        }
        Point::RecordCommit.around(|| shared.integration.commit_files(&files, &message, None))?;
        if shared.options.land == LandMode::Never {
            finished.kept = command_of_kept(shared)?;
        } else {
            let why = match home::land(shared, stop).await {
                Ok((home, told)) => {
                    for kind in told {
                        recorder.record(None, kind)?;
                    }
                    match home {
                        Home::Landed => None,
                        Home::Refused(why) => Some(why),
                    }
                }
                Err(trouble) => Some(trouble.to_string()),
            };
            finished.landed = why.is_none();
            let onto = &shared.ground.onto;
            let command = match Git::new(&shared.ground.root).renamed_branch(onto)? {
                Some(now) => format!("tk land {} --onto {now}", shared.target),
                None if shared.tracker.missing() == Some(onto) => {
                    format!("git switch {onto} && tk land {}", shared.target)
                }
                None => format!("tk land {}", shared.target),
            };
            if let Some(why) = &why {
                let text = format!("not on `{}` yet: {why}", shared.ground.onto);
                recorder.record(None, EventKind::Warning { text })?;
            }
            finished.unlanded = why.map(|why| (why, command));
        }
    }
    let put_away = put_away(shared, survey, finished.landed);
    for text in ground::strays(&shared.integration) {
        recorder.record(None, EventKind::Warning { text })?;
    }
    if let Err(error) = put_away {
        // What was done stays done: the next run tidies up.
        let text = format!("the run's worktree or branch cannot be removed: {error}");
        recorder.record(None, EventKind::Warning { text })?;
    }
    Ok(finished)
}

/// Whether a ticket has been merged into the run's branch, before an interruption or since.
fn has_merged(shared: &Shared, survey: &Survey, tally: &Tally) -> bool {
    let of_run =
        |record: &RunRecord| record.run == shared.run && record.outcome == Some(Outcome::Landed);
    let before = survey.tickets.values().flat_map(|ticket| &ticket.runs);
    tally
        .endings
        .values()
        .any(|ending| *ending == Ending::Landed)
        || before.into_iter().any(of_run)
}

/// The command that lands what is on the run's branch alone, if anything is.
fn command_of_kept(shared: &Shared) -> Result<Option<String>> {
    let ahead = match shared.tip_of(&shared.ground.onto)? {
        Some(onto) => ground::is_ahead(&shared.ground, onto)?,
        None => true,
    };
    Ok(ahead.then(|| format!("tk land {}", shared.target)))
}

/// What lets the user check out the branch that was landed on, where ticket files of the run that
/// are not committed in the main working tree would keep them from it.
///
/// # Errors
/// When git fails.
pub(super) fn way_to_branch(project: &Project, shared: &Shared) -> Result<Option<String>> {
    let (onto, head) = (&shared.ground.onto, project.repo.home_head()?);
    let is_on_it = |there: &Worktree| there.branch.as_ref() == Some(onto);
    let Some(commit) = head.commit else {
        return Ok(None);
    };
    if shared.trees.list()?.iter().any(is_on_it) {
        return Ok(None);
    }
    let git = Git::new(&shared.ground.root);
    let (from, to) = (commit.to_string(), onto.reference());
    let differing = git.run([
        "diff",
        "--name-only",
        "--no-renames",
        "-z",
        &from,
        &to,
        "--",
        TICKS,
    ])?;
    let differing: Vec<&[u8]> = differing.fields().collect();
    let unsaved = git.unsaved_tickets()?;
    let mut in_the_way = unsaved
        .iter()
        .filter(|path| differing.contains(&path.as_bytes()));
    Ok(in_the_way.next().map(|path| {
        format!(
            "`git switch {onto}` goes over no ticket file that is not committed, such as `{path}`: \
             `git add {TICKS} && git commit -m Tickets` first"
        )
    }))
}

/// Closes every epic of the run whose children are all closed, nested ones first; the tickets that
/// come after those that come again.
fn close_epics(shared: &Shared, survey: &Survey, recorder: &mut Recorder) -> Result<Vec<TicketId>> {
    let mut following = Vec::new();
    for id in &survey.epics {
        match state_of(shared, survey, id)? {
            EpicState::Open => {}
            EpicState::Unknown(file) => {
                let text = format!("`{id}` stays open, since a child cannot be read: {file}");
                recorder.record(None, EventKind::Warning { text })?;
            }
            EpicState::Complete => {
                let next = tickets::close_epic(shared, id)?;
                let mut reason = "every child is closed".to_owned();
                if let Some(next) = &next {
                    reason += &format!("; `{next}` comes next");
                }
                following.extend(next);
                recorder.record(Some(id), EventKind::Closed { reason })?;
            }
            EpicState::AtGate(gate) => {
                tickets::await_gate(shared, id, gate)?;
                let awaiting = gate.awaiting().to_string();
                let text = "every child is closed".to_owned();
                recorder.record(Some(id), EventKind::Awaiting { awaiting, text })?;
            }
        }
    }
    Ok(following)
}

/// Whether an epic may close.
enum EpicState {
    /// Something of it is open, or it waits for somebody, or it is closed already.
    Open,
    /// Of what else is a child of it, this file is no ticket.
    Unknown(InvalidFile),
    /// Every child is closed, and nothing holds it.
    Complete,
    /// Every child is closed, and a person has to pass its own gate.
    AtGate(Gate),
}

fn state_of(shared: &Shared, survey: &Survey, id: &TicketId) -> Result<EpicState> {
    let loaded = shared.store.load_all(&shared.config)?;
    let graph = Graph::new(&loaded.tickets, &shared.config.statuses, shared.ctx.now());
    let Some(epic) = loaded.get(id) else {
        return Ok(EpicState::Open);
    };
    let held = shared.config.statuses.is_done(&epic.status)
        || epic.awaiting.is_some()
        || graph.children(id).is_empty()
        || !graph.epic_is_complete(id)
        || !graph.open_blockers(id).is_empty();
    if held {
        return Ok(EpicState::Open);
    }
    let (store, config) = (&shared.store, &shared.config);
    // Of a file in which nothing can be read any more, the run knows what it was.
    let was_child = |file: &&InvalidFile| {
        let was = file.id.as_ref().and_then(|child| survey.tickets.get(child));
        was.is_some_and(|was| was.parent.as_ref() == Some(id))
    };
    let mut broken = store.broken_children(id, &loaded.invalid, config);
    let broken = broken
        .next()
        .or_else(|| loaded.invalid.iter().find(was_child));
    if let Some(file) = broken {
        return Ok(EpicState::Unknown(file.clone()));
    }
    Ok(match epic.requires {
        Some(gate) if !epic.passes_gate() => EpicState::AtGate(gate),
        _ => EpicState::Complete,
    })
}

/// Removes the integration worktree, and the run's branch where all of it has landed.
fn put_away(shared: &Shared, survey: &Survey, landed: bool) -> Result<()> {
    shared.integration.recover()?;
    for id in &survey.files {
        let put_away = workspace::put_away_followed(shared, id);
        put_away.map_err(|trouble| Error::new(ErrorCode::Failed, trouble.to_string()))?;
    }
    shared.integration.disown()?;
    shared
        .trees
        .remove(&shared.ground.integration, &Removal::Committed)?;
    if let (true, Some(id)) = (landed, survey.targets.first()) {
        Backups::new(Git::new(&shared.ground.root)).remove_branch(id, &shared.ground.run_branch)?;
    }
    shared.trees.remove_empty_folder(&shared.ground.worktrees)?;
    Ok(())
}
