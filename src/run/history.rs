//! Runs that were and are: what `tk runs`, `tk log` and `tk stop` look at.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::folder::{RunDir, RunInfo, Runner};
use super::opening;
use super::orphans::{self, Marked};
use super::record;
use super::stats;
use super::unended;
use super::watch::Watch;
use crate::context::Context;
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::wire::{Event, EventKind, Figures, RunEntry, RunsDocument, StopDocument};

/// How long a stopped runner may take to interrupt its workers and settle.
const STOPPING: Duration = Duration::from_secs(60);

/// The state of a run whose runner died.
const INTERRUPTED: &str = "interrupted";

/// All runs of the clone, newest first.
///
/// # Errors
/// When a journal or the ledger cannot be read.
pub fn runs(project: &Project) -> Result<RunsDocument> {
    let figures = stats::of_runs(project)?;
    let mut runs = Vec::new();
    let mut marked = None;
    for dir in RunDir::all(&project.store)? {
        let Some(info) = dir.info()? else { continue };
        let of = figures.get(&info.run).cloned().unwrap_or_default();
        let mut entry = entry(&dir, &info, &of)?;
        if entry.state == INTERRUPTED {
            let marked = marked.get_or_insert_with(Marked::now);
            let left = orphans::of(&dir, marked)?;
            entry.left = left.iter().map(|left| left.pid).collect();
        }
        runs.push(entry);
    }
    runs.reverse();
    Ok(RunsDocument {
        schema: "tk.runs.v1",
        total: runs.len(),
        runs,
    })
}

fn entry(dir: &RunDir, info: &RunInfo, figures: &Figures) -> Result<RunEntry> {
    let events = record::read(&dir.journal())?;
    let runner = dir.runner()?;
    let mut landed = Vec::new();
    let mut last = None;
    for event in &events {
        match (&event.kind, &event.ticket) {
            (EventKind::Landed { .. }, Some(ticket)) if !landed.contains(ticket) => {
                landed.push(ticket.clone());
            }
            (EventKind::RunStarted { .. }, _) => last = None,
            (
                EventKind::RunFinished {
                    outcome,
                    failed,
                    awaiting,
                    ..
                },
                _,
            ) => {
                last = Some((
                    outcome.as_str().to_owned(),
                    failed.clone(),
                    awaiting.clone(),
                ));
            }
            _ => {}
        }
    }
    let (state, failed, awaiting) = match (&runner, last) {
        (Some(_), _) => ("live".to_owned(), Vec::new(), Vec::new()),
        (None, Some(ended)) => ended,
        (None, None) => (INTERRUPTED.to_owned(), Vec::new(), Vec::new()),
    };
    Ok(RunEntry {
        run: info.run.clone(),
        key: info.key.clone(),
        title: info.title.clone(),
        state,
        pid: runner.map(|runner| runner.process.pid),
        left: Vec::new(),
        started_at: info.started_at,
        updated_at: events.last().map(|event| event.at),
        onto: info.onto.clone(),
        branch: info.branch.clone(),
        cost_usd: figures.cost_usd,
        input_tokens: figures.input_tokens,
        output_tokens: figures.output_tokens,
        turns: figures.turns,
        seconds: figures.seconds,
        retries: figures.retries,
        first_pass_rate: figures.first_pass_rate,
        landed,
        failed,
        awaiting,
    })
}

/// A run, and the ticket of it that is meant, if one is.
#[derive(Clone, Debug)]
pub struct Found {
    /// The run's folder.
    pub dir: RunDir,
    /// What it is about.
    pub info: RunInfo,
    /// The ticket.
    pub ticket: Option<String>,
}

