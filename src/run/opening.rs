//! Which run a command is: a new one, or an interrupted one that goes on.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::folder::{RunDir, RunInfo, RunLock, Runner};
use super::history::info_of;
use super::key::{RunKey, new_run_id};
use super::options::{Options, RunRequest};
use super::record;
use super::survey::Survey;
use crate::context::Context;
use crate::model::{TicketId, Verdict};
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::wire::{EventKind, RunEnd};

/// A run that is this process's to do.
#[derive(Debug)]
pub(super) struct Opened {
    pub dir: RunDir,
    pub info: RunInfo,
    /// Whether an interrupted run goes on.
    pub resumed: bool,
    /// Other runs over some of these tickets whose runner is dead: their workers may live.
    pub abandoned: Vec<RunDir>,
    /// Held until the process ends.
    pub _lock: RunLock,
}

/// What a run is about, for a new one.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub key: &'a RunKey,
    pub title: &'a str,
    pub epic: Option<&'a TicketId>,
    pub tickets: &'a [TicketId],
    /// What the command named.
    pub targets: &'a [TicketId],
    pub onto: &'a str,
    pub branch: &'a str,
    /// Whether only what is there is to be landed: that goes on with no run, so that a run
    /// that was stopped or reached its budget still goes on later, its spending with it.
    pub only_land: bool,
    /// The checks that the command names, beside the configured ones.
    pub checks: &'a [String],
}

/// Opens the run: under the store's lock, so that of two at once one is refused.
pub(super) fn open(ctx: &Context, project: &Project, subject: &Subject<'_>) -> Result<Opened> {
    let store = &project.store;
    let _locked = store.lock()?;
    let mut interrupted = None;
    let mut abandoned = Vec::new();
    for dir in RunDir::all(store)? {
        let Some(info) = info_of(project, &dir)? else {
            continue;
        };
        if let Some(runner) = dir.runner()? {
            refuse_if_shared(&info, &runner, subject)?;
        } else if has_finished(&dir)? {
            // Nothing of it is left.
        } else if info.key == subject.key.as_str() && !subject.only_land {
            abandoned.extend(interrupted.replace((dir, info)).map(|(older, _)| older));
        } else if info.key == subject.key.as_str()
            || subject
                .tickets
                .iter()
                .any(|id| info.tickets.contains(&id.to_string()))
        {
            abandoned.push(dir);
        }
    }
    let resumed = interrupted.is_some();
    let (dir, mut info) = match interrupted {
        Some(found) => found,
        None => {
            let info = RunInfo {
                run: new_run_id(ctx),
                key: subject.key.as_str().to_owned(),
                title: subject.title.to_owned(),
                epic: subject.epic.map(ToString::to_string),
                tickets: subject.tickets.iter().map(ToString::to_string).collect(),
                targets: subject.targets.iter().map(ToString::to_string).collect(),
                started_at: ctx.now(),
                onto: subject.onto.to_owned(),
                branch: subject.branch.to_owned(),
                checks: subject.checks.to_vec(),
            };
            (RunDir::create(store, &info)?, info)
        }
    };
    match dir.lock(ctx.now())? {
        Ok(lock) => {
            dir.forget_error()?;
            if info.checks != subject.checks {
                info.checks = subject.checks.to_vec();
                dir.describe(&info)?;
            }
            Ok(Opened {
                dir,
                info,
                resumed,
                abandoned,
                _lock: lock,
            })
        }
        Err(runner) => Err(held(
            &info,
            runner.as_ref(),
            &subject.tickets.iter().collect::<Vec<_>>(),
        )),
    }
}

/// Whether the run came to an end of its own. One that was stopped or whose budget was used
/// up goes on when the same command is given again, its spending with it.
pub(super) fn has_finished(dir: &RunDir) -> Result<bool> {
    Ok(last_outcome(dir)?.is_some_and(RunEnd::is_final))
}

/// How the run ended last; nothing while it is going on, or if it was interrupted.
pub(super) fn last_outcome(dir: &RunDir) -> Result<Option<RunEnd>> {
    let events = record::read(&dir.journal())?;
    let last = events.into_iter().rev().find_map(|event| match event.kind {
        EventKind::RunFinished { outcome, .. } => Some(Some(outcome)),
        EventKind::RunStarted { .. } => Some(None),
        _ => None,
    });
    Ok(last.flatten())
}

