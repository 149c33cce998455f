//! Ends of attempts that could not be put into their tickets, whose files could not be read:
//! the run's folder remembers of which tickets, and they are put there once that can be done.

use super::folder::RunDir;
use super::ledger::Ledger;
use super::record;
use super::recovery;
use crate::context::Context;
use crate::model::{Actor, Category, Config, Note, NoteKind, Outcome, RunRecord, TicketId};
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::store::{Change, Store, StoreError};
use crate::wire::{Event, EventKind};

/// What the journal says of such an end, after its reason and before that of the silence.
pub(super) const UNTOLD: &str = "; and the ticket could not be told: ";

/// Puts those of all runs into their tickets, as far as they can be read now; what was done, a
/// line each. Those of a live run are its own to tell, unless it is that one.
///
/// # Errors
/// When a run's folder cannot be read, or a ticket cannot be written.
pub(super) fn settle_all(
    ctx: &Context,
    project: &Project,
    own: Option<&RunDir>,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for dir in RunDir::all(&project.store)? {
        let is_own = own.is_some_and(|own| own.path() == dir.path());
        if !dir.unended()?.is_empty() && (is_own || dir.runner()?.is_none()) {
            told.extend(settle(ctx, &project.store, &project.config, &dir)?);
        }
    }
    Ok(told)
}

/// As [`settle_all`], before a person has that ticket tried again.
///
/// # Errors
/// Where it is a live run's to tell.
pub(super) fn settle_before_retry(ctx: &Context, project: &Project, id: &TicketId) -> Result<()> {
    settle_all(ctx, project, None)?;
    for dir in RunDir::all(&project.store)? {
        if dir.unended()?.contains(id) && dir.runner()?.is_some() {
            let run = dir.id();
            let message = format!(
                "how its attempt ended is not in `{id}` yet, whose file could not be read: run \
                 {run} puts it there at its end"
            );
            return Err(Error::new(ErrorCode::Held, message)
                .hint(format!(
                    "`tk log {run} -f` tells when that is, `tk stop {run}` ends it"
                ))
                .with("id", id.as_str())
                .with("run", run));
        }
    }
    Ok(())
}

/// Puts those of the run into their tickets, as far as they can be read now; what was done, a
/// line each.
pub(super) fn settle(
    ctx: &Context,
    store: &Store,
    config: &Config,
    dir: &RunDir,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    let unended = dir.unended()?;
    if unended.is_empty() {
        return Ok(told);
    }
    let events = record::read(&dir.journal())?;
    for id in unended {
        let Some(is_new) = settle_one(ctx, store, config, &events, &id)? else {
            continue;
        };
        if is_new {
            told.push(format!(
                "the end of an attempt at `{id}` was not in its file, which could not be read; \
                 it is now"
            ));
        }
        dir.forget_unended(&id)?;
    }
    Ok(told)
}

/// Whether the ticket has it only now; nothing where its file still cannot be read.
fn settle_one(
    ctx: &Context,
    store: &Store,
    config: &Config,
    events: &[Event],
    id: &TicketId,
) -> Result<Option<bool>> {
    let Some((record, reason)) = last_end(events, id) else {
        return Ok(Some(false));
    };
    let entries = Ledger::read(&store.ledger_path())?;
    let record = RunRecord {
        ended_at: Some(ctx.now()),
        outcome: Some(Outcome::Failed),
        ..recovery::charged(record, id, &entries)?
    };
    let actor = Actor::agent(&record.agent);
    let locked = store.lock()?;
    let before = match locked.read(id, config) {
        Ok(before) => before,
        Err(StoreError::NotFound(_)) => return Ok(Some(false)),
        Err(_) => return Ok(None),
    };
    let same = |old: &RunRecord| old.run == record.run && old.attempt == record.attempt;
    let old = before.ticket.runs.iter().rposition(same);
    let mut after = before.ticket.clone();
    match old.map(|at| &mut after.runs[at]) {
        Some(old) if old.ended_at >= record.started_at => return Ok(Some(false)),
        Some(old) => old.clone_from(&record),
        None => after.runs.push(record),
    }
    let is_others = store
        .claim(id, ctx.now())?
        .is_some_and(|claim| claim.actor != actor.as_str());
    // Whoever has it now began with it since.
    if !is_others {
        if config.statuses.category(&after.status) == Category::Active {
            after.status = config.statuses.initial().clone();
        }
        if after.owner.as_deref() == Some(actor.as_str()) {
            after.owner = None;
        }
        after.verdict = None;
    }
    after.say(&Note {
        at: ctx.now(),
        by: actor.to_string(),
        kind: NoteKind::Failure,
        text: format!("Agent failed: {reason}"),
    });
    locked.write(vec![Change { before, after }], config)?;
    if !is_others {
        locked.release_claim(id)?;
    }
    Ok(Some(true))
}

/// The last attempt at the ticket, and why it failed.
fn last_end(events: &[Event], id: &TicketId) -> Option<(RunRecord, String)> {
    let own = |event: &&Event| event.ticket.as_deref() == Some(id.as_str());
    let mut own: Vec<Event> = events.iter().filter(own).cloned().collect();
    let reason = own.iter().rev().find_map(|event| match &event.kind {
        EventKind::Failed { class, reason } => {
            let reason = reason.split(UNTOLD).next().unwrap_or_default();
            Some(format!("{class}: {reason}"))
        }
        _ => None,
    })?;
    own.retain(|event| !matches!(event.kind, EventKind::TicketFinished { .. }));
    let record = recovery::unfinished(&own).remove(id.as_str())?;
    Some((record, reason))
}
