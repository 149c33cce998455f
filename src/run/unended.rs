//! Ends of attempts that could not be put into their tickets, whose files could not be read:
//! the run's folder remembers of which tickets, and they are put there once that can be done.

use std::collections::BTreeMap;

use super::failure;
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

/// What came of putting ends into their tickets.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// What was done, a line each.
    told: Vec<String>,
    /// The tickets that could not be written, and why. They lack their ends still.
    unwritable: BTreeMap<TicketId, Error>,
}

impl Settled {
    /// Both, a line each.
    pub(super) fn lines(self) -> Vec<String> {
        let lacking = self.unwritable.into_iter().map(|(id, error)| {
            format!("the end of an attempt at `{id}` cannot be put into its file yet: {error}")
        });
        self.told.into_iter().chain(lacking).collect()
    }

    /// Whether that ticket could be written.
    ///
    /// # Errors
    /// When it could not.
    pub(super) fn expect(mut self, id: &TicketId) -> Result<()> {
        self.unwritable.remove(id).map_or(Ok(()), Err)
    }
}

/// Puts those of all runs into their tickets, as far as they can be read and written now. Those
/// of a live run are its own to tell, unless it is that one.
///
/// # Errors
/// When a run's folder cannot be read, or the store is locked.
pub(super) fn settle_all(
    ctx: &Context,
    project: &Project,
    own: Option<&RunDir>,
) -> Result<Settled> {
    let mut all = Settled::default();
    for dir in RunDir::all(&project.store)? {
        let is_own = own.is_some_and(|own| own.path() == dir.path());
        if !dir.unended()?.is_empty() && (is_own || dir.runner()?.is_none()) {
            let settled = settle(ctx, &project.store, &project.config, &dir)?;
            all.told.extend(settled.told);
            all.unwritable.extend(settled.unwritable);
        }
    }
    Ok(all)
}

/// As [`settle_all`], before a person has that ticket tried again.
///
/// # Errors
/// Where it is a live run's to tell, or the ticket cannot be written.
pub(super) fn settle_before_retry(ctx: &Context, project: &Project, id: &TicketId) -> Result<()> {
    settle_all(ctx, project, None)?.expect(id)?;
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

/// Puts those of the run into their tickets, as far as they can be read and written now.
pub(super) fn settle(
    ctx: &Context,
    store: &Store,
    config: &Config,
    dir: &RunDir,
) -> Result<Settled> {
    let mut settled = Settled::default();
    let unended = dir.unended()?;
    if unended.is_empty() {
        return Ok(settled);
    }
    let events = record::read(&dir.journal())?;
    for id in unended {
        match settle_one(ctx, store, config, &events, &id)? {
            Found::Known => {}
            Found::New => settled.told.push(format!(
                "the end of an attempt at `{id}` was not in its file, which could not be read; \
                 it is now"
            )),
            Found::Unreadable => continue,
            Found::Unwritable(error) => {
                settled.unwritable.insert(id, error.into());
                continue;
            }
        }
        dir.forget_unended(&id)?;
    }
    Ok(settled)
}

/// How a ticket stands that may lack the end of an attempt.
enum Found {
    /// It has it, or is gone.
    Known,
    /// It has it only now.
    New,
    /// Its file still cannot be read.
    Unreadable,
    /// Its file cannot be written.
    Unwritable(StoreError),
}

/// Puts the end into the ticket, if that lacks it.
fn settle_one(
    ctx: &Context,
    store: &Store,
    config: &Config,
    events: &[Event],
    id: &TicketId,
) -> Result<Found> {
    let Some((record, reason)) = last_end(events, id) else {
        return Ok(Found::Known);
    };
    let entries = Ledger::read(&store.ledger_path())?;
    let outcome = match reason {
        Some(_) => Outcome::Failed,
        None => Outcome::Stopped,
    };
    let record = RunRecord {
        ended_at: Some(ctx.now()),
        outcome: Some(outcome),
        ..recovery::charged(record, id, &entries)?
    };
    let actor = Actor::agent(&record.agent);
    let locked = store.lock()?;
    let before = match locked.read(id, config) {
        Ok(before) => before,
        Err(StoreError::NotFound(_)) => return Ok(Found::Known),
        Err(_) => return Ok(Found::Unreadable),
    };
    let same = |old: &RunRecord| old.run == record.run && old.attempt == record.attempt;
    let old = before.ticket.runs.iter().rposition(same);
    let mut after = before.ticket.clone();
    match old.map(|at| &mut after.runs[at]) {
        Some(old) if old.ended_at >= record.started_at => return Ok(Found::Known),
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
        if reason.is_some() {
            after.verdict = None;
        }
    }
    if let Some(reason) = reason {
        after.say(&Note {
            at: Some(ctx.now()),
            by: actor.to_string(),
            kind: NoteKind::Failure,
            text: reason,
        });
    }
    if let Err(error) = locked.write(Change { before, after }, config) {
        return Ok(Found::Unwritable(error));
    }
    if !is_others {
        locked.release_claim(id)?;
    }
    Ok(Found::New)
}

/// The last attempt at the ticket, and what its file is to say of why it failed; without that where
/// it was cut off.
fn last_end(events: &[Event], id: &TicketId) -> Option<(RunRecord, Option<String>)> {
    let own = |event: &&Event| event.ticket.as_deref() == Some(id.as_str());
    let mut own: Vec<Event> = events.iter().filter(own).cloned().collect();
    let began = |event: &Event| matches!(event.kind, EventKind::TicketStarted { .. });
    let start = own.iter().rposition(began)?;
    let reason = own[start..]
        .iter()
        .rev()
        .find_map(|event| match &event.kind {
            EventKind::Failed { class, reason } => {
                let reason = reason.split(UNTOLD).next().unwrap_or_default();
                Some(failure::noted(class, reason))
            }
            _ => None,
        });
    own.retain(|event| !matches!(event.kind, EventKind::TicketFinished { .. }));
    let record = recovery::unfinished(&own).remove(id.as_str())?;
    Some((record, reason))
}
