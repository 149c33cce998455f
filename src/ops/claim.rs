//! Holding tickets: claims with a lease, and letting go of them.

use jiff::{SignedDuration, Timestamp};

use super::change::{Scene, Targets};
use super::claims_before::ClaimsBefore;
use super::close::transition;
use super::notes::refused;
use super::update::begin;
use super::values::{self, invalid};
use super::{Changed, Error, ErrorCode, Project, Result};
use crate::model::{Actor, Category, Span, Ticket, TicketId};

/// How long a claim holds unless told otherwise.
pub(super) const LEASE: SignedDuration = SignedDuration::from_hours(2);

/// A ticket that is held now.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// The ticket.
    pub changed: Changed,
    /// Who holds it.
    pub holder: Actor,
    /// Until when.
    pub lease_until: Timestamp,
    /// Whether the claim is new, or ends at another time than before.
    pub moved: bool,
}

/// Takes the ticket for whoever asks: held until the lease has run out, in progress, and
/// owned. A claim of one's own is renewed; without a `lease` it is never made shorter.
///
/// # Errors
/// [`ErrorCode::Held`] when another holds it; or when it is over, or an epic.
pub fn claim(project: &Project, targets: &Targets, lease: Option<&str>) -> Result<Claimed> {
    let actor = project.actor()?.clone();
    let asked = lease.map(span).transpose()?;
    let until = project.now.checked_add(asked.unwrap_or(LEASE));
    let until = until.map_err(|_| invalid("the lease ends after the end of time"))?;
    let mut held = (until, true);
    let mut before = ClaimsBefore::default();
    let changed = project.change(targets, |scene, tickets| {
        for ticket in tickets {
            let old = scene.locked.claim(&ticket.id, project.now)?;
            let own = old.filter(|claim| claim.actor == actor.as_str());
            let until = match own.as_ref().map(|claim| claim.lease_until) {
                Some(old) if asked.is_none() => until.max(old),
                _ => until,
            };
            held = (until, own.is_none_or(|claim| claim.lease_until != until));
            hold(scene, ticket, &actor, until, &mut before)?;
        }
        Ok(())
    });
    let changed = before.unless(changed, project, &actor)?;
    Ok(Claimed {
        changed,
        holder: actor,
        lease_until: held.0,
        moved: held.1,
    })
}

fn span(given: &str) -> Result<SignedDuration> {
    let span: Option<Span> = values::word(given)?;
    let seconds = span.map_or(0, Span::seconds);
    match i64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Ok(SignedDuration::from_secs(seconds)),
        _ => Err(invalid("the lease is empty: expected one such as `2h`")),
    }
}

/// Takes the ticket for the actor and begins it, if nobody else holds it. What the claim was
/// is kept in `before`.
pub(super) fn hold(
    scene: &Scene<'_>,
    ticket: &mut Ticket,
    actor: &Actor,
    until: Timestamp,
    before: &mut ClaimsBefore,
) -> Result<()> {
    let (project, id) = (scene.project, ticket.id.clone());
    let statuses = &project.config.statuses;
    if statuses.is_done(&ticket.status) {
        return Err(refused(format!("`{id}` is closed: it cannot be claimed"))
            .hint(format!("`tk reopen {id}` opens it again")));
    }
    if scene.graph()?.is_epic(&id) {
        let message = format!("`{id}` is an epic, which is never work: claim one of its tickets");
        return Err(refused(message).hint(format!("`tk next {id} --claim` takes the first")));
    }
    let Some(path) = statuses.path(&ticket.status, Category::Active) else {
        let from = &ticket.status;
        let message = format!("`{id}` cannot be begun from `{from}`");
        return Err(transition(project, from, message));
    };
    before.remember(scene, &id)?;
    scene.locked.acquire_claim(&id, actor, until, project.now)?;
    if let Some(other) = ticket.owner.as_deref()
        && other != actor.as_str()
        && statuses.category(&ticket.status) == Category::Active
    {
        project.warn(format!("`{id}` was in progress with {other}, unclaimed"));
    }
    ticket.owner = Some(actor.as_str().to_owned());
    if let Some(active) = path.last() {
        ticket.status = active.clone();
        begin(scene, ticket)?;
    }
    Ok(())
}

/// Lets go of the tickets: what was begun goes back to the initial status, where a transition
/// leads there, and is owned no longer. One that nobody holds stays as it is.
///
/// `at_work` fails for a ticket that a live run works at.
///
/// # Errors
/// When another holds one of them and a person does not force it, or a run works at it.
pub fn release(
    project: &Project,
    targets: &Targets,
    force: bool,
    at_work: impl Fn(&TicketId) -> Result<()>,
) -> Result<Changed> {
    let actor = project.actor()?.clone();
    if force {
        project.require_human("release what others hold")?;
    }
    let mut released = Vec::new();
    let mut before = ClaimsBefore::default();
    let changed = project.change(targets, |scene, tickets| {
        for ticket in tickets.iter() {
            at_work(&ticket.id)?;
            let claim = scene.locked.claim(&ticket.id, project.now)?;
            let holder = claim.map(|claim| claim.actor);
            if let Some(other) = holder.as_ref().filter(|holder| *holder != actor.as_str())
                && !force
            {
                return Err(held_by_another(project, &ticket.id, other));
            }
        }
        for ticket in tickets {
            before.remember(scene, &ticket.id)?;
            let held = scene.locked.release_claim(&ticket.id)?;
            released.push(held);
            if held || ticket.owner.as_deref() == Some(actor.as_str()) {
                give_back(project, ticket);
            }
        }
        Ok(())
    });
    let mut changed = before.unless(changed, project, &actor)?;
    for (result, held) in changed.results.iter_mut().zip(released) {
        result.changed |= held;
    }
    Ok(changed)
}

fn held_by_another(project: &Project, id: &TicketId, holder: &str) -> Error {
    if project.is_agent() {
        let message = format!("`{id}` is held by {holder}: only people may release it");
        return Error::new(ErrorCode::HumansOnly, message)
            .with("id", id.as_str())
            .with("holder", holder);
    }
    refused(format!("`{id}` is held by {holder}"))
        .hint("`--force` releases it all the same")
        .with("id", id.as_str())
        .with("holder", holder)
}

fn give_back(project: &Project, ticket: &mut Ticket) {
    let statuses = &project.config.statuses;
    if statuses.category(&ticket.status) != Category::Active {
        return;
    }
    ticket.owner = None;
    let initial = statuses.initial();
    if statuses.allows(&ticket.status, initial) {
        ticket.status = initial.clone();
    } else {
        let (id, status) = (&ticket.id, &ticket.status);
        project.hint(format!(
            "`{id}` stays {status}: no transition leads back to {initial}"
        ));
    }
}
