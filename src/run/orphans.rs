//! Workers that outlive their runner: who they are, and their end.
//!
//! They are known by what their shim wrote down, each with the time it started, and by the mark
//! that everything they start inherits: an id that is another process's by now is never taken for
//! one of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rustix::process::Signal;

use super::attempt::AttemptDir;
use super::folder::{RunDir, RunLock};
use super::process::{self, ProcessId};
use super::recovery::{self, GONE, wait};
use super::remote;
use super::supervised::ATTEMPT_MARK;
use crate::context::Context;
use crate::ops::{Error, ErrorCode, LeftWorker, Project, Result};

/// What runs of all attempts of all runs at this moment, by the attempt's folder.
#[derive(Debug)]
pub(super) struct Marked(BTreeMap<PathBuf, Vec<ProcessId>>);

impl Marked {
    /// Looks at every process of the machine, once.
    pub(super) fn now() -> Self {
        let mut by_folder: BTreeMap<PathBuf, Vec<ProcessId>> = BTreeMap::new();
        for (process, folder) in process::values_of(ATTEMPT_MARK) {
            by_folder.entry(folder).or_default().push(process);
        }
        Self(by_folder)
    }
}

/// The attempts of a run of which something runs, whose runner is dead.
///
/// # Errors
/// When the run's folder cannot be read.
pub(super) fn of(dir: &RunDir, marked: &Marked) -> Result<Vec<LeftWorker>> {
    let mut found = Vec::new();
    for attempt in dir.attempts()? {
        // Where it cannot be read who was started, the mark alone tells; `tk run` says what is
        // wrong there.
        let started = attempt.started().ok().flatten();
        let recorded = match started {
            Some(_) => attempt.living()?,
            None => Vec::new(),
        };
        let by_mark = marked.0.get(attempt.path()).into_iter().flatten();
        let Some(process) = recorded.iter().chain(by_mark).next() else {
            continue;
        };
        found.push(LeftWorker {
            pid: process.pid,
            ticket: dir.ticket_of(attempt.path()),
            since: started.map(|started| started.at),
        });
    }
    found.sort_by(|one, other| (&one.ticket, one.pid).cmp(&(&other.ticket, other.pid)));
    Ok(found)
}

/// Ends what the dead runner of a run has left running, settles what it cost and puts its tickets
/// back, so that the run goes on later; what could not be given back on a remote, a line each.
///
/// # Errors
/// When a runner is at the run; or when something does not end.
pub(super) fn end(ctx: &Context, project: &Project, dir: &RunDir) -> Result<Vec<String>> {
    let _lock = lock(ctx, dir)?;
    if of(dir, &Marked::now())?.is_empty() {
        return Ok(Vec::new());
    }
    let (_, left_alone) = recover(ctx, project, dir)?;
    Ok(left_alone)
}

/// Puts the tickets of a run back whose runner is dead, with all its workers; nothing where none of
/// them is in progress, else what could not be done, a line each.
///
/// # Errors
/// When a runner is at the run.
pub(super) fn put_back(
    ctx: &Context,
    project: &Project,
    dir: &RunDir,
) -> Result<Option<Vec<String>>> {
    let _lock = lock(ctx, dir)?;
    let (is_any, left_alone) = recover(ctx, project, dir)?;
    Ok(is_any.then_some(left_alone))
}

/// Puts the tickets of a run back; whether there was anything to do, and what could not be done, a
/// line each.
fn recover(ctx: &Context, project: &Project, dir: &RunDir) -> Result<(bool, Vec<String>)> {
    let recovered = recovery::recover(ctx, &project.store, &project.config, dir, |_| false)?;
    let is_any = !recovered.told.is_empty();
    let mut lines = recovered.left_alone;
    lines.extend(remote::give_back_left(project, &recovered.holds, |_| true));
    Ok((is_any, lines))
}

/// As long as this is held no runner begins.
fn lock(ctx: &Context, dir: &RunDir) -> Result<RunLock> {
    dir.lock_to_end(ctx.now())?.map_err(|_| {
        let message = format!("a runner is at run {}", dir.id());
        Error::new(ErrorCode::Held, message)
    })
}

/// Kills the worker of that attempt, its shim, and what runs below them.
pub(super) fn kill(attempt: &AttemptDir) -> Result<()> {
    let mut left = Vec::new();
    let mut trouble = None;
    let ended = wait(GONE, || {
        left = match attempt.living() {
            Ok(left) => left,
            Err(error) => {
                trouble = Some(error);
                return true;
            }
        };
        for process in &left {
            // What is below goes first, as long as it is known to be; one that is gone by now
            // needs no signal.
            let _below = process::kill_descendants(process.pid);
            let _gone = process.signal(Signal::KILL);
        }
        left.is_empty()
    });
    match trouble {
        Some(error) => Err(error.into()),
        None if ended => Ok(()),
        None => {
            let pids: Vec<String> = left.iter().map(|process| process.pid.to_string()).collect();
            let message = format!("processes {} cannot be ended", pids.join(", "));
            Err(Error::new(ErrorCode::Failed, message))
        }
    }
}
