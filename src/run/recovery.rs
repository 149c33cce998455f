//! What a killed runner left: living workers, unsettled costs, tickets in progress.
//!
//! Workers of a dead runner are interrupted, so that they tell what they cost, and then
//! ended; their sessions go on in the run that follows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::attempt::{AttemptDir, AttemptError, Stdin};
use super::claude::control;
use super::desk::{Bill, Ending};
use super::folder::RunDir;
use super::ledger::{self, Basis, Entry, EntryKind, Ledger};
use super::left::{self, Left, Tries};
use super::orphans;
use super::price::Prices;
use super::process;
use super::record;
use super::supervised::ATTEMPT_MARK;
use super::till;
use super::worker;
use crate::context::Context;
use crate::context::point::Point;
use crate::model::{Actor, Category, Config, Outcome, RunRecord, TicketId, Usd, Verdict, is_line};
use crate::ops::{Error, ErrorCode, Result};
use crate::store::{Change, RemoteHold, Store, StoreError, sweep_below};
use crate::wire::{Event, EventKind};

/// The variable that marks every process of a run: the run's folder, which is unique on the
/// machine.
pub(super) const RUN_MARK: &str = "TK_RUN_DIR";

/// How long workers may take to tell their cost, asked once and then by a signal.
const GRACE: Duration = Duration::from_secs(6);

/// How long killed processes may take to be gone.
pub(super) const GONE: Duration = Duration::from_secs(5);

/// What became of what an earlier runner left.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// What was done, and could not be, a line each.
    pub told: Vec<String>,
    /// Of these the lines about tickets that stay as they are.
    pub left_alone: Vec<String>,
    /// Workers that can be taken over as they are.
    pub left: BTreeMap<TicketId, Left>,
    /// What was tried again of attempts that go on.
    pub tries: BTreeMap<TicketId, Tries>,
    /// The attempts that were cut off, or whose end was not told any more.
    pub cut_off: BTreeMap<TicketId, u32>,
    /// What was let go of here, and is still held on a remote.
    pub holds: Vec<RemoteHold>,
}

/// Brings what an earlier runner of this run left to an end, but for the workers of tickets
/// that `wants` to go on as they are.
pub(super) fn recover(
    ctx: &Context,
    store: &Store,
    config: &Config,
    dir: &RunDir,
    wants: impl Fn(&TicketId) -> bool,
) -> Result<Recovered> {
    let mut told = Vec::new();
    crate::git::sweep_scratch();
    store.lock()?.sweep()?;
    for attempt in dir.attempts()? {
        attempt.fence(ctx.now())?;
    }
    let events = record::read(&dir.journal())?;
    let entries = Ledger::read(&store.ledger_path())?;
    let is_stopped = |record: &RunRecord| record.ended_at.is_some();
    let (stopped, unfinished): (BTreeMap<_, _>, BTreeMap<_, _>) = unfinished(&events)
        .into_iter()
        .partition(|(_, record)| is_stopped(record));
    let mut begun = BTreeMap::new();
    for (id, record) in unfinished {
        if !only_landed(ctx, store, config, &id, &record)? {
            begun.insert(id, record);
        }
    }
    let unfinished = begun;
    let mut left = left::find(store, config, dir, &unfinished, &events, &entries)?;
    left.retain(|id, _| wants(id));
    let ended = end_workers(dir, &left)?;
    if ended > 0 {
        let workers = match ended {
            1 => "1 worker".to_owned(),
            _ => format!("{ended} workers"),
        };
        told.push(format!(
            "ended {workers} that the interrupted runner had left"
        ));
    }
    let charged = settle(ctx, store, config, dir, &left, &events)?;
    if charged > Usd::ZERO {
        told.push(format!(
            "settled ${charged} of workers that the interrupted runner had left"
        ));
    }
    let tries = unfinished.keys().filter_map(|id| {
        let parsed = TicketId::parse(id).ok()?;
        let tries = left::tries(&events, id, left.get(&parsed));
        Some((parsed, tries))
    });
    let tries = tries.collect();
    let attempts = unfinished
        .iter()
        .filter_map(|(id, record)| Some((TicketId::parse(id).ok()?, record.attempt)));
    let cut_off = attempts.collect();
    let begun = unfinished.into_iter().chain(stopped).collect();
    let mut released = Released::default();
    release_tickets(ctx, store, config, dir, begun, &left, &mut released)?;
    told.append(&mut released.told);
    told.extend(released.left_alone.iter().cloned());
    Ok(Recovered {
        told,
        left_alone: released.left_alone,
        left,
        tries,
        cut_off,
        holds: released.holds,
    })
}

