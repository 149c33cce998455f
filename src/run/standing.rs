//! How the runs of a clone stand, for whoever looks after what they leave.

use super::folder::{RunDir, RunInfo};
use super::ledger::Ledger;
use super::opening::last_outcome;
use super::orphans::{self, Marked};
use super::unended;
use crate::context::Context;
use crate::model::TicketId;
use crate::ops::{KnownRun, KnownRuns, Project, Result, RunState, Runs};
use crate::store::Store;

/// The runs of a project's clone, for the doctor.
#[derive(Clone, Copy, Debug)]
pub struct RunsOf<'a> {
    /// Time.
    pub context: &'a Context,
    /// The project.
    pub project: &'a Project,
}

impl Runs for RunsOf<'_> {
    fn standing(&self) -> Result<KnownRuns> {
        standing(&self.project.store)
    }

    fn end_left(&self, run: &str) -> Result<()> {
        let dir = RunDir::of(&self.project.store, run);
        orphans::end(self.context, self.project, &dir).map(drop)
    }

    fn tell_end(&self, id: &TicketId) -> Result<()> {
        unended::settle_all(self.context, self.project, None)?.expect(id)
    }
}

/// The runs of the clone at this moment. A folder that cannot be read keeps none of the
/// others from being told.
fn standing(store: &Store) -> Result<KnownRuns> {
    let mut known = KnownRuns::default();
    let runs = store.runs_dir();
    if store.obstacles().iter().any(|it| runs.starts_with(it)) {
        // The doctor tells what is there instead of their folder.
        return Ok(known);
    }
    let damage = Ledger::damage(&store.ledger_path());
    known.ledger = damage.unwrap_or_else(|error| Some(error.message));
    let marked = Marked::now();
    let mut newest_first: Vec<RunInfo> = Vec::new();
    for dir in RunDir::all(store)?.into_iter().rev() {
        // The info is written before anything else is: without it, nothing was begun.
        let told = dir.info().and_then(|info| {
            let Some(info) = info else { return Ok(None) };
            let state = state(&dir, &info, &newest_first)?;
            let left = match state {
                RunState::Live => Vec::new(),
                _ => orphans::of(&dir, &marked)?,
            };
            Ok(Some((info, state, left, dir.unended()?, dir.error()?)))
        });
        match told {
            Ok(Some((info, state, left, untold, error))) => {
                known.runs.push(KnownRun {
                    run: info.run.clone(),
                    key: info.key.clone(),
                    tickets: info.epic.iter().chain(&info.tickets).cloned().collect(),
                    state,
                    resume: info.resume(),
                    error,
                    left,
                    untold,
                });
                newest_first.push(info);
            }
            Ok(None) => {}
            Err(error) => known
                .unreadable
                .push((dir.path().to_owned(), error.message)),
        }
    }
    known.runs.reverse();
    Ok(known)
}

fn state(dir: &RunDir, info: &RunInfo, newer: &[RunInfo]) -> Result<RunState> {
    if dir.runner()?.is_some() {
        return Ok(RunState::Live);
    }
    // A later run over the same tickets ends what this one left, before it begins.
    let takes_over = |later: &RunInfo| {
        later.key == info.key || later.tickets.iter().any(|id| info.tickets.contains(id))
    };
    if newer.iter().any(takes_over) {
        return Ok(RunState::Over);
    }
    Ok(match last_outcome(dir)? {
        Some(outcome) if outcome.is_final() => RunState::Over,
        Some(_) => RunState::Resumable,
        None => RunState::Interrupted,
    })
}
