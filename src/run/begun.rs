//! A run that is this process's to do, from its opening to its last event; the loop between is the
//! dispatcher's.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;

use super::batch::Queue;
use super::board::{Board, Phase, Seat};
use super::clashes::Clashes;
use super::desk::Ending;
use super::dispatcher::Tally;
use super::finish::{self, Finished};
use super::ground;
use super::jobs::Jobs;
use super::landing::Line;
use super::launch::RunOutcome;
use super::ledger::{Entry, EntryKind};
use super::left::{self, Left};
use super::notifier::Notifier;
use super::opening::{self, Opened, Subject};
use super::options::RunRequest;
use super::predict;
use super::prepared::{Prepared, Purse};
use super::record::{self, Recorder, Reporter};
use super::recovery::{self, Recovered};
use super::remote::{self, Remote};
use super::reset;
use super::shared::Shared;
use super::survey::{self, Survey};
use super::till::{Caps, Till};
use super::tracker::{self, Tracker};
use super::unended;
use super::untold;
use super::verdict;
use crate::context::Context;
use crate::git::Integration;
use crate::model::{Outcome, TicketId, Usd};
use crate::ops::{Project, Result};
use crate::wire::EventKind;

/// A run that is this process's to do, until it loops and after.
pub(super) struct Begun<'a> {
    ctx: &'a Arc<Context>,
    project: &'a Project,
    request: &'a RunRequest,
    pub prepared: Prepared,
    pub opened: Opened,
    /// What is to be told once the run is announced.
    told: Vec<String>,
}

/// What may start in a run.
pub(super) struct Seated {
    seats: BTreeMap<TicketId, Seat>,
    /// Workers of an interrupted runner that could be taken over.
    left: BTreeMap<TicketId, Left>,
    /// The attempts that were cut off with it.
    cut_off: BTreeMap<TicketId, u32>,
}

impl<'a> Begun<'a> {
    /// Takes the run, a new one or an interrupted one.
    pub(super) fn open(
        ctx: &'a Arc<Context>,
        project: &'a Project,
        request: &'a RunRequest,
        prepared: Prepared,
    ) -> Result<Self> {
        let Prepared { survey, ground, .. } = &prepared;
        let subject = Subject {
            key: &survey.key,
            title: &survey.title,
            epic: survey.epic.as_ref().map(|epic| &epic.id),
            tickets: &survey.planned(),
            targets: &survey.targets,
            onto: ground.onto.as_str(),
            branch: ground.run_branch.as_str(),
            only_land: request.only_land,
            checks: &prepared.checks,
        };
        Ok(Self {
            ctx,
            project,
            request,
            opened: opening::open(ctx, project, &subject)?,
            prepared,
            told: Vec::new(),
        })
    }

    /// Brings what interrupted runners left to an end, makes branch and worktree ready, and looks
    /// at the tickets again.
    pub(super) fn recover(&mut self) -> Result<Recovered> {
        let (project, opened) = (self.project, &self.opened);
        let (store, config) = (&project.store, &project.config);
        let Prepared { survey, ground, .. } = &mut self.prepared;
        let tickets = survey.planned();
        let mut files = opened.info.tickets.clone();
        if ground::is_ahead(ground, ground.base)? {
            // What became of those since, its branch is to have before it meets the user's.
            files.extend(opening::tickets_of_key(project, &survey.key)?);
        }
        survey.keep_files(&files);
        project.mend_merge_driver();
        self.told.extend(tracker::catch_up(project, &survey.key)?);
        let back = reset::bring_back(project, ground, &survey.key)?;
        self.told.extend(back);
        let settled = unended::settle_all(self.ctx, project, Some(&opened.dir))?;
        self.told.extend(settled.lines());
        for dir in &opened.abandoned {
            let left = recovery::recover(self.ctx, store, config, dir, |_| false)?;
            self.told.extend(left.told);
            self.told.extend(ground::adopt_of(project, ground, dir)?);
            let given_back = remote::give_back_left(project, &left.holds, |_| true);
            self.told.extend(given_back);
        }
        let wanted = |id: &TicketId| tickets.contains(id) && !self.request.only_land;
        let mut recovered = recovery::recover(self.ctx, store, config, &opened.dir, wanted)?;
        self.told.append(&mut recovered.told);
        let planned = !record::read(&opened.dir.journal())?.is_empty();
        let made = ground::make(project, &opened.info, ground, survey, planned)?;
        self.told.extend(made);
        // What an interrupted runner had left has changed the tickets: look again.
        let mut loaded = project.load()?;
        left::wait_no_more(&mut loaded.tickets, &recovered.left);
        *survey = survey::survey(self.ctx, config, &loaded, &survey.targets)?;
        survey.keep_files(&files);
        Ok(recovered)
    }

