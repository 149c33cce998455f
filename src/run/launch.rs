//! A run from the command to the exit code.

use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::aged;
use super::begun::Begun;
use super::desk::Stop;
use super::dispatcher::{Dispatcher, Tally};
use super::finish::{self, Finished};
use super::folder::RunDir;
use super::ground;
use super::history;
use super::jobs::{self, Jobs};
use super::options::RunRequest;
use super::people::People;
use super::predict;
use super::prepared::Prepared;
use super::record::Reporter;
use super::recovery::{self, Recovered};
use super::remote::Remote;
use super::shared::Shared;
use super::signals::{Signals, Wish};
use super::survey::Survey;
use super::tickets;
use super::workspace;
use crate::context::Context;
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::wire::{EventKind, PromptDocument};

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunOutcome {
    /// The run's id.
    pub run: String,
    /// The run's key: what to give to `tk land`.
    pub key: String,
    /// The last event: `run_finished`.
    pub finished: EventKind,
    /// The command that lands what could not be landed now, and why it could not.
    pub unlanded: Option<(String, String)>,
    /// The command that lands what has merged, where the run was not to do that.
    pub kept: Option<String>,
}

/// Runs an epic, or tickets, to its end.
///
/// # Errors
/// When the run cannot begin, or the disk can no longer be relied on.
pub fn run(
    ctx: &Arc<Context>,
    project: &Project,
    request: &RunRequest,
    reporter: Box<dyn Reporter>,
) -> Result<RunOutcome> {
    let mut begun = None;
    let ran = run_noting(ctx, project, request, reporter, &mut begun);
    if let (Err(error), Some(dir)) = (&ran, begun)
        && dir.path().exists()
        && let Err(second) = dir.note_error(&error.message)
    {
        project.warn(format!("`tk doctor` will not know of the error: {second}"));
    }
    ran
}

/// As [`run`]; the folder of the run is in `begun` as soon as it is this process's to do.
fn run_noting(
    ctx: &Arc<Context>,
    project: &Project,
    request: &RunRequest,
    reporter: Box<dyn Reporter>,
    begun: &mut Option<RunDir>,
) -> Result<RunOutcome> {
    project.require_human("start a run")?;
    let prepared = Prepared::new(ctx, project, request, &Err)?;
    let claims = Remote::new(ctx, project, &project.config)?;
    if request.only_land {
        refuse_nothing_to_land(project, &prepared)?;
    }
    let runtime = runtime()?;
    let mut run = Begun::open(ctx, project, request, prepared)?;
    *begun = Some(run.opened.dir.clone());
    if let Err(error) = aged::clear(&project.store, ctx.now()) {
        project.warn(format!("what old runs have written stays: {error}"));
    }
    let recovered = run.recover()?;
    let seated = run.seat(recovered)?;
    let mut recorder = run.recorder(reporter)?;
    let failed = run.announce(&seated, &mut recorder)?;
    let shared = Arc::new(run.share(claims, &seated)?);
    let board = run.board(seated, &failed);
    let till = run.till()?;
    let (dir, survey) = (&run.opened.dir, &run.prepared.survey);
    let people = People::new(project, Arc::clone(&shared), dir, survey, request.only_land);
    let dispatcher = Dispatcher::new(Arc::clone(&shared), board, till, people, &mut recorder)?;
    let (tally, finished) = drive(runtime, &shared, dir, dispatcher, survey)?;
    run.conclude(&shared, &tally, finished, recorder)
}

/// Lands what was approved of an epic or of tickets, and the run's branch, on the user's
/// branch; without targets, that of the newest run.
///
/// # Errors
/// As [`run`]; or when there is nothing to land.
pub fn land(
    ctx: &Arc<Context>,
    project: &Project,
    targets: &[String],
    onto: Option<String>,
    checks: Vec<String>,
    reporter: Box<dyn Reporter>,
) -> Result<RunOutcome> {
    project.require_human("land")?;
    let targets = if targets.is_empty() {
        history::find(project, None)?.info.words().to_vec()
    } else {
        targets.to_vec()
    };
    let request = RunRequest {
        targets,
        onto,
        checks,
        only_land: true,
        ..RunRequest::default()
    };
    run(ctx, project, &request, reporter)
}

/// `tk land` with nothing approved and nothing merged changes nothing and says so.
fn refuse_nothing_to_land(project: &Project, prepared: &Prepared) -> Result<()> {
    let Prepared {
        options,
        survey,
        ground,
        ..
    } = prepared;
    let merged = ground::is_ahead(ground, ground.base)?;
    let jobs = Jobs::new(project, options, survey, ground, None, Recovered::default())?;
    if merged || !predict::seats(survey, &jobs, true)?.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::No,
        format!(
            "nothing to land on `{}`: nothing has merged, nothing is approved",
            ground.onto
        ),
    )
    .hint("`tk list --awaiting` shows what waits for you; `tk approve ID` passes a review"))
}

/// What a worker of the ticket would be told.
///
/// # Errors
/// When there is no such ticket or agent.
pub fn prompt_of(project: &Project, given: &str, agent: Option<&str>) -> Result<PromptDocument> {
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let id = crate::ops::resolve(&index, &graph, given)?;
    let ticket = project.store.read(&id, &project.config)?.ticket;
    let name = ticket
        .agent
        .as_deref()
        .or(agent)
        .unwrap_or(&project.config.run.agent);
    let agent = project.store.agent(name)?;
    let checks = jobs::checks(&project.config.run.checks, &ticket);
    let earlier = match jobs::continued_branch(&project.repo.home_git(), &ticket, &agent)? {
        Some(branch) => workspace::not_landed(project, &branch)?,
        None => Vec::new(),
    };
    let (store, config) = (&project.store, &project.config);
    let text = tickets::prompt(store, config, &id, &checks, &earlier, agent.prompt)?;
    Ok(PromptDocument {
        schema: "tk.prompt.v1",
        id: id.to_string(),
        agent: agent.name,
        text,
    })
}

/// The runtime of the one asynchronous part, with the signals taken over: from here on none
/// of them ends the process half-way.
fn runtime() -> Result<(Runtime, Signals)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Error::new(
            ErrorCode::Failed,
            format!("the runtime cannot be started: {error}"),
        )
    })?;
    let signals = runtime.block_on(async { Signals::new() })?;
    Ok((runtime, signals))
}

/// The loop, then the end of the run.
fn drive(
    (runtime, mut signals): (Runtime, Signals),
    shared: &Arc<Shared>,
    dir: &RunDir,
    dispatcher: Dispatcher<'_>,
    survey: &Survey,
) -> Result<(Tally, Finished)> {
    signals.listen_in(dir.clone());
    let done = runtime.block_on(async {
        let ran = dispatcher.run(&mut signals).await;
        // Whatever came of it, and before anything is tidied up: nothing of it runs on.
        recovery::sweep(dir)?;
        let (tally, recorder) = ran?;
        let (raise, mut stop) = watch::channel(Stop::No);
        let heard = tokio::spawn(async move {
            while signals.next().await != Wish::Stop {}
            // Nobody listens any more when the run is over.
            let _over = raise.send(Stop::Interrupt);
        });
        let finished = finish::finish(shared, survey, &tally, recorder, &mut stop).await;
        heard.abort();
        Ok((tally, finished?))
    });
    // Threads that wait for git end with git's time limit; nothing waits for them here.
    runtime.shutdown_background();
    done
}
