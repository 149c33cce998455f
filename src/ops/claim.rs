//! Holding tickets: claims with a lease.

use jiff::{SignedDuration, Timestamp};

use super::change::{Scene, Targets};
use super::claims_before::ClaimsBefore;
use super::close::transition;
use super::gates::tell_of_work_elsewhere;
use super::kept::Arrivals;
use super::left_there;
use super::notes::refused;
use super::update::begin;
use super::values::{self, invalid, printable};
use super::{Changed, Error, ErrorCode, Project, RemoteClaims, Result, Standing, Wish};
use crate::context::Context;
use crate::model::{Actor, Category, Span, StatusId, Ticket, TicketId};
use crate::store::{Claim, RemoteClaim, RemoteHold, StoreError};

/// How long a claim holds unless told otherwise.
pub(super) const LEASE: SignedDuration = SignedDuration::from_hours(2);

/// How long a claim may be for: it is renewed by who is at work still, and whoever is gone keeps the
/// others waiting.
const LONGEST: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A ticket that is held now.
pub struct Claimed {
    /// The ticket.
    pub changed: Changed,
    /// Who holds it.
    pub holder: Actor,
    /// Until when.
    pub lease_until: Timestamp,
    /// Whether the claim is new, or ends at another time than before.
    pub moved: bool,
    /// The same on a remote, where it is held there too.
    pub remote: Option<RemoteHold>,
}

/// How a ticket is to be claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimRequest {
    /// For how long, as it was typed.
    pub lease: Option<String>,
    /// Also on a remote: on that one, or where none is named, the usual one.
    pub remote: Option<Option<String>>,
}

/// Takes the ticket for whoever asks: held until the lease has run out, in progress, and
/// owned. A claim of one's own is renewed; without a `lease` it is never made shorter.
///
/// On a remote it is taken first, so that nothing has changed here where that is lost; and given
/// back there where it then cannot be taken here. What was held on one, and is not renewed in
/// time, is taken again there.
///
/// # Errors
/// [`ErrorCode::Held`] when another holds it; or when it is over, or an epic; or when the remote
/// does not take it.
pub fn claim(
    project: &Project,
    context: &Context,
    targets: &Targets,
    request: &ClaimRequest,
) -> Result<Claimed> {
    claim_if(project, context, targets, request, &|_, _| Ok(()))
}

/// Whether the ticket, as it is seen under the lock, may be claimed.
pub(super) type May<'m> = dyn Fn(&Scene<'_>, &Ticket) -> Result<()> + 'm;

/// As [`claim`], if `may` has nothing against it.
pub(super) fn claim_if(
    project: &Project,
    context: &Context,
    targets: &Targets,
    request: &ClaimRequest,
    may: &May<'_>,
) -> Result<Claimed> {
    let actor = project.actor()?.clone();
    let lease = Lease {
        asked: request.lease.as_deref().map(span).transpose()?,
        now: project.now,
    };
    lease.until(None)?;
    let there = |remote: &RemoteClaims| {
        let who = (&actor, may);
        claim_there(project, context, targets, who, lease, remote, false)
    };
    if let Some(asked) = &request.remote {
        let remote = RemoteClaims::choose(project, asked.as_deref())?;
        return there(&remote);
    }
    if let Some(over) = ran_out(project, targets, (&actor, may))? {
        let remote = RemoteClaims::of_hold(project, &over);
        let claimed = remote.and_then(|remote| there(&remote));
        match claimed {
            Err(error) if error.code == ErrorCode::Git => project.warn(format!(
                "held in this clone only, not again on `{}`, where it ended at {}: {error}",
                printable(&over.remote),
                over.claim.lease_until
            )),
            claimed => return claimed,
        }
    }
    let (mut claimed, before) = match claim_here(project, targets, (&actor, may), lease, None) {
        Err(error) if error.code == ErrorCode::Held => {
            return Err(of_this_clone(project, error)?);
        }
        claimed => claimed?,
    };
    renew_there(project, &mut claimed, &before)?;
    Ok(claimed)
}

