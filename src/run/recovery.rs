//! What a killed runner left: living workers, unsettled costs, tickets in progress.
//!
//! Workers of a dead runner are interrupted, so that they tell what they cost, and then
//! ended; their sessions go on in the run that follows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::attempt::{AttemptDir, AttemptError, Stdin};
use super::claude::control;
use super::desk::Bill;
use super::folder::RunDir;
use super::ledger::{Entry, Ledger};
use super::price::Prices;
use super::process;
use super::record;
use super::till;
use super::worker;
use crate::context::Context;
use crate::model::{Actor, AgentKind, Config, Outcome, RunRecord, TicketId, Usd};
use crate::ops::{Error, ErrorCode, Result};
use crate::store::{Change, Store, StoreError};
use crate::wire::{Event, EventKind};

/// The variable that marks every process of a run: the run's folder, which is unique on the
/// machine.
pub(super) const RUN_MARK: &str = "TK_RUN_DIR";

/// How long workers may take to tell their cost, asked once and then by a signal.
const GRACE: Duration = Duration::from_secs(6);

/// How long killed processes may take to be gone.
const GONE: Duration = Duration::from_secs(5);

/// Brings everything an earlier runner of this run left to an end. Returns what it did, a
/// line each.
pub(super) fn recover(
    ctx: &Context,
    store: &Store,
    config: &Config,
    dir: &RunDir,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let ended = end_workers(dir)?;
    if ended > 0 {
        told.push(format!(
            "ended {ended} workers that the interrupted runner had left"
        ));
    }
    let charged = settle(ctx, store, config, dir)?;
    if charged > Usd::ZERO {
        told.push(format!(
            "settled ${charged} of workers that the interrupted runner had left"
        ));
    }
    told.extend(release_tickets(ctx, store, config, dir)?);
    Ok(told)
}

/// Ends every process that carries the run's mark, workers gently.
fn end_workers(dir: &RunDir) -> Result<usize> {
    let living: Vec<AttemptDir> = dir
        .attempts()?
        .into_iter()
        .filter(|attempt| attempt.is_alive().unwrap_or(false))
        .collect();
    let all_ended = || {
        living
            .iter()
            .all(|attempt| !attempt.is_alive().unwrap_or(false))
    };
    for attempt in &living {
        ask_to_end(attempt).map_err(failed)?;
    }
    if !wait(GRACE, all_ended) {
        for attempt in &living {
            attempt
                .inbox()
                .and_then(|mut inbox| inbox.interrupt())
                .map_err(failed)?;
        }
        wait(GRACE, all_ended);
    }
    sweep(dir)?;
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
    let mark = dir.path().display().to_string();
    let own = process::ProcessId::own();
    let strays = || -> Vec<_> {
        let marked = process::with_variable(RUN_MARK, &mark).into_iter();
        marked
            .filter(|process| *process != own && process.is_alive())
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
fn wait(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
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
fn settle(ctx: &Context, store: &Store, config: &Config, dir: &RunDir) -> Result<Usd> {
    till::settle_left(&store.ledger_path(), &dir.id(), ctx.now(), |reserved| {
        let path = dir
            .path()
            .join(&reserved.ticket)
            .join(format!("{}-{}", reserved.attempt, reserved.process));
        if !path.join("started.json").exists() {
            // The worker was never started.
            return Ok(Bill {
                reported: Some(Usd::ZERO),
                ..Bill::default()
            });
        }
        let kind = if reserved.agent_kind == "command" {
            AgentKind::Command
        } else {
            AgentKind::Claude
        };
        let prices = Prices::new(config.prices.clone());
        worker::bill(kind, &AttemptDir::open(&path), prices).map_err(failed)
    })
}

/// Tickets that an attempt was begun at and not finished go back, their sessions noted, so
/// that the next attempt resumes them.
fn release_tickets(
    ctx: &Context,
    store: &Store,
    config: &Config,
    dir: &RunDir,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let events = record::read(&dir.journal())?;
    let entries = Ledger::read(&store.ledger_path())?;
    for (id, record) in unfinished(&events) {
        let Ok(id) = TicketId::parse(&id) else {
            continue;
        };
        let record = charged(record, &id, &entries)?;
        let locked = store.lock()?;
        let before = match locked.read(&id, config) {
            Ok(before) => before,
            Err(StoreError::NotFound(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let same = |old: &RunRecord| old.run == record.run && old.attempt == record.attempt;
        let old = before.ticket.runs.iter().rfind(|old| same(old));
        if old.is_some_and(|old| old.ended_at >= record.started_at) {
            // It was put back before; what happened to it since is not this run's.
            continue;
        }
        let mut after = before.ticket.clone();
        let agent = Actor::agent(&record.agent);
        if !config.statuses.is_done(&after.status) {
            after.status = config.statuses.initial().clone();
        }
        if after.owner.as_deref() == Some(agent.as_str()) {
            after.owner = None;
        }
        let ended = RunRecord {
            ended_at: Some(ctx.now()),
            ..record.clone()
        };
        match after.runs.iter_mut().find(|old| same(old)) {
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
        locked.write(vec![Change { before, after }], config)?;
        if store
            .claim(&id, ctx.now())?
            .is_some_and(|claim| claim.actor == agent.as_str())
        {
            locked.release_claim(&id)?;
        }
        told.push(format!(
            "`{id}` was in progress when the runner was interrupted; it goes on"
        ));
    }
    Ok(told)
}

/// The record with what all worker processes of its attempt came to, by the ledger.
fn charged(record: RunRecord, id: &TicketId, entries: &[Entry]) -> Result<RunRecord> {
    let own = |entry: &Entry| {
        entry.run == record.run && entry.ticket == id.as_str() && entry.attempt == record.attempt
    };
    let words = super::ledger::last_words(entries);
    let sum = |of: fn(&Entry) -> u64| words.values().filter(|e| own(e)).map(|e| of(e)).sum();
    Ok(RunRecord {
        cost_usd: Some(super::ledger::spent(entries, own)?),
        input_tokens: Some(sum(|entry| entry.input_tokens)),
        output_tokens: Some(sum(|entry| entry.output_tokens)),
        turns: Some(sum(|entry| entry.turns)),
        ..record
    })
}

/// Attempts that were begun and not finished, with what the journal knows of them.
fn unfinished(events: &[Event]) -> BTreeMap<String, RunRecord> {
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
                if let Some(record) = open.get_mut(&ticket) {
                    record.session = Some(session.clone());
                    record.model.clone_from(model);
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

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::caused(ErrorCode::Failed, error)
}