    /// Finds out what may start, and how; what is not this run's any more is given back.
    pub(super) fn seat(&mut self, mut recovered: Recovered) -> Result<Seated> {
        let Prepared {
            options,
            survey,
            ground,
            ..
        } = &self.prepared;
        let (left, cut_off) = (recovered.left.clone(), recovered.cut_off.clone());
        let holds = std::mem::take(&mut recovered.holds);
        let dir = &self.opened.dir;
        let jobs = Jobs::new(self.project, options, survey, ground, Some(dir), recovered)?;
        let seats = predict::seats(survey, &jobs, self.request.only_land)?;
        let unwanted = |id: &TicketId| !seats.contains_key(id);
        let given_back = remote::give_back_left(self.project, &holds, unwanted);
        self.told.extend(given_back);
        let given_back = remote::give_back_left_there(self.project, unwanted);
        self.told.extend(given_back);
        let taken = |id: &TicketId| seats.get(id).is_some_and(|seat| seat.job.left.is_some());
        if !left.keys().all(taken) {
            // Its ticket is not this run's any more.
            let (store, config) = (&self.project.store, &self.project.config);
            let recovered = recovery::recover(self.ctx, store, config, dir, taken)?;
            self.told.extend(recovered.told);
        }
        Ok(Seated {
            seats,
            left,
            cut_off,
        })
    }

    /// Whoever hears of every event.
    pub(super) fn recorder(&self, reporter: Box<dyn Reporter>) -> Result<Recorder> {
        let Opened { info, dir, .. } = &self.opened;
        let waves = waves(&self.prepared.survey);
        let (ctx, journal) = (Arc::clone(self.ctx), dir.journal());
        let mut recorder = Recorder::open(ctx, &info.run, &journal, reporter, waves)?;
        let home = self.project.repo.home().to_owned();
        recorder.notify_by(Notifier::new(&self.project.config.notify.command, home));
        Ok(recorder)
    }