/// Ends every process that carries the run's mark, workers gently.
fn end_workers(dir: &RunDir, left: &BTreeMap<TicketId, Left>) -> Result<usize> {
    let kept: Vec<AttemptDir> = left
        .iter()
        .map(|(id, left)| dir.worker(id.as_str(), left.attempt, left.process))
        .collect();
    let living: Vec<AttemptDir> = dir
        .attempts()?
        .into_iter()
        .filter(|attempt| !kept.contains(attempt) && attempt.is_alive().unwrap_or(false))
        .collect();
    let obeys = |attempt: &&AttemptDir| attempt.is_supervised().unwrap_or(false);
    let asked: Vec<&AttemptDir> = living.iter().filter(obeys).collect();
    let all_ended = || {
        asked
            .iter()
            .all(|attempt| !attempt.is_alive().unwrap_or(false))
    };
    for attempt in &asked {
        ask_to_end(attempt)?;
    }
    if !wait(GRACE, all_ended) {
        for attempt in &asked {
            attempt.inbox().and_then(|mut inbox| inbox.interrupt())?;
        }
        wait(GRACE, all_ended);
    }
    for attempt in &living {
        orphans::kill(attempt)?;
    }
    sweep_but(dir, &kept)?;
    let spared: Vec<_> = kept.iter().map(AttemptDir::path).collect();
    sweep_below(dir.path(), &spared)?;
    Ok(living.len())
}

/// Interrupts a worker in the way it best understands; the input of a client is closed, since
/// it would wait there for its next turn.
fn ask_to_end(attempt: &AttemptDir) -> std::result::Result<(), AttemptError> {
    let mut inbox = attempt.inbox()?;
    match attempt.spec()?.stdin {
        Stdin::Pipe => {
            inbox.write_line(&control::interrupt("tk-recovery"))?;
            inbox.close()
        }
        Stdin::File(_) | Stdin::Empty => inbox.interrupt(),
    }
}

/// Kills what still carries the run's mark; how many there were.
pub(super) fn sweep(dir: &RunDir) -> Result<usize> {
    sweep_but(dir, &[])
}

fn sweep_but(dir: &RunDir, kept: &[AttemptDir]) -> Result<usize> {
    let mark = dir.path().display().to_string();
    let own = process::ProcessId::own();
    let strays = || -> Vec<_> {
        // A worker that starts another now is the other's elder.
        let marked = process::with_variable(RUN_MARK, &mark);
        let of_kept = |attempt: &AttemptDir| {
            process::with_variable(ATTEMPT_MARK, &attempt.path().display().to_string())
        };
        let spared: BTreeSet<_> = kept.iter().flat_map(of_kept).collect();
        marked
            .into_iter()
            .filter(|process| *process != own && !spared.contains(process) && process.is_alive())
            .collect()
    };
    let first = strays();
    let ended = wait(GONE, || {
        let left = strays();
        for process in &left {
            // One that is gone by now needs no signal.
            let _gone = process.signal(Signal::KILL);
        }
        left.is_empty()
    });
    if !ended {
        let left: Vec<String> = strays()
            .iter()
            .map(|process| process.pid.to_string())
            .collect();
        return Err(Error::new(
            ErrorCode::Failed,
            format!("processes {} of the run cannot be ended", left.join(", ")),
        ));
    }
    Ok(first.len())
}

