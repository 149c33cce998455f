//! What a run writes into ticket files, and what it reads from them for its prompts.

use super::asking::{self, Asking, Said};
use super::job::Job;
use super::lease;
use super::prompt::{self, PromptParts};
use super::shared::Shared;
use crate::context::point::Point;
use crate::git::Git;
use crate::model::{
    Actor, Awaiting, Category, Config, Gate, Note, NoteKind, Outcome, PromptStyle, RunRecord,
    StatusId, Ticket, TicketId,
};
use crate::ops::kept::Arrivals;
use crate::store::{Change, Claim, Locked, Store, StoreError, Stored, Written};

/// How an attempt that did not land ends, as the ticket will say.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    pub outcome: Outcome,
    pub awaiting: Option<Awaiting>,
    pub note: Option<(NoteKind, String)>,
}

/// Who works at a job's ticket.
pub(super) fn actor(job: &Job) -> Actor {
    Actor::agent(job.by())
}

/// The ticket as it is now.
pub(super) fn current(shared: &Shared, job: &Job) -> Result<Ticket, StoreError> {
    let id = &job.ticket.id;
    let read = |store: &Store| Ok(store.read(id, &shared.config)?.ticket);
    shared.tracker.at(id, read)
}

/// What came of the wish to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// The ticket is the run's.
    Ours,
    /// A person closed it since the run was planned.
    Closed,
    /// A person is owed something since the run was planned.
    Awaiting,
    /// Somebody took it since the run was planned.
    Held { by: String },
    /// A person said since that it is not to begin yet, or removed what it waits for.
    NotYet { why: String },
}

/// Claims the ticket and sets it in progress.
pub(super) fn begin(shared: &Shared, job: &Job) -> Result<Begun, StoreError> {
    let begin = |store: &Store| begin_in(store, shared, job);
    shared.tracker.at(&job.ticket.id, begin)
}

fn begin_in(store: &Store, shared: &Shared, job: &Job) -> Result<Begun, StoreError> {
    let now = shared.ctx.now();
    let actor = actor(job);
    // Among the copies of a run's tickets, and while git moves files, others are missing.
    let is_home = shared.tracker.is_home();
    let locked = store.lock()?;
    let before = locked.read(&job.ticket.id, &shared.config)?;
    let ticket = &before.ticket;
    if shared.config.statuses.is_done(&ticket.status) {
        return Ok(Begun::Closed);
    }
    // A worker that is taken over may wait for the answer.
    if ticket.awaiting.is_some() && job.left.is_none() {
        return Ok(Begun::Awaiting);
    }
    if job.left.is_none()
        && let Some(why) = not_yet(&locked, is_home, shared, &job.ticket, ticket)?
    {
        return Ok(Begun::NotYet { why });
    }
    let remote = shared.remote.as_ref();
    let remote = remote.and_then(|remote| remote.hold_of(&job.ticket.id));
    let until = lease::until(shared);
    let acquire = || locked.acquire_claim(&job.ticket.id, &actor, until, now, remote.clone());
    let acquired = match acquire() {
        Err(StoreError::Held { claim, .. }) if has_come(&locked, shared, &claim) => acquire(),
        acquired => acquired,
    };
    match acquired {
        Ok(_) => {}
        Err(StoreError::Held { claim, .. }) => return Ok(Begun::Held { by: claim.actor }),
        Err(error) => return Err(error),
    }
    let mut after = before.ticket.clone();
    after.status = towards(&shared.config, &after.status, Category::Active);
    after.owner.get_or_insert_with(|| actor.to_string());
    after.started_at.get_or_insert(now);
    // Whatever was said before was not said of the work that begins now.
    after.verdict = None;
    Point::Begun.around(|| locked.write(Change { before, after }, &shared.config))?;
    Ok(Begun::Ours)
}

/// Whether what was noted of another clone is all that holds the ticket, and has come here since.
/// Where that cannot be told, it is as it was noted.
fn has_come(locked: &Locked<'_>, shared: &Shared, against: &Claim) -> bool {
    let git = Git::new(&shared.ground.root);
    let arrivals = Arrivals::new(git, shared.store.clone(), shared.config.clone());
    arrivals.has_come(locked, against).unwrap_or(false)
}

