//! Letting go of tickets, here and on a remote.

use super::change::Targets;
use super::claims_before::ClaimsBefore;
use super::{Changed, Error, ErrorCode, Project, RemoteClaims, Result};
use crate::model::{Category, Ticket, TicketId};
use crate::store::RemoteClaim;

/// Lets go of the tickets: what was begun goes back to the initial status, where a transition
/// leads there, and is owned no longer. One that nobody holds stays as it is. What is held on a
/// remote is owed there until [`Project::give_back`].
///
/// With `remote`, also of whatever is there on that one, or the usual one, though this clone knows
/// nothing of it or it cannot be read; to be forced, too. `at_work` fails for a ticket that a live
/// run works at.
///
/// # Errors
/// When another holds one of them and a person does not force it, or a run works at it; or when
/// the remote that is named does not let go.
pub fn release(
    project: &Project,
    targets: &Targets,
    force: bool,
    remote: Option<Option<&str>>,
    at_work: impl Fn(&TicketId) -> Result<()>,
) -> Result<Changed> {
    let actor = project.actor()?.clone();
    if force {
        project.require_human("release what others hold")?;
    }
    let there = remote.map(|asked| RemoteClaims::choose(project, asked));
    let there = there.transpose()?;
    let mut elsewhere = project.store.held_elsewhere(project.now)?;
    if !force {
        // Nobody holds it there: that it is over is only taken away by force.
        for holds in elsewhere.values_mut() {
            holds.retain(|hold| hold.claim.kept.is_none());
        }
    }
    let (mut released, mut owed, mut owed_elsewhere) = (Vec::new(), Vec::new(), Vec::new());
    let mut before = ClaimsBefore::default();
    let changed = project.change(targets, |scene, tickets| {
        for ticket in tickets.iter() {
            at_work(&ticket.id)?;
            let claim = scene.locked.claim(&ticket.id, project.now)?;
            if claim.as_ref().is_some_and(|it| it.actor == actor.as_str()) {
                // What another clone has taken of it meanwhile is not let go of.
                elsewhere.remove(&ticket.id);
            }
            if force {
                continue;
            }
            // One actor may be in many clones; what this one has left there is its own.
            let theirs = |it: &&RemoteClaim| !project.store.has_taken(&ticket.id, &it.holding);
            let there = elsewhere.get(&ticket.id).into_iter().flatten();
            let there = there.map(|hold| &hold.claim).find(theirs);
            if let Some(there) = there {
                return Err(held_by_another(project, &ticket.id, &there.actor, true)?);
            }
            let other = claim.filter(|claim| claim.actor != actor.as_str());
            if let Some(other) = other {
                return Err(held_by_another(project, &ticket.id, &other.actor, false)?);
            }
        }
        for ticket in tickets {
            before.remember(scene, &ticket.id)?;
            let (held, hold) = scene.locked.let_go(&ticket.id)?;
            let there = elsewhere.remove(&ticket.id).unwrap_or_default();
            if !there.is_empty() {
                scene.locked.see_elsewhere(&ticket.id, None)?;
            }
            released.push(held || !there.is_empty());
            owed_elsewhere.extend(there);
            owed.extend(hold);
            if held || ticket.owner.as_deref() == Some(actor.as_str()) {
                give_back(project, ticket);
            }
        }
        Ok(())
    });
    let mut changed = before.unless(changed, project, &actor)?;
    for hold in owed.into_iter().chain(owed_elsewhere) {
        project.owe(Some(hold));
    }
    for (result, held) in changed.results.iter_mut().zip(released) {
        result.changed |= held;
    }
    if let Some(there) = there.filter(|_| !targets.dry_run) {
        let ids: Vec<TicketId> = changed.tickets().map(|ticket| ticket.id.clone()).collect();
        for (result, id) in changed.results.iter_mut().zip(ids) {
            result.changed |= there.clear(&id, &actor, project.now)?;
        }
    }
    Ok(changed)
}

fn held_by_another(
    project: &Project,
    id: &TicketId,
    holder: &str,
    in_another_clone: bool,
) -> Result<Error> {
    let place = if in_another_clone {
        " in another clone"
    } else {
        ""
    };
    let message = format!("`{id}` is held by {holder}{place}");
    let error = match project.is_agent()? {
        true => Error::new(
            ErrorCode::HumansOnly,
            format!("{message}: only people may release it"),
        ),
        false => Error::new(ErrorCode::Held, message).hint("`--force` releases it all the same"),
    };
    Ok(error.with("id", id.as_str()).with("holder", holder))
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
