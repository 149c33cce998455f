//! How the runs of a clone stand, for whoever looks after what they leave.

use super::folder::{RunDir, RunInfo};
use super::opening::{is_final, last_outcome};
use crate::ops::{KnownRun, KnownRuns, Result, RunState};
use crate::store::Store;

/// The runs of the clone at this moment. A folder that cannot be read keeps none of the
/// others from being told.
///
/// # Errors
/// When the folder of the runs cannot be read.
pub fn standing(store: &Store) -> Result<KnownRuns> {
    let mut known = KnownRuns::default();
    let mut newest_first: Vec<RunInfo> = Vec::new();
    for dir in RunDir::all(store)?.into_iter().rev() {
        // The info is written before anything else is: without it, nothing was begun.
        let told = dir.info().and_then(|info| {
            let Some(info) = info else { return Ok(None) };
            let state = state(&dir, &info, &newest_first)?;
            Ok(Some((info, state)))
        });
        match told {
            Ok(Some((info, state))) => {
                known.runs.push(KnownRun {
                    run: info.run.clone(),
                    key: info.key.clone(),
                    tickets: info.epic.iter().chain(&info.tickets).cloned().collect(),
                    state,
                    resume: resume(&info),
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
        Some(outcome) if is_final(&outcome) => RunState::Over,
        Some(_) => RunState::Resumable,
        None => RunState::Interrupted,
    })
}

/// The command that goes on with the run.
fn resume(info: &RunInfo) -> String {
    let targets = info.epic.clone().unwrap_or_else(|| info.tickets.join(" "));
    format!("tk run {targets}")
}