    /// Tells that the run begins, with what, and in which order; the tickets that failed in this
    /// very stretch of it.
    pub(super) fn announce(
        &mut self,
        seated: &Seated,
        recorder: &mut Recorder,
    ) -> Result<Vec<TicketId>> {
        let Prepared {
            options,
            survey,
            ground,
            ..
        } = &self.prepared;
        let run = Some(self.opened.info.run.as_str());
        let is_live = |entry: &Entry| {
            entry.kind == EntryKind::Reserved && recovery::is_left(entry, &seated.left)
        };
        let purse = Purse::of(self.ctx, self.project, options, run, is_live)?;
        let places = predict::places(options, survey);
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
                resumed: self.opened.resumed,
            },
        )?;
        for text in std::mem::take(&mut self.told) {
            recorder.record(None, EventKind::Warning { text })?;
        }
        let failed = failed_before(&self.opened, survey)?;
        if self.opened.resumed {
            let integration = Integration::new(&ground.integration, ground.run_branch.clone());
            let landed = ground::Landed {
                store: &self.project.store,
                config: &self.project.config,
                run: &self.opened.info.run,
                key: &survey.key,
                ground,
                integration: &integration,
                trees: &self.project.repo.worktrees(),
            };
            let goes_on = |id: &TicketId| seated.seats.contains_key(id) && !failed.contains(id);
            ground::put_away(&landed, &seated.cut_off, goes_on)?;
            untold::tell(&landed, survey, &self.opened.dir, recorder)?;
        }
        if purse.cap.is_none() && !self.request.only_land {
            let text = "no `--max-cost`: what this run may spend is unlimited".to_owned();
            recorder.record(None, EventKind::Warning { text })?;
        }
        let plan = predict::plan_event(survey, &seated.seats, places, options.waves);
        recorder.record(None, plan)?;
        Ok(failed)
    }

    /// What every part of the run may look at.
    pub(super) fn share(&self, claims: Option<Remote>, seated: &Seated) -> Result<Shared> {
        let (project, opened) = (self.project, &self.opened);
        let Prepared {
            options,
            survey,
            ground,
            ..
        } = &self.prepared;
        let agents: Vec<_> = seated.seats.values().map(|seat| &seat.job.agent).collect();
        let branch = &ground.run_branch;
        Ok(Shared {
            ctx: Arc::clone(self.ctx),
            run: opened.info.run.clone(),
            key: survey.key.clone(),
            dir: opened.dir.clone(),
            store: project.store.clone(),
            tracker: Tracker::new(project, &opened.dir, survey, &agents)?,
            config: project.config.clone(),
            target: self.request.targets.join(" "),
            title: survey.title.clone(),
            epic: survey.epic.clone(),
            trees: project.repo.worktrees(),
            integration: Integration::new(&ground.integration, branch.clone()),
            clashes: Arc::new(Clashes::new(&project.repo, ground.git, branch.clone())),
            options: options.clone(),
            ground: ground.clone(),
            worktree_lock: Mutex::new(()),
            lander: Mutex::new(()),
            line: Line::default(),
            queue: Queue::default(),
            remote: claims,
            reached: OnceLock::new(),
            logs: AtomicU64::new(1),
        })
    }

    pub(super) fn board(&self, seated: Seated, failed: &[TicketId]) -> Board {
        let Prepared {
            options, survey, ..
        } = &self.prepared;
        let places = predict::places(options, survey);
        let mut board = Board::new(seated.seats, places, options.waves);
        for id in failed {
            board.set(id, Phase::Over(Ending::Failed));
        }
        board
    }

    pub(super) fn till(&self) -> Result<Till> {
        let options = &self.prepared.options;
        let caps = Caps {
            run: options.max_cost,
            day: options.daily_budget,
        };
        let of = (
            self.opened.info.run.as_str(),
            self.prepared.survey.key.as_str(),
        );
        Till::open(&self.project.store.ledger_path(), of, caps, self.ctx.now())
    }

    /// Tells what the run came to.
    pub(super) fn conclude(
        &self,
        shared: &Shared,
        tally: &Tally,
        finished: Finished,
        mut recorder: Recorder,
    ) -> Result<RunOutcome> {
        let (project, before) = (self.project, &self.prepared.survey);
        // As the tickets stand now; where they cannot be laid out any more, as they stood.
        let loaded = shared.tracker.store()?.load_all(&project.config)?;
        if finished.landed {
            shared.tracker.landed()?;
            if let Some(hint) = finish::way_to_branch(project, shared)? {
                project.hint(hint);
            }
        }
        let now = survey::survey(self.ctx, &project.config, &loaded, &before.targets)
            .unwrap_or_else(|_| before.clone());
        let held_by = |id: &TicketId| {
            let claim = project.store.claim(id, self.ctx.now()).ok().flatten();
            claim.map(|claim| claim.actor)
        };
        let only_land = self.request.only_land;
        let last = verdict::finished_event(before, &now, tally, &finished, only_land, &held_by);
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