/// One's own claim of the ticket on a remote, if its lease is over: what is renewed then is taken
/// again there.
fn ran_out(
    project: &Project,
    targets: &Targets,
    mine: (&Actor, &May<'_>),
) -> Result<Option<RemoteHold>> {
    let is_over = |claim: &Claim| claim.remote.is_some() && claim.lease_until <= project.now;
    let files = project.store.claim_files()?;
    // Most often there is none, and the tickets need not be looked at for that.
    if !files
        .iter()
        .any(|file| file.claim.as_ref().is_ok_and(is_over))
    {
        return Ok(None);
    }
    let (_, own) = may_claim(project, targets, mine)?;
    Ok(own.filter(is_over).and_then(|own| own.remote).map(|it| *it))
}

/// Takes the ticket on the remote, and then here; once more where another command of this clone
/// was about to, unless it `is_again`.
fn claim_there(
    project: &Project,
    context: &Context,
    targets: &Targets,
    (actor, may): (&Actor, &May<'_>),
    lease: Lease,
    remote: &RemoteClaims,
    is_again: bool,
) -> Result<Claimed> {
    let (id, own) = may_claim(project, targets, (actor, may))?;
    let until = lease.until(own.as_ref())?;
    let wish = Wish {
        ticket: &id,
        actor,
        until,
        now: project.now,
        holding: format!("{:032x}", context.random_u128()),
    };
    let own = own.and_then(|own| own.remote).map(|own| *own);
    left_there::give_back(project, remote, Some(&id))?;
    let taking = left_there::Taken::new(&project.store, remote, &wish);
    let again = || claim_there(project, context, targets, (actor, may), lease, remote, true);
    let hold = match remote.take(&wish, own.as_ref(), &|| taking.begin()) {
        Ok(Standing::Ours(hold)) => hold,
        Ok(Standing::Theirs(theirs)) => {
            taking.forget()?;
            if let Some(theirs) = &theirs
                && !is_again
                && is_taking_it(project, &id, &theirs.claim, actor)?
            {
                return again();
            }
            return Err(taken(project, &id, theirs)?);
        }
        Err(error) => return Err(error),
    };
    if hold.claim.holding != wish.holding {
        taking.forget()?;
    }
    let other = own.filter(|own| own.claim.holding != hold.claim.holding);
    let is_new = hold.claim.holding == wish.holding;
    let claimed = claim_here(project, targets, (actor, may), lease, Some(hold.clone()));
    match claimed {
        Ok((claimed, _)) => {
            match other {
                // Its place is taken, or it is over.
                Some(other) if other.remote == hold.remote || !other.claim.holds(project.now) => {
                    let holding = &other.claim.holding;
                    project.store.forget_holding(&id, holding)?;
                }
                // One remote at a time: nobody would let go of it on the other.
                other => project.owe(other),
            }
            Ok(claimed)
        }
        Err(error) => {
            project.owe(Some(hold).filter(|_| is_new));
            Err(error)
        }
    }
}

/// Whether another command of this clone has just taken the ticket for the same actor, and has
/// ended by now: then it is held here, or was given back.
fn is_taking_it(
    project: &Project,
    id: &TicketId,
    theirs: &RemoteClaim,
    actor: &Actor,
) -> Result<bool> {
    Ok(theirs.actor == actor.as_str()
        && theirs.holds(project.now)
        && project.store.has_taken(id, &theirs.holding)
        && project.store.wait_for_taking(id, &theirs.holding)?)
}

/// For how long a claim is to hold.
#[derive(Clone, Copy)]
struct Lease {
    asked: Option<SignedDuration>,
    now: Timestamp,
}

impl Lease {
    /// Until when, where that is one's own claim so far.
    fn until(self, own: Option<&Claim>) -> Result<Timestamp> {
        let until = self.now.checked_add(self.asked.unwrap_or(LEASE));
        let until = until.map_err(|_| invalid("the lease ends after the end of time"))?;
        Ok(match own.map(|claim| claim.lease_until) {
            Some(old) if self.asked.is_none() => until.max(old),
            _ => until,
        })
    }
}

/// The ticket that is meant, and one's own claim on it, its lease over or not, if nothing here
/// speaks against taking it.
fn may_claim(
    project: &Project,
    targets: &Targets,
    (actor, may): (&Actor, &May<'_>),
) -> Result<(TicketId, Option<Claim>)> {
    let rehearsal = Targets {
        dry_run: true,
        ..targets.clone()
    };
    // Who can write nothing here is told so before anything is taken elsewhere.
    drop(project.lock()?);
    let mut found = None;
    project.change(&rehearsal, |scene, tickets| {
        for ticket in tickets {
            may(scene, ticket)?;
            path(scene, ticket)?;
            let (locked, id) = (scene.locked, &ticket.id);
            locked.claim_free_for(id, actor, project.now)?;
            let own = locked.claim_at_all(id)?;
            let own = own.filter(|own| own.actor == actor.as_str());
            found = Some((id.clone(), own));
        }
        Ok(())
    })?;
    found.ok_or_else(|| invalid("no ticket is named"))
}

/// The error that a ticket is held, with what to do where that is what this clone could not let go
/// of on a remote.
fn of_this_clone(project: &Project, error: Error) -> Result<Error> {
    let id = error.context.get("id").and_then(|id| id.as_str());
    let Some(id) = id.and_then(|id| TicketId::parse(id).ok()) else {
        return Ok(error);
    };
    let elsewhere = project.store.held_elsewhere(project.now)?;
    let left = project.store.left_there()?.into_iter();
    let left = left.filter(|left| left.ticket == id).find(|left| {
        let mut seen = elsewhere.get(&id).into_iter().flatten();
        seen.any(|seen| seen.claim.holding == left.holding)
    });
    Ok(match left {
        Some(left) => {
            let remote = printable(&left.remote);
            error.hint(format!(
                "this clone has let go of it, which `{remote}` could not be told: `tk sync` tells it"
            ))
        }
        None => error,
    })
}

/// The error that another clone holds the ticket, which is noted.
fn taken(project: &Project, id: &TicketId, theirs: Option<RemoteHold>) -> Result<Error> {
    let Some(hold) = theirs else {
        let message = format!("`{id}` was taken meanwhile");
        return Ok(Error::new(ErrorCode::Held, message));
    };
    let locked = project.store.lock()?;
    locked.see_elsewhere(id, Some(hold.clone()))?;
    let (id, claim) = (id.clone(), Claim::elsewhere(hold));
    Ok(StoreError::Held { id, claim }.into())
}

/// Takes the ticket in this clone; with `hold`, which has been taken on a remote.
fn claim_here(
    project: &Project,
    targets: &Targets,
    (actor, may): (&Actor, &May<'_>),
    lease: Lease,
    hold: Option<RemoteHold>,
) -> Result<(Claimed, ClaimsBefore)> {
    let mut held = (lease.until(None)?, true, None);
    let mut before = ClaimsBefore::default();
    let changed = project.change(targets, |scene, tickets| {
        for ticket in tickets {
            may(scene, ticket)?;
            let own = scene.locked.claim(&ticket.id, project.now)?;
            let own = own.filter(|claim| claim.actor == actor.as_str());
            let until = match &hold {
                Some(hold) => hold.claim.lease_until,
                None => lease.until(own.as_ref())?,
            };
            let there = |claim: &Claim| claim.remote.as_ref().map(|it| it.claim.holding.clone());
            let known = own.as_ref().and_then(there);
            let is_new = hold
                .as_ref()
                .is_some_and(|it| Some(&it.claim.holding) != known.as_ref());
            let moved = is_new || own.is_none_or(|claim| claim.lease_until != until);
            let claim = self::hold(scene, ticket, actor, until, hold.clone(), &mut before)?;
            held = (until, moved, claim.remote.map(|it| *it));
        }
        Ok(())
    });
    let changed = before.unless(changed, project, actor)?;
    if let Some(hold) = &hold
        && let Some(id) = hold.claim.ticket()
    {
        project.store.lock()?.forget_elsewhere(&id, &hold.remote)?;
    }
    let (lease_until, moved, remote) = held;
    let claimed = Claimed {
        changed,
        holder: actor.clone(),
        lease_until,
        moved,
        remote,
    };
    Ok((claimed, before))
}

/// What is held on a remote, too, is renewed there as it was here. Where another has it there by
/// now, the claim here is again what it was, and that is the error.
fn renew_there(project: &Project, claimed: &mut Claimed, before: &ClaimsBefore) -> Result<()> {
    let (until, hold) = (claimed.lease_until, claimed.remote.clone());
    let Some(hold) = hold.filter(|hold| hold.claim.lease_until != until) else {
        return Ok(());
    };
    let Some(id) = hold.claim.ticket() else {
        return Ok(());
    };
    let (name, ends) = (printable(&hold.remote), hold.claim.lease_until);
    let remote = RemoteClaims::of_hold(project, &hold);
    let renewed = remote.and_then(|remote| remote.renew_exactly(&hold, until));
    claimed.remote = None;
    match renewed {
        Ok(Standing::Ours(hold)) => {
            project.store.lock()?.note_renewal(&id, &hold)?;
            claimed.remote = Some(hold);
        }
        Ok(Standing::Theirs(Some(theirs))) if theirs.claim.holds(project.now) => {
            before.put_back(project, &claimed.holder)?;
            return Err(taken(project, &id, Some(theirs))?);
        }
        Ok(Standing::Theirs(_)) => {
            project.store.lock()?.forget_remote(&id, &hold)?;
            project.warn(format!(
                "it was let go of on `{name}`: `{id}` is held in this clone only"
            ));
            project.hint(format!("`tk claim {id} --remote` takes it there again"));
        }
        Err(error) => project.warn(format!(
            "not renewed on `{name}`, where it ends at {ends}: {error}"
        )),
    }
    Ok(())
}

fn span(given: &str) -> Result<SignedDuration> {
    let span: Option<Span> = values::word(given)?;
    let seconds = span.map_or(0, Span::seconds);
    match i64::try_from(seconds).map(SignedDuration::from_secs) {
        Ok(lease) if lease > LONGEST => Err(invalid(format!(
            "a lease of `{}` is too long: expected at most `90d`",
            printable(given)
        ))
        .hint("`tk claim` renews it")),
        Ok(lease) if lease > SignedDuration::ZERO => Ok(lease),
        _ => Err(invalid("the lease is empty: expected one such as `2h`")),
    }
}

/// The statuses that lead the ticket to where it is in progress, if it can be claimed at all.
fn path(scene: &Scene<'_>, ticket: &Ticket) -> Result<Vec<StatusId>> {
    let (project, id) = (scene.project, &ticket.id);
    let statuses = &project.config.statuses;
    if statuses.is_done(&ticket.status) {
        return Err(refused(format!("`{id}` is closed: it cannot be claimed"))
            .hint(format!("`tk reopen {id}` opens it again")));
    }
    if scene.is_epic(ticket)? {
        let message = format!("`{id}` is an epic, which is never work: claim one of its tickets");
        return Err(refused(message).hint(format!("`tk next {id} --claim` takes the first")));
    }
    let path = statuses.path(&ticket.status, Category::Active);
    path.ok_or_else(|| {
        let from = &ticket.status;
        transition(
            project,
            from,
            format!("`{id}` cannot be begun from `{from}`"),
        )
    })
}

/// Takes the ticket for the actor and begins it, if nobody else holds it. What the claim was
/// is kept in `before`. With `remote` it is held there already.
pub(super) fn hold(
    scene: &Scene<'_>,
    ticket: &mut Ticket,
    actor: &Actor,
    until: Timestamp,
    remote: Option<RemoteHold>,
    before: &mut ClaimsBefore,
) -> Result<Claim> {
    let (project, id) = (scene.project, ticket.id.clone());
    let statuses = &project.config.statuses;
    let path = path(scene, ticket)?;
    before.remember(scene, &id)?;
    let locked = scene.locked;
    let acquire = || locked.acquire_claim(&id, actor, until, project.now, remote.clone());
    let arrivals = Arrivals::of(project);
    // What has come is noted no more, and the next remote may have another such note.
    let mut come = None;
    let claim = loop {
        match acquire() {
            Err(StoreError::Held { claim, .. })
                if come.as_ref() != Some(&claim) && arrivals.has_come(locked, &claim)? =>
            {
                come = Some(claim);
            }
            acquired => break acquired?,
        }
    };
    tell_of_work_elsewhere(project, ticket)?;
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
    Ok(claim)
}
