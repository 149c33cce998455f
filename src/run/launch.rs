//! A run from the command to the exit code.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use tokio::runtime::Runtime;
use tokio::sync::{Mutex, watch};

use super::batch::Queue;
use super::board::{Board, Phase};
use super::clashes::Clashes;
use super::desk::{Ending, Stop};
use super::dispatcher::{Dispatcher, Tally};
use super::finish::{self, Finished};
use super::folder::RunDir;
use super::ground;
use super::history;
use super::jobs::{self, Jobs};
use super::landing::Line;
use super::ledger::{Entry, EntryKind};
use super::left;
use super::notifier::Notifier;
use super::opening::{self, Opened, Subject};
use super::options::{Options, RunRequest};
use super::people::People;
use super::predict;
use super::preflight::Ground;
use super::prepared::{Prepared, Purse};
use super::record::{self, Recorder, Reporter};
use super::recovery::{self, Recovered};
use super::remote::{self, Remote};
use super::shared::Shared;
use super::signals::{Signals, Wish};
use super::survey::{Survey, survey};
use super::tickets;
use super::till::{Caps, Till};
use super::tracker::{self, Tracker};
use super::unended;
use super::untold;
use super::verdict;
use super::workspace;
use crate::context::Context;
use crate::git::Integration;
use crate::model::{Outcome, TicketId, Usd};
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
    let config = &project.config;
    let Prepared {
        options,
        survey: mut first,
        ground,
        checks,
    } = Prepared::new(ctx, project, request, &Err)?;
    let targets = first.targets.clone();
    let claims = Remote::new(ctx, project, config)?;
    let tickets: Vec<TicketId> = first.plan.entries.iter().map(|e| e.id.clone()).collect();
    if request.only_land {
        refuse_nothing_to_land(project, &options, &first, &ground)?;
    }
    let runtime = runtime()?;
    let opened = opening::open(
        ctx,
        &project.store,
        &Subject {
            key: &first.key,
            title: &first.title,
            epic: first.epic.as_ref().map(|epic| &epic.id),
            tickets: &tickets,
            targets: &targets,
            onto: ground.onto.as_str(),
            branch: ground.run_branch.as_str(),
            only_land: request.only_land,
            checks: &checks,
        },
    )?;
    *begun = Some(opened.dir.clone());
    let mut files = opened.info.tickets.clone();
    if is_ahead(project, &ground)? {
        // What became of those since, its branch is to have before it meets the user's.
        files.extend(opening::tickets_of_key(&project.store, &first.key)?);
    }
    first.keep_files(&files);
    project.mend_merge_driver();
    let mut told = tracker::catch_up(project, &first.key)?;
    told.extend(unended::settle_all(ctx, project, Some(&opened.dir))?.lines());
    for dir in &opened.abandoned {
        let left = recovery::recover(ctx, &project.store, config, dir, |_| false)?;
        told.extend(left.told);
        told.extend(remote::give_back_left(project, &left.holds, |_| true));
    }
    let wanted = |id: &TicketId| tickets.contains(id) && !request.only_land;
    let mut recovered = recovery::recover(ctx, &project.store, config, &opened.dir, wanted)?;
    told.append(&mut recovered.told);
    let planned = !record::read(&opened.dir.journal())?.is_empty();
    told.extend(ground::make(
        project,
        &opened.info,
        &ground,
        &first,
        planned,
    )?);
    // What an interrupted runner had left has changed the tickets: look again.
    let mut loaded = project.load()?;
    left::wait_no_more(&mut loaded.tickets, &recovered.left);
    let mut survey = survey(ctx, config, &loaded, &targets)?;
    survey.keep_files(&files);
    let (left, cut_off) = (recovered.left.clone(), recovered.cut_off.clone());
    let holds = std::mem::take(&mut recovered.holds);
    let dir = Some(&opened.dir);
    let jobs = Jobs::new(project, &options, &survey, &ground, dir, recovered)?;
    let seats = predict::seats(&survey, &jobs, request.only_land)?;
    let unwanted = |id: &TicketId| !seats.contains_key(id);
    told.extend(remote::give_back_left(project, &holds, unwanted));
    let taken = |id: &TicketId| seats.get(id).is_some_and(|seat| seat.job.left.is_some());
    if !left.keys().all(taken) {
        // Its ticket is not this run's any more.
        told.extend(recovery::recover(ctx, &project.store, config, &opened.dir, taken)?.told);
    }
    let (run, journal) = (opened.info.run.clone(), opened.dir.journal());
    let mut recorder = Recorder::open(Arc::clone(ctx), &run, &journal, reporter, waves(&survey))?;
    let home = project.repo.home().to_owned();
    recorder.notify_by(Notifier::new(&config.notify.command, home));
    let is_live =
        |entry: &Entry| entry.kind == EntryKind::Reserved && recovery::is_left(entry, &left);
    let purse = Purse::of(ctx, project, &options, Some(&run), is_live)?;
    let places = predict::places(&options, &survey);
    recorder.record(
        None,
        EventKind::RunStarted {
            key: survey.key.to_string(),
            title: survey.title.clone(),
            pid: std::process::id(),
            onto: ground.onto.to_string(),
            branch: ground.run_branch.to_string(),
            base: ground.base.to_string(),
            parallel: places,
            max_cost_usd: purse.cap.map(Usd::dollars),
            spent_usd: purse.spent.dollars(),
            resumed: opened.resumed,
        },
    )?;
    for text in told {
        recorder.record(None, EventKind::Warning { text })?;
    }
    let failed = failed_before(&opened, &survey)?;
    if opened.resumed {
        let (trees, integration) = (
            project.repo.worktrees(),
            Integration::new(&ground.integration, ground.run_branch.clone()),
        );
        let landed = ground::Landed {
            store: &project.store,
            config,
            run: &opened.info.run,
            key: &survey.key,
            ground: &ground,
            integration: &integration,
            trees: &trees,
        };
        let goes_on = |id: &TicketId| seats.contains_key(id) && !failed.contains(id);
        ground::put_away(&landed, &cut_off, goes_on)?;
        untold::tell(&landed, &survey, &opened.dir, &mut recorder)?;
    }
    if purse.cap.is_none() && !request.only_land {
        let text = "no `--max-cost`: what this run may spend is unlimited";
        recorder.record(
            None,
            EventKind::Warning {
                text: text.to_owned(),
            },
        )?;
    }
    recorder.record(
        None,
        predict::plan_event(&survey, &seats, places, options.waves),
    )?;
    let agents: Vec<_> = seats.values().map(|seat| &seat.job.agent).collect();
    let tracker = Tracker::new(project, &opened.dir, &survey, &agents)?;
    let clashes = Clashes::new(&project.repo, ground.git, ground.run_branch.clone());
    let shared = Arc::new(Shared {
        ctx: Arc::clone(ctx),
        run,
        key: survey.key.clone(),
        dir: opened.dir.clone(),
        store: project.store.clone(),
        tracker,
        config: config.clone(),
        target: request.targets.join(" "),
        title: survey.title.clone(),
        epic: survey.epic.clone(),
        trees: project.repo.worktrees(),
        integration: Integration::new(&ground.integration, ground.run_branch.clone()),
        options,
        ground,
        worktree_lock: Mutex::new(()),
        lander: Mutex::new(()),
        line: Line::default(),
        queue: Queue::default(),
        clashes: Arc::new(clashes),
        remote: claims,
        reached: OnceLock::new(),
        logs: AtomicU64::new(1),
    });
    let mut board = Board::new(seats, places, shared.options.waves);
    for id in &failed {
        board.set(id, Phase::Over(Ending::Failed));
    }
    let caps = Caps {
        run: shared.options.max_cost,
        day: shared.options.daily_budget,
    };
    let till = Till::open(
        &project.store.ledger_path(),
        (&shared.run, shared.key.as_str()),
        caps,
        ctx.now(),
    )?;
    let people = People::new(
        project,
        Arc::clone(&shared),
        &opened.dir,
        &targets,
        &survey,
        request.only_land,
    );
    let dispatcher = Dispatcher::new(Arc::clone(&shared), board, till, people, &mut recorder)?;
    let (tally, finished) = drive(runtime, &shared, &opened.dir, dispatcher, &survey)?;
    // As the tickets stand now; where they cannot be laid out any more, as they stood.
    let loaded = shared.tracker.store()?.load_all(config)?;
    if finished.landed {
        shared.tracker.landed()?;
        if let Some(hint) = finish::way_to_branch(project, &shared)? {
            project.hint(hint);
        }
    }
    let now = self::survey(ctx, config, &loaded, &targets).unwrap_or_else(|_| survey.clone());
    let held_by = |id: &TicketId| {
        let claim = project.store.claim(id, ctx.now()).ok().flatten();
        claim.map(|claim| claim.actor)
    };
    let last = verdict::finished_event(
        &survey,
        &now,
        &tally,
        &finished,
        request.only_land,
        &held_by,
    );
    recorder.record(None, last.clone())?;
    if let Some(text) = recorder.finish_notifying() {
        project.warn(text);
    }
    Ok(RunOutcome {
        run: shared.run.clone(),
        key: shared.key.to_string(),
        finished: last,
        unlanded: finished.unlanded,
        kept: finished.kept,
    })
}