/// The run that `word` means: a run's id or the unique beginning of one, a key, or a ticket,
/// for the newest run that works or worked at it. Without a word, the newest run.
///
/// # Errors
/// When there is none.
pub fn find(project: &Project, word: Option<&str>) -> Result<Found> {
    let mut all = Vec::new();
    for dir in RunDir::all(&project.store)? {
        if let Some(info) = dir.info()? {
            all.push((dir, info));
        }
    }
    let Some(word) = word else {
        return match all.pop() {
            Some((dir, info)) => Ok(Found {
                dir,
                info,
                ticket: None,
            }),
            None => Err(Error::new(ErrorCode::RunNotFound, "there is no run yet")
                .hint("`tk run EPIC` starts one")),
        };
    };
    let given = word.trim();
    let upper = given.to_uppercase();
    let by_id: Vec<_> = all
        .iter()
        // Every id begins with nothing, which is no id: it is refused below.
        .filter(|(_, info)| !upper.is_empty() && info.run.starts_with(&upper))
        .collect();
    let by_key = || all.iter().rfind(|(_, info)| info.key == given);
    if let [(dir, info)] = by_id.as_slice() {
        return Ok(Found {
            dir: dir.clone(),
            info: info.clone(),
            ticket: None,
        });
    }
    if let Some((dir, info)) = by_key() {
        return Ok(Found {
            dir: dir.clone(),
            info: info.clone(),
            ticket: None,
        });
    }
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let id = crate::ops::resolve(&index, &graph, given)?.to_string();
    if let Some((dir, info)) = all.iter().rfind(|(_, info)| info.key == id) {
        return Ok(Found {
            dir: dir.clone(),
            info: info.clone(),
            ticket: None,
        });
    }
    let at_work = all
        .into_iter()
        .rfind(|(_, info)| info.tickets.contains(&id));
    at_work
        .map(|(dir, info)| Found {
            dir,
            info,
            ticket: Some(id.clone()),
        })
        .ok_or_else(|| {
            Error::new(
                ErrorCode::RunNotFound,
                format!("no run has worked at `{id}`"),
            )
            .hint("`tk runs` lists them")
        })
}

/// Shows the events of a run, those of one ticket where one is meant; with `follow`, those to
/// come as well, until the run is over. What `show` answers last comes back.
///
/// # Errors
/// What `show` fails with; or when the journal cannot be read.
pub fn replay<T: Default, E: From<Error>>(
    found: &Found,
    follow: bool,
    mut show: impl FnMut(&Event) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Error::new(
            ErrorCode::Failed,
            format!("the runtime cannot be started: {error}"),
        )
    })?;
    runtime.block_on(async {
        // Watched before the first look, so that nothing falls between the two.
        let watch = Watch::new(found.dir.path());
        let mut seen = 0;
        let mut answer = T::default();
        loop {
            // Asked before reading: what was written until the end is then read below.
            let live = found.dir.runner()?.is_some();
            for event in record::read(&found.dir.journal())? {
                if event.seq <= seen {
                    continue;
                }
                seen = event.seq;
                if found.ticket.is_none() || event.ticket == found.ticket {
                    answer = show(&event)?;
                }
            }
            if !follow || !live {
                return Ok(answer);
            }
            watch.changed().await;
        }
    })
}

/// Puts into the ticket, before it is tried again, how an attempt at it ended, where that could
/// not be told when it did.
///
/// # Errors
/// When an agent does it; where a live run is to do it.
pub fn tell_end(ctx: &Context, project: &Project, given: &str) -> Result<()> {
    project.require_human("retry")?;
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    match crate::ops::resolve(&index, &graph, given) {
        Ok(id) => unended::settle_before_retry(ctx, project, &id),
        // The retry itself says what is wrong with it.
        Err(_) => Ok(()),
    }
}

/// Has the live run that has the ticket try it again; its id, if there is one.
///
/// # Errors
/// When the runs cannot be read, or the wish cannot be left.
pub fn ask_to_retry(project: &Project, ticket: &str) -> Result<Option<String>> {
    for dir in RunDir::all(&project.store)? {
        let (Some(info), Some(runner)) = (dir.info()?, dir.runner()?) else {
            continue;
        };
        if !runner.only_ends && info.tickets.iter().any(|id| id == ticket) {
            dir.ask_to_retry(ticket)?;
            // One that ends at this moment leaves the ticket to the next.
            return Ok(runner.process.signal(Signal::USR1).then_some(info.run));
        }
    }
    Ok(None)
}

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
    let is_over = || -> Result<bool> {
        Ok(match &found.ticket {
            None => !runner.process.is_alive(),
            Some(ticket) => {
                let events = record::read(&found.dir.journal())?;
                let last = events
                    .iter()
                    .rev()
                    .find(|event| event.ticket.as_deref() == Some(ticket));
                let done = |event: &Event| matches!(event.kind, EventKind::TicketFinished { .. });
                last.is_none_or(done) || !runner.process.is_alive()
            }
        })
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
