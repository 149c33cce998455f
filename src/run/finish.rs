//! The end of a run: epics close, the last commit is made, what has merged lands on the
//! user's branch, and what is no longer needed goes.

use std::sync::Arc;

use tokio::sync::watch;

use super::desk::Stop;
use super::dispatcher::Tally;
use super::ground::{one_line, ticket_files};
use super::home::{self, Home};
use super::record::Recorder;
use super::shared::Shared;
use super::survey::Survey;
use super::tickets;
use super::trouble::Trouble;
use crate::git::{Backups, Git, Removal};
use crate::graph::Graph;
use crate::model::{LandMode, TicketId};
use crate::ops::{Error, ErrorCode, Result};
use crate::wire::EventKind;

/// What is left to do after a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Finished {
    /// Why what has merged could not land on the user's branch, and the command that does it.
    pub unlanded: Option<(String, String)>,
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
    let mut landed = false;
    if !tally.stopped {
        close_epics(shared, survey, recorder)?;
        let message = format!(
            "Record: {}\n\nRun: {}\n",
            one_line(&shared.title),
            shared.run
        );
        let files = ticket_files(&shared.store, &survey.files)?;
        shared.integration.commit_files(&files, &message, None)?;
        if shared.options.land != LandMode::Never {
            let (home, told) = home::land(shared, stop).await.map_err(of_trouble)?;
            for kind in told {
                recorder.record(None, kind)?;
            }
            match home {
                Home::Landed => landed = true,
                Home::Refused(why) => {
                    finished.unlanded = Some((why, format!("tk land {}", shared.target)));
                }
            }
        }
    }
    put_away(shared, survey, landed)?;
    Ok(finished)
}

pub(super) fn of_trouble(trouble: Trouble) -> Error {
    match trouble {
        Trouble::Git(error) => error.into(),
        Trouble::Store(error) => error.into(),
        other => Error::new(ErrorCode::Failed, other.to_string()),
    }
}

/// Closes every epic of the run whose children are all closed, nested ones first.
fn close_epics(shared: &Shared, survey: &Survey, recorder: &mut Recorder) -> Result<()> {
    for id in &survey.epics {
        if is_complete(shared, id)? {
            tickets::close_epic(shared, id)?;
            let reason = "every child is closed".to_owned();
            recorder.record(Some(id), EventKind::Closed { reason })?;
        }
    }
    Ok(())
}

fn is_complete(shared: &Shared, id: &TicketId) -> Result<bool> {
    let loaded = shared.store.load_all(&shared.config)?;
    let graph = Graph::new(&loaded.tickets, &shared.config.statuses, shared.ctx.now());
    let open = loaded
        .get(id)
        .is_some_and(|epic| !shared.config.statuses.is_done(&epic.status));
    Ok(open && !graph.children(id).is_empty() && graph.epic_is_complete(id))
}

/// Removes the integration worktree, and the run's branch where all of it has landed.
fn put_away(shared: &Shared, survey: &Survey, landed: bool) -> Result<()> {
    shared.integration.recover()?;
    shared
        .trees
        .remove(&shared.ground.integration, &Removal::Committed)?;
    let tip = shared.tip_of(&shared.ground.run_branch)?;
    if let (true, Some(tip), Some(id)) = (landed, tip, survey.files.first()) {
        let backups = Backups::new(Git::new(&shared.ground.root));
        let backup = backups.keep(survey.epic.as_ref().map_or(id, |epic| &epic.id), tip)?;
        backups.delete_branch(&shared.ground.run_branch, &backup)?;
    }
    shared.trees.remove_empty_folder(&shared.ground.worktrees)?;
    Ok(())
}
