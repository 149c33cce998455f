//! Ends of attempts that could not be put into their tickets, whose files could not be read:
//! the run's folder remembers of which tickets, and they are put there once that can be done.

use super::folder::RunDir;
use super::ledger::Ledger;
use super::record;
use super::recovery;
use crate::context::Context;
use crate::model::{Actor, Category, Config, Note, NoteKind, Outcome, RunRecord, TicketId};
use crate::ops::Result;
use crate::store::{Change, Store, StoreError};
use crate::wire::{Event, EventKind};

/// What the journal says of such an end, after its reason and before that of the silence.
pub(super) const UNTOLD: &str = "; and the ticket could not be told: ";

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
        if settle_one(ctx, store, config, &events, &id)? {
            told.push(format!(
                "the end of an attempt at `{id}` was not in its file, which could not be read; \
                 it is now"
            ));
        }
        let is_readable = match store.read(&id, config) {
            Ok(_) | Err(StoreError::NotFound(_)) => true,
            Err(_) => false,
        };
        if is_readable {
            dir.forget_unended(&id)?;
        }
    }
    Ok(told)
}

/// Whether the ticket has it only now.
fn settle_one(
    ctx: &Context,
    store: &Store,
    config: &Config,
    events: &[Event],
    id: &TicketId,
) -> Result<bool> {
    let Some((record, reason)) = last_end(events, id) else {
        return Ok(false);
    };
    let entries = Ledger::read(&store.ledger_path())?;
    let record = RunRecord {
        ended_at: Some(ctx.now()),
        outcome: Some(Outcome::Failed),
        ..recovery::charged(record, id, &entries)?
    };
    let actor = Actor::agent(&record.agent);
    let locked = store.lock()?;
    let Ok(before) = locked.read(id, config) else {
        return Ok(false);
    };
    let same = |old: &RunRecord| old.run == record.run && old.attempt == record.attempt;
    let old = before.ticket.runs.iter().rposition(same);
    let mut after = before.ticket.clone();
    match old.map(|at| &mut after.runs[at]) {
        Some(old) if old.ended_at >= record.started_at => return Ok(false),
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
    Ok(true)
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
