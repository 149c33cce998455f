//! Runs that were and are: what `tk runs` and `tk log` look at, and which run is meant.

use super::folder::{RunDir, RunInfo};
use super::orphans::{self, Marked};
use super::record;
use super::stats;
use super::watch::Watch;
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::wire::{Event, EventKind, Figures, RunEntry, RunsDocument};

/// The state of a run whose runner died.
const INTERRUPTED: &str = "interrupted";

/// What `of` makes of each run that was begun, oldest first. One that cannot be read hides none of
/// the others: it is warned of.
///
/// # Errors
/// When the folder of runs cannot be read.
pub(super) fn readable<T>(
    project: &Project,
    mut of: impl FnMut(&RunDir, RunInfo) -> Result<T>,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    for dir in RunDir::all(&project.store)? {
        match dir
            .info()
            .and_then(|info| info.map(|info| of(&dir, info)).transpose())
        {
            Ok(told) => all.extend(told),
            Err(error) => {
                let run = dir.id();
                let why = error.message;
                project.warn(format!("the run `{run}` is left out: {why}"));
            }
        }
    }
    Ok(all)
}

/// What the run is about; `None` where its folder was never finished, and where it cannot be read:
/// that is warned of, and keeps nothing from going on that has to do with other runs.
///
/// # Errors
/// When somebody is at a run that cannot be read: what that works at cannot be told.
pub(super) fn info_of(project: &Project, dir: &RunDir) -> Result<Option<RunInfo>> {
    let error = match dir.info() {
        Ok(info) => return Ok(info),
        Err(error) => error,
    };
    if let Some(runner) = dir.runner()? {
        let pid = runner.process.pid;
        return Err(error.hint(format!(
            "process {pid} is at that run: `kill -INT {pid}` ends it"
        )));
    }
    let (run, why) = (dir.id(), error.message);
    project.warn(format!("the run `{run}` is left out: {why}"));
    Ok(None)
}

/// All runs of the clone, newest first. Those that cannot be read are warned of.
///
/// # Errors
/// When the folder of runs or the ledger cannot be read.
pub fn runs(project: &Project) -> Result<RunsDocument> {
    let figures = stats::of_runs(project)?;
    let mut marked = None;
    let mut runs = readable(project, |dir, info| {
        let of = figures.get(&info.run).cloned().unwrap_or_default();
        let mut entry = entry(dir, &info, &of)?;
        if entry.state == INTERRUPTED {
            let marked = marked.get_or_insert_with(Marked::now);
            let left = orphans::of(dir, marked)?;
            entry.left = left.iter().map(|left| left.pid).collect();
        }
        Ok(entry)
    })?;
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
    let ids = project.store.run_ids()?;
    let exact = word.map(|word| word.trim().to_uppercase());
    if let Some(run) = exact.filter(|run| ids.contains(run)) {
        let dir = RunDir::of(&project.store, &run);
        if let Some(info) = dir.info()? {
            let ticket = None;
            return Ok(Found { dir, info, ticket });
        }
    }
    let all = readable(project, |dir, info| {
        let (dir, ticket) = (dir.clone(), None);
        Ok(Found { dir, info, ticket })
    })?;
    let Some(word) = word else {
        let none = || Error::new(ErrorCode::RunNotFound, "there is no run yet");
        return all
            .last()
            .cloned()
            .ok_or_else(|| none().hint("`tk run EPIC` starts one"));
    };
    let given = word.trim();
    let upper = given.to_uppercase();
    // Every id begins with nothing, which is no id: it is refused below.
    let begins = |found: &&Found| !upper.is_empty() && found.info.run.starts_with(&upper);
    let mut by_id = all.iter().filter(begins);
    if let (Some(found), None) = (by_id.next(), by_id.next()) {
        return Ok(found.clone());
    }
    let of_key = |key: &str| all.iter().rfind(|found| found.info.key == key);
    if let Some(found) = of_key(given) {
        return Ok(found.clone());
    }
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let id = crate::ops::resolve(&index, &graph, given)?.to_string();
    if let Some(found) = of_key(&id) {
        return Ok(found.clone());
    }
    match all.iter().rfind(|found| found.info.tickets.contains(&id)) {
        Some(found) => Ok(Found {
            ticket: Some(id),
            ..found.clone()
        }),
        None => {
            let message = format!("no run has worked at `{id}`");
            Err(Error::new(ErrorCode::RunNotFound, message).hint("`tk runs` lists them"))
        }
    }
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
        let mut next = 0;
        let mut answer = T::default();
        loop {
            // Asked before reading: what was written until the end is then read below.
            let live = found.dir.runner()?.is_some();
            let (events, end) = record::read_from(&found.dir.journal(), next)?;
            next = end;
            for event in events {
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