/// Asks again and again, a little apart, until it is so or the time is over.
pub(super) fn wait(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if is_so() {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Settles what was reserved and never settled; what it came to.
fn settle(
    ctx: &Context,
    store: &Store,
    config: &Config,
    dir: &RunDir,
    left: &BTreeMap<TicketId, Left>,
    events: &[Event],
) -> Result<Usd> {
    let (path, run) = (store.ledger_path(), dir.id());
    let is_left = |entry: &Entry| is_left(entry, left);
    till::settle_left(&path, &run, ctx.now(), is_left, |reserved| {
        let attempt = dir.worker(&reserved.ticket, reserved.attempt, reserved.process);
        if !attempt.exists() {
            // It was never made, or its worker has removed it.
            let has_begun = left::has_begun(events, &reserved.ticket);
            return Ok(Bill {
                reported: (!has_begun).then_some(Usd::ZERO),
                ..Bill::default()
            });
        }
        let kind = left::kind_of(reserved);
        let prices = Prices::new(config.prices.clone());
        Ok(worker::bill(kind, &attempt, prices)?)
    })
}

/// What came of putting tickets back.
#[derive(Debug, Default)]
struct Released {
    told: Vec<String>,
    left_alone: Vec<String>,
    holds: Vec<RemoteHold>,
}

/// Tickets that an attempt was begun at and not finished go back, their sessions noted, so
/// that the next attempt resumes them. One whose file cannot be read or written keeps none of the
/// others from it: the run's folder remembers it.
fn release_tickets(
    ctx: &Context,
    store: &Store,
    config: &Config,
    dir: &RunDir,
    unfinished: BTreeMap<String, RunRecord>,
    left: &BTreeMap<TicketId, Left>,
    released: &mut Released,
) -> Result<()> {
    let Released {
        told,
        left_alone,
        holds,
    } = released;
    let mut entries = Ledger::read(&store.ledger_path())?;
    // What is put aside for a worker that goes on is not spent.
    entries.retain(|entry| entry.kind != EntryKind::Reserved || !is_left(entry, left));
    for (id, record) in unfinished {
        let Ok(id) = TicketId::parse(&id) else {
            continue;
        };
        let record = charged(record, &id, &entries)?;
        let locked = store.lock()?;
        let agent = Actor::agent(&record.agent);
        let is_claimed = |id: &TicketId| -> Result<bool> {
            let claim = store.claim(id, ctx.now())?;
            Ok(claim.is_some_and(|claim| claim.actor == agent.as_str()))
        };
        let mut leave_alone = |error: &StoreError| -> Result<()> {
            left_alone.push(format!(
                "`{id}` was in progress when the runner was interrupted, and stays so for now: \
                 {error}"
            ));
            dir.remember_unended(&id)
        };
        let before = match locked.read(&id, config) {
            Ok(before) => before,
            Err(StoreError::NotFound(_)) => continue,
            Err(error) if is_of_file(&error) => {
                leave_alone(&error)?;
                if is_claimed(&id)? {
                    holds.extend(locked.let_go(&id)?.1);
                }
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let same = |old: &RunRecord| old.run == record.run && old.attempt == record.attempt;
        let old = before.ticket.runs.iter().rfind(|old| same(old));
        if old.is_some_and(|old| old.ended_at >= record.started_at) {
            // It was put back before; what happened to it since is not this run's.
            if is_claimed(&id)? {
                holds.extend(locked.let_go(&id)?.1);
            }
            continue;
        }
        let mut after = before.ticket.clone();
        let is_held = is_claimed(&id)? || after.owner.as_deref() == Some(agent.as_str());
        if record.ended_at.is_some() && !is_held {
            continue;
        }
        if !config.statuses.is_done(&after.status) {
            after.status = config.statuses.initial().clone();
        }
        if after.owner.as_deref() == Some(agent.as_str()) {
            after.owner = None;
        }
        let mut ended = RunRecord {
            ended_at: Some(ctx.now()),
            ..record.clone()
        };
        if after.awaiting.is_some() && !left.contains_key(&id) {
            // Its worker was put aside with its question, or is gone.
            ended.outcome = Some(Outcome::Awaiting);
        }
        // Where no worker was begun for what one was done with before, that still counts.
        let is_done = before.ticket.ended_done() && dir.processes(&id, record.attempt)? == 0;
        match after.runs.iter_mut().find(|old| same(old)) {
            _ if is_done => {}
            Some(old) => {
                *old = RunRecord {
                    session: ended.session.clone().or_else(|| old.session.clone()),
                    model: ended.model.clone().or_else(|| old.model.clone()),
                    started_at: old.started_at,
                    ..ended
                }
            }
            None => after.runs.push(ended),
        }
        match Point::LeftReleased.around(|| locked.write(Change { before, after }, config)) {
            Err(error) if is_of_file(&error) => {
                leave_alone(&error)?;
                continue;
            }
            written => written.map(drop)?,
        }
        if is_claimed(&id)? {
            holds.extend(locked.let_go(&id)?.1);
        }
        told.push(format!(
            "`{id}` was in progress when the runner was interrupted; it goes on"
        ));
    }
    Ok(())
}

/// Whether the error is about that ticket's file alone.
pub(super) const fn is_of_file(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Invalid(_) | StoreError::Unwritable { .. } | StoreError::Editing { .. }
    )
}

/// Whether all that was cut off is the landing of what was approved, which no worker was begun
/// for: the ticket is as it was, and lands yet.
fn only_landed(
    ctx: &Context,
    store: &Store,
    config: &Config,
    id: &str,
    record: &RunRecord,
) -> Result<bool> {
    let Ok(id) = TicketId::parse(id) else {
        return Ok(false);
    };
    let ticket = match store.read(&id, config) {
        Ok(stored) => stored.ticket,
        Err(StoreError::NotFound(_)) => return Ok(false),
        Err(error) if is_of_file(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let agent = Actor::agent(&record.agent);
    let claim = store.claim(&id, ctx.now())?;
    let waits_to_land = ticket.runs.last().is_some_and(|last| {
        last.attempt == record.attempt && last.outcome == Some(Outcome::Awaiting)
    });
    Ok(waits_to_land
        && record.session.is_none()
        && ticket.verdict == Some(Verdict::Approved)
        && ticket.awaiting.is_none()
        && config.statuses.category(&ticket.status) != Category::Active
        && ticket.owner.as_deref() != Some(agent.as_str())
        && claim.is_none_or(|claim| claim.actor != agent.as_str()))
}

/// Whether the ledger's entry is about a worker that is taken over.
pub(super) fn is_left(entry: &Entry, left: &BTreeMap<TicketId, Left>) -> bool {
    let of = |(id, left): (&TicketId, &Left)| {
        id.as_str() == entry.ticket
            && (left.attempt, left.process) == (entry.attempt, entry.process)
    };
    left.iter().any(of)
}

/// The record with what all worker processes of its attempt came to, by the ledger.
pub(super) fn charged(record: RunRecord, id: &TicketId, entries: &[Entry]) -> Result<RunRecord> {
    let own = |entry: &Entry| {
        entry.run == record.run && entry.ticket == id.as_str() && entry.attempt == record.attempt
    };
    let words = ledger::last_words(entries);
    let sum = |of: fn(&Entry) -> u64| words.values().filter(|e| own(e)).map(|e| of(e)).sum();
    let is_unknown = words.values().any(|e| own(e) && e.basis == Basis::Unknown);
    Ok(RunRecord {
        cost_usd: ledger::known(ledger::spent(entries, own)?, is_unknown),
        input_tokens: Some(sum(|entry| entry.input_tokens)),
        output_tokens: Some(sum(|entry| entry.output_tokens)),
        turns: Some(sum(|entry| entry.turns)),
        ..record
    })
}

/// Attempts that were begun and not finished, with what the journal knows of them.
pub(super) fn unfinished(events: &[Event]) -> BTreeMap<String, RunRecord> {
    let mut open: BTreeMap<String, RunRecord> = BTreeMap::new();
    let mut closed = BTreeSet::new();
    for event in events {
        let Some(ticket) = event.ticket.clone() else {
            continue;
        };
        match &event.kind {
            EventKind::TicketStarted { attempt, agent, .. } => {
                closed.remove(&ticket);
                let record = RunRecord {
                    run: event.run.clone(),
                    attempt: *attempt,
                    agent: agent.clone(),
                    model: None,
                    session: None,
                    started_at: Some(event.at),
                    ended_at: None,
                    outcome: Some(Outcome::Stopped),
                    summary: None,
                    cost_usd: None,
                    input_tokens: None,
                    output_tokens: None,
                    turns: None,
                };
                open.insert(ticket, record);
            }
            EventKind::Session { session, model, .. } => {
                // What a ticket's file cannot have is in journals that other versions wrote.
                let line = |text: &String| Some(text.clone()).filter(|text| is_line(text));
                if let Some(record) = open.get_mut(&ticket) {
                    record.session = line(session);
                    record.model = model.as_ref().and_then(line);
                }
            }
            // That it was stopped may not have got into its ticket, for want of room.
            EventKind::TicketFinished { outcome, .. } if outcome == Ending::Stopped.word() => {
                if let Some(record) = open.get_mut(&ticket) {
                    record.ended_at = Some(event.at);
                }
            }
            EventKind::TicketFinished { .. } | EventKind::Closed { .. } => {
                closed.insert(ticket);
            }
            _ => {}
        }
    }
    open.retain(|ticket, _| !closed.contains(ticket));
    open
}
