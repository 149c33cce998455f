//! Stopping a live run or one ticket of it, and what a dead runner has left running.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::folder::{RunDir, Runner};
use super::history::Found;
use super::opening;
use super::orphans::{self, Marked};
use super::record;
use crate::context::Context;
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::wire::{Event, EventKind, StopDocument};

/// How long a stopped runner may take to interrupt its workers and settle.
const STOPPING: Duration = Duration::from_secs(60);

/// Stops a live run, or one ticket of it, and waits until the runner is done with it. Of a run
/// whose runner is dead it ends what that has left running, and puts its tickets back.
///
/// # Errors
/// When the run is not live and nothing of it is left, or its runner does not end.
pub fn stop(ctx: &Context, project: &Project, found: &Found) -> Result<StopDocument> {
    project.require_human("stop a run")?;
    let Some(runner) = runner_of(&found.dir)? else {
        return stop_left(ctx, project, found);
    };
    let signal = match &found.ticket {
        None => Signal::INT,
        Some(ticket) => {
            found.dir.ask_to_stop(ticket)?;
            Signal::USR1
        }
    };
    if !runner.process.signal(signal) {
        return Err(Error::new(
            ErrorCode::Failed,
            format!(
                "the runner, process {}, cannot be signalled",
                runner.process.pid
            ),
        ));
    }
    let (mut next, mut is_done) = (0, found.ticket.is_some());
    let mut is_over = || -> Result<bool> {
        if let Some(ticket) = &found.ticket {
            let (events, end) = record::read_from(&found.dir.journal(), next)?;
            next = end;
            let of_ticket = |event: &&Event| event.ticket.as_deref() == Some(ticket);
            if let Some(last) = events.iter().rfind(of_ticket) {
                is_done = matches!(last.kind, EventKind::TicketFinished { .. });
            }
        }
        Ok(is_done || !runner.process.is_alive())
    };
    let start = Instant::now();
    while !is_over()? {
        if start.elapsed() > STOPPING {
            return Err(Error::new(
                ErrorCode::Failed,
                format!(
                    "run {} has not stopped within {} s",
                    found.info.run,
                    STOPPING.as_secs()
                ),
            )
            .hint("the same command again ends its workers at once"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(StopDocument {
        schema: "tk.stop.v1",
        run: found.info.run.clone(),
        ticket: found.ticket.clone(),
        pid: Some(runner.process.pid),
        left: Vec::new(),
    })
}

/// The runner, once nobody is at the run any more who only ends what a dead one has left.
fn runner_of(dir: &RunDir) -> Result<Option<Runner>> {
    let start = Instant::now();
    loop {
        let runner = dir.runner()?;
        match runner {
            Some(runner) if runner.only_ends && start.elapsed() < STOPPING => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Some(runner) if runner.only_ends => {
                let pid = runner.process.pid;
                let message = format!("process {pid} does not come to an end of run {}", dir.id());
                return Err(Error::new(ErrorCode::Held, message).with("pid", pid));
            }
            runner => return Ok(runner),
        }
    }
}

/// Ends what a dead runner has left running.
fn stop_left(ctx: &Context, project: &Project, found: &Found) -> Result<StopDocument> {
    let run = &found.info.run;
    let left = orphans::of(&found.dir, &Marked::now())?;
    let refused = |message: String| Err(Error::new(ErrorCode::No, message));
    let goes_on = opening::last_outcome(&found.dir)?.is_none();
    if left.is_empty()
        && goes_on
        && let Some(lines) = orphans::put_back(ctx, project, &found.dir)?
    {
        lines.into_iter().for_each(|text| project.warn(text));
        return Ok(StopDocument {
            schema: "tk.stop.v1",
            run: run.clone(),
            ticket: None,
            pid: None,
            left: Vec::new(),
        });
    }
    if left.is_empty() {
        return refused(format!("run {run} is not live")).map_err(|error| match goes_on {
            true => error.hint(format!("`{}` goes on with it", found.info.resume())),
            false => error.hint("`tk runs` lists the runs and their states"),
        });
    }
    if let Some(ticket) = &found.ticket {
        let message = format!("the runner of `{ticket}` in run {run} is dead");
        let resume = found.info.resume();
        let hint = format!(
            "`tk stop {run}` ends all that it has left running and puts its tickets back; \
             `{resume}` goes on with it"
        );
        return refused(message).map_err(|error| error.hint(hint));
    }
    for text in orphans::end(ctx, project, &found.dir)? {
        project.warn(text);
    }
    Ok(StopDocument {
        schema: "tk.stop.v1",
        run: run.clone(),
        ticket: None,
        pid: None,
        left: left.iter().map(|left| left.pid).collect(),
    })
}