/// When the stretch of the run that is going on began: since it was started first, or again
/// after it had come to an end. A runner that dies does not end it.
pub(super) fn stretch(dir: &RunDir) -> Result<Option<Timestamp>> {
    let mut since = None;
    for event in record::read(&dir.journal())? {
        match event.kind {
            EventKind::RunStarted { .. } => since = since.or(Some(event.at)),
            EventKind::RunFinished { .. } => since = None,
            _ => {}
        }
    }
    Ok(since)
}

/// Adds to the options the checks that what the run lands, or goes on with where its command names
/// none, had to pass on its way; those that it hands on in that way, beside the configured ones.
pub(super) fn inherited_checks(
    project: &Project,
    request: &RunRequest,
    survey: &Survey,
    options: &mut Options,
) -> Result<Vec<String>> {
    let checks = if request.only_land {
        // Those of a command that lands are its own.
        checks_to_land(project, survey)?
    } else if request.checks.is_empty() {
        unfinished(project, &survey.key)?.map_or_else(Vec::new, |info| info.checks)
    } else {
        // They are in the options already.
        return Ok(request.checks.clone());
    };
    options.checks.extend(checks.iter().cloned());
    Ok(checks)
}

/// The checks that the commands named whose work `tk land` lands: that of the newest run of the
/// key, and those of the runs that have kept what was approved since.
fn checks_to_land(project: &Project, survey: &Survey) -> Result<Vec<String>> {
    let tickets = survey
        .runnable
        .iter()
        .filter_map(|id| survey.tickets.get(id));
    let approved = tickets.filter(|ticket| ticket.verdict == Some(Verdict::Approved));
    let kept_by: BTreeSet<&str> = approved
        .filter_map(|ticket| ticket.runs.last())
        .map(|last| last.run.as_str())
        .collect();
    let (mut of_key, mut of_others) = (Vec::new(), Vec::new());
    for dir in RunDir::all(&project.store)? {
        let Some(info) = info_of(project, &dir)? else {
            continue;
        };
        if kept_by.contains(info.run.as_str()) {
            of_others.extend(info.checks.iter().cloned());
        }
        if info.key == survey.key.as_str() {
            of_key = info.checks;
        }
    }
    let mut checks: Vec<String> = Vec::new();
    for check in of_key.into_iter().chain(of_others) {
        if !checks.contains(&check) {
            checks.push(check);
        }
    }
    Ok(checks)
}

/// The run of the key that has not come to an end: the same command goes on with it.
pub(super) fn unfinished(project: &Project, key: &RunKey) -> Result<Option<RunInfo>> {
    let mut last = None;
    for dir in RunDir::all(&project.store)? {
        let of_key = info_of(project, &dir)?.filter(|info| info.key == key.as_str());
        if of_key.is_some() && !has_finished(&dir)? {
            last = of_key;
        }
    }
    Ok(last)
}

/// The tickets of all runs of the key: the files that its branch may have.
pub(super) fn tickets_of_key(project: &Project, key: &RunKey) -> Result<Vec<String>> {
    let mut tickets = Vec::new();
    for dir in RunDir::all(&project.store)? {
        let of_key = info_of(project, &dir)?.filter(|info| info.key == key.as_str());
        tickets.extend(of_key.into_iter().flat_map(|info| info.tickets));
    }
    Ok(tickets)
}

fn refuse_if_shared(info: &RunInfo, runner: &Runner, subject: &Subject<'_>) -> Result<()> {
    let theirs: BTreeSet<&str> = info.tickets.iter().map(String::as_str).collect();
    let shared: Vec<&TicketId> = subject
        .tickets
        .iter()
        .filter(|id| theirs.contains(id.as_str()))
        .collect();
    if shared.is_empty() && info.key != subject.key.as_str() {
        return Ok(());
    }
    Err(held(info, Some(runner), &shared))
}

fn held(info: &RunInfo, runner: Option<&Runner>, shared: &[&TicketId]) -> Error {
    let who = runner.map_or_else(String::new, |runner| {
        format!(" by process {} since {}", runner.process.pid, runner.since)
    });
    let ids: Vec<String> = shared.iter().map(ToString::to_string).collect();
    Error::new(
        ErrorCode::Held,
        format!(
            "run {} works at these tickets{who}: {}",
            info.run,
            ids.join(", ")
        ),
    )
    .hint(format!(
        "see what it does with `tk log {} -f`, or end it with `tk stop {}`",
        info.run, info.run
    ))
    .with("run", info.run.clone())
    .with("tickets", ids)
    .with("pid", runner.map(|runner| runner.process.pid))
}