/// The tickets that failed in this very stretch of the run, before its runner died: they are
/// for the next one to try again.
fn failed_before(opened: &Opened, survey: &Survey) -> Result<Vec<TicketId>> {
    let Some(since) = opening::stretch(&opened.dir)? else {
        return Ok(Vec::new());
    };
    let failed = survey.runnable.iter().filter(|id| {
        let ticket = survey.tickets.get(*id);
        let last = ticket.and_then(|ticket| ticket.runs.last());
        last.is_some_and(|last| {
            last.run == opened.info.run
                && last.outcome == Some(Outcome::Failed)
                && last.ended_at >= Some(since)
        })
    });
    Ok(failed.cloned().collect())
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

/// Whether the run's branch has something that the user's has not.
fn is_ahead(project: &Project, ground: &Ground) -> Result<bool> {
    let repo = &project.repo;
    let left = repo.home_git().left_at(&ground.run_branch)?;
    Ok(match left.or(repo.branch_tip(&ground.run_branch)?) {
        Some(tip) => !repo.is_ancestor(tip, ground.base)?,
        None => false,
    })
}

/// `tk land` with nothing approved and nothing merged changes nothing and says so.
fn refuse_nothing_to_land(
    project: &Project,
    options: &Options,
    survey: &Survey,
    ground: &Ground,
) -> Result<()> {
    let merged = is_ahead(project, ground)?;
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

fn waves(survey: &Survey) -> BTreeMap<TicketId, u32> {
    let entries = survey.plan.entries.iter();
    entries
        .map(|entry| {
            (
                entry.id.clone(),
                u32::try_from(entry.wave).unwrap_or(u32::MAX),
            )
        })
        .collect()
}