/// Why a ticket that the run would begin is not to begin, by what has changed since it was planned.
fn not_yet(
    store: &Store,
    is_home: bool,
    shared: &Shared,
    planned: &Ticket,
    ticket: &Ticket,
) -> Result<Option<String>, StoreError> {
    let now = shared.ctx.now();
    if let Some(until) = ticket.defer_until.filter(|until| until.holds(now)) {
        return Ok(Some(format!("it is put off until {}", until.begins())));
    }
    for id in &ticket.blocked_by {
        // A blocker that is not there counts as blocking; those that are the run waits for.
        let is_known = planned.blocked_by.contains(id);
        match store.read(id, &shared.config) {
            Err(StoreError::NotFound(_)) if is_home => {
                return Ok(Some(format!("its blocker `{id}` does not exist")));
            }
            Ok(there) if !is_known && !shared.config.statuses.is_done(&there.ticket.status) => {
                return Ok(Some(format!("`{id}` blocks it since")));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Lets go of a ticket that is there no more.
pub(super) fn let_go(shared: &Shared, job: &Job) -> Result<(), StoreError> {
    shared.store.lock()?.release_claim(&job.ticket.id)?;
    Ok(())
}

/// Lets go of a ticket whose file cannot be read, as far as it is the run's.
pub(super) fn let_go_own(shared: &Shared, job: &Job) -> Result<(), StoreError> {
    release(&shared.store.lock()?, &job.ticket.id, &actor(job))
}

/// Lets go of the ticket, unless another has claimed it, because the run's lease ran out. What
/// cannot be read as a claim is nobody's.
fn release(locked: &Locked<'_>, id: &TicketId, own: &Actor) -> Result<(), StoreError> {
    let claim = locked.claim_at_all(id).ok().flatten();
    if claim.is_none_or(|claim| claim.actor == own.as_str()) {
        locked.release_claim(id)?;
    }
    Ok(())
}

/// Renews the run's claim of the ticket, where it still has it.
pub(super) fn renew(shared: &Shared, job: &Job) -> Result<(), StoreError> {
    let (id, own, locked) = (&job.ticket.id, actor(job), shared.store.lock()?);
    let claim = locked.claim_at_all(id)?;
    if let Some(claim) = claim.filter(|claim| claim.actor == own.as_str()) {
        let hold = claim.remote.map(|hold| *hold);
        locked.acquire_claim(id, &own, lease::until(shared), shared.ctx.now(), hold)?;
    }
    Ok(())
}

/// Puts the end of an attempt that did not land into the ticket, and lets go of it.
pub(super) fn end(
    shared: &Shared,
    job: &Job,
    record: &RunRecord,
    closing: &Closing,
) -> Result<(), StoreError> {
    shared.tracker.at(&job.ticket.id, |store| {
        let locked = store.lock()?;
        let before = locked.read(&job.ticket.id, &shared.config)?;
        end_locked(shared, job, record, closing, &locked, before)
    })
}

/// Writes a note of the agent into the ticket.
pub(super) fn note(
    shared: &Shared,
    job: &Job,
    kind: NoteKind,
    text: &str,
) -> Result<(), StoreError> {
    let note = Note {
        at: Some(shared.ctx.now()),
        by: actor(job).to_string(),
        kind,
        text: text.to_owned(),
    };
    change(shared, &job.ticket.id, |ticket| ticket.say(&note)).map(drop)
}

/// As [`end`], for a worker whose question the ticket has already and nobody has answered;
/// `false`, and nothing is changed, where somebody has.
pub(super) fn end_asking(
    shared: &Shared,
    job: &Job,
    record: &RunRecord,
    asking: &Asking,
) -> Result<bool, StoreError> {
    shared.tracker.at(&job.ticket.id, |store| {
        let locked = store.lock()?;
        let before = locked.read(&job.ticket.id, &shared.config)?;
        if asking::said(&before.ticket, actor(job).as_str(), asking) != Said::Nothing {
            return Ok(false);
        }
        let closing = Closing {
            outcome: Outcome::Awaiting,
            awaiting: Some(asking.awaiting),
            note: None,
        };
        end_locked(shared, job, record, &closing, &locked, before)?;
        Ok(true)
    })
}

fn end_locked(
    shared: &Shared,
    job: &Job,
    record: &RunRecord,
    closing: &Closing,
    locked: &Locked<'_>,
    before: Stored,
) -> Result<(), StoreError> {
    let now = shared.ctx.now();
    let actor = actor(job);
    let mut after = before.ticket.clone();
    let claim = locked.claim(&after.id, now).ok().flatten();
    let is_others = claim.is_some_and(|claim| claim.actor != actor.as_str());
    if !is_others && !shared.config.statuses.is_done(&after.status) {
        after.status = shared.config.statuses.initial().clone();
    }
    if after.owner.as_deref() == Some(actor.as_str()) {
        after.owner = None;
    }
    // What a person asked for meanwhile, or the worker by `tk ask`, is still owed.
    after.awaiting = closing.awaiting.or(after.awaiting);
    if closing.awaiting.is_some() || closing.outcome == Outcome::Failed {
        after.verdict = None;
    }
    if let Some((kind, text)) = &closing.note {
        let (at, by) = (Some(now), actor.to_string());
        after.say(&Note {
            at,
            by,
            kind: *kind,
            text: text.clone(),
        });
    }
    put_record(&mut after, record);
    Point::AttemptEnded.around(|| locked.write(Change { before, after }, &shared.config))?;
    release(locked, &job.ticket.id, &actor)
}

/// The tickets' files as the landing commit holds them: the one that landed, closed, with its
/// run record, and the one that comes after it, if one does.
pub(super) fn closed_files(
    shared: &Shared,
    job: &Job,
    record: &RunRecord,
) -> Result<Vec<Stored>, StoreError> {
    shared.tracker.at(&job.ticket.id, |store| {
        let locked = store.lock()?;
        let before = locked.read(&job.ticket.id, &shared.config)?;
        let mut after = before.ticket.clone();
        close(&shared.config, job, record, &mut after);
        locked.files_after(Change { before, after }, &shared.config)
    })
}

/// Closes the ticket in the main working tree, as the landing commit has it.
pub(super) fn write_closed(
    shared: &Shared,
    job: &Job,
    record: &RunRecord,
) -> Result<(), StoreError> {
    shared.tracker.at(&job.ticket.id, |store| {
        let locked = store.lock()?;
        let before = locked.read(&job.ticket.id, &shared.config)?;
        let mut after = before.ticket.clone();
        close(&shared.config, job, record, &mut after);
        let change = Change { before, after };
        Point::TicketClosed.around(|| locked.write(change, &shared.config))?;
        release(&locked, &job.ticket.id, &actor(job))
    })
}

fn close(config: &Config, job: &Job, record: &RunRecord, ticket: &mut Ticket) {
    ticket.status = towards(config, &ticket.status, Category::Done);
    ticket.awaiting = None;
    ticket.closed_at = record.ended_at;
    ticket.closed_by = Some(actor(job).to_string());
    for item in &mut ticket.acceptance {
        item.met |= item
            .check
            .as_ref()
            .is_some_and(|check| job.checks.contains(check));
    }
    put_record(ticket, record);
}

/// Closes an epic whose children are all done; the ticket that comes after it, if it comes again.
pub(super) fn close_epic(shared: &Shared, id: &TicketId) -> Result<Option<TicketId>, StoreError> {
    let close = |epic: &mut Ticket| {
        epic.status = towards(&shared.config, &epic.status, Category::Done);
        epic.awaiting = None;
        epic.closed_at = Some(shared.ctx.now());
        epic.closed_by = Some("tk".to_owned());
        epic.reason = Some("every child is closed".to_owned());
    };
    let written = Point::EpicClosed.around(|| change(shared, id, close))?;
    let mut following = written.following.into_iter();
    Ok(following.next().map(|next| next.ticket.id))
}

/// Has a ticket await the person at its gate.
pub(super) fn await_gate(shared: &Shared, id: &TicketId, gate: Gate) -> Result<(), StoreError> {
    let await_it = |ticket: &mut Ticket| ticket.awaiting = Some(gate.awaiting());
    change(shared, id, await_it).map(drop)
}

/// Changes the ticket as it is now; what that leaves.
pub(super) fn change(
    shared: &Shared,
    id: &TicketId,
    edit: impl Fn(&mut Ticket),
) -> Result<Written, StoreError> {
    shared.tracker.at(id, |store| {
        let locked = store.lock()?;
        let before = locked.read(id, &shared.config)?;
        let mut after = before.ticket.clone();
        edit(&mut after);
        locked.write(Change { before, after }, &shared.config)
    })
}

/// The prompt of a fresh session, from the tickets as they are now.
pub(super) fn prompt(
    store: &Store,
    config: &Config,
    id: &TicketId,
    checks: &[String],
    earlier: &[String],
    style: PromptStyle,
) -> Result<String, StoreError> {
    let read = |id: &TicketId| -> Result<Option<Ticket>, StoreError> {
        match store.read(id, config) {
            Ok(stored) => Ok(Some(stored.ticket)),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let ticket = store.read(id, config)?.ticket;
    let epic = match &ticket.parent {
        Some(parent) => read(parent)?,
        None => None,
    };
    let mut blockers = Vec::new();
    for id in &ticket.blocked_by {
        blockers.extend(read(id)?.filter(|blocker| config.statuses.is_done(&blocker.status)));
    }
    let blockers: Vec<&Ticket> = blockers.iter().collect();
    Ok(prompt::fresh(&PromptParts {
        ticket: &ticket,
        epic: epic.as_ref(),
        blockers: &blockers,
        checks,
        earlier,
        style,
    }))
}

/// The status of that category a ticket gets from `from`: the first that the transitions
/// lead to, else the first there is. A run passes through the statuses between.
fn towards(config: &Config, from: &StatusId, category: Category) -> StatusId {
    let statuses = &config.statuses;
    let path = statuses.path(from, category);
    let reached = path.as_ref().map(|path| path.last().unwrap_or(from));
    reached
        .or_else(|| statuses.first(category))
        .unwrap_or(from)
        .clone()
}

fn put_record(ticket: &mut Ticket, record: &RunRecord) {
    let same = |old: &&mut RunRecord| old.run == record.run && old.attempt == record.attempt;
    match ticket.runs.iter_mut().find(same) {
        Some(old) => old.clone_from(record),
        None => ticket.runs.push(record.clone()),
    }
}

/// Takes over a landing of that run from the ticket as the landing commit has it, where the
/// ticket in the main working tree does not know of it; the number of the attempt that
/// landed, if it did, and whether it was not known.
pub(super) fn adopt(
    store: &Store,
    config: &Config,
    run: &str,
    landed: &Ticket,
) -> Result<Option<(u32, bool)>, StoreError> {
    let by_run = |record: &&RunRecord| record.run == run && record.outcome == Some(Outcome::Landed);
    let Some(record) = landed.runs.iter().find(by_run) else {
        return Ok(None);
    };
    let locked = store.lock()?;
    let before = match locked.read(&landed.id, config) {
        Ok(before) => before,
        // What cannot be read now is closed by the next run.
        Err(StoreError::NotFound(_) | StoreError::Invalid(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let actor = Actor::agent(&record.agent);
    if before.ticket.runs.iter().any(|known| by_run(&known)) {
        release(&locked, &landed.id, &actor)?;
        return Ok(Some((record.attempt, false)));
    }
    let mut after = before.ticket.clone();
    after.status.clone_from(&landed.status);
    after.owner.clone_from(&landed.owner);
    after.awaiting = None;
    after.started_at = landed.started_at;
    after.closed_at = landed.closed_at;
    after.closed_by.clone_from(&landed.closed_by);
    put_record(&mut after, record);
    Point::LeftLanded.around(|| locked.write(Change { before, after }, config))?;
    release(&locked, &landed.id, &actor)?;
    Ok(Some((record.attempt, true)))
}
