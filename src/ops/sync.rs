//! What others hold, fetched from a remote.

use std::collections::BTreeSet;

use super::kept::{self, Arrivals};
use super::left_there;
use super::records::Records;
use super::values::printable;
use super::{Project, RemoteClaims, Result};
use crate::model::TicketId;
use crate::store::RemoteHold;
use crate::wire::{Detail, NotArrived, SyncDocument, SyncedClaim, UnreadableClaim};

/// Fetches every claim from the remote, and notes what other clones hold; `ready` and the like
/// go by that. What this clone has left there before is given back.
///
/// # Errors
/// When there is no such remote, it cannot be reached, or nothing can be noted.
pub fn sync(project: &Project, remote: Option<&str>) -> Result<SyncDocument> {
    let remote = RemoteClaims::choose(project, remote)?;
    let given_back = left_there::give_back(project, &remote, None)?;
    for id in &given_back {
        let remote = printable(remote.remote());
        project.hint(format!(
            "`{id}` was still held on `{remote}` by this clone and by nobody here: given back"
        ));
    }
    // What is noted after that is not yet among what is there.
    let notes = kept::notes(project)?;
    let (mut holds, unreadable) = remote.all()?;
    let reopened = kept::settle(project, &remote, &notes, &holds)?;
    for id in &reopened {
        let remote = printable(remote.remote());
        project.hint(format!(
            "`{id}` was told on `{remote}` to be closed, and is open here again: others were told"
        ));
    }
    holds.retain(|hold| {
        let is_it = |id: TicketId| reopened.contains(&id) && hold.claim.kept.is_some();
        !hold.claim.ticket().is_some_and(is_it)
    });
    let mut elsewhere = news(project, &holds)?;
    let not_arrived = elsewhere.iter().filter_map(not_arrived).collect();
    holds.retain(|hold| hold.claim.holds(project.now));
    let mut claims = Vec::new();
    let locked = project.store.lock()?;
    // What is not held there any more, by nobody.
    let mut gone = project.store.claimed()?;
    let remotes = project.repo.home_git().remotes()?;
    // Held under a name that no remote has any more, it may be this one.
    let is_held_there =
        |own: &RemoteHold| own.remote == remote.remote() || !remotes.contains(&own.remote);
    for hold in holds {
        let Some(id) = hold.claim.ticket() else {
            continue;
        };
        gone.remove(&id);
        // What cannot be read as a claim is for `tk doctor`; it is none of that holding.
        let own = locked.claim_at_all(&id).ok().flatten();
        let is_live = own
            .as_ref()
            .is_some_and(|own| project.now < own.lease_until);
        let own = own.and_then(|claim| claim.remote);
        let here = own.as_ref().is_some_and(|own| is_same(own, &hold));
        if own.as_ref().is_some_and(|own| is_held_there(own)) && is_live && !here {
            let by = &hold.claim.actor;
            project.warn(format!(
                "`{id}` is held by {by} now, no longer by this clone"
            ));
        }
        claims.push(SyncedClaim {
            id: id.to_string(),
            holder: hold.claim.actor.clone(),
            lease_until: hold.claim.lease_until.to_string(),
            number: hold.claim.number,
            here,
        });
        if !here {
            elsewhere.push((id, hold));
        }
    }
    for id in gone {
        let own = locked.claim_at_all(&id).ok().flatten();
        let own = own.filter(|own| project.now < own.lease_until);
        let Some(hold) = own.and_then(|own| own.remote) else {
            continue;
        };
        if hold.remote == remote.remote() {
            project.warn(format!(
                "`{id}` is no longer held on `{}`: it is held in this clone only",
                printable(&hold.remote)
            ));
            project.hint(format!("`tk claim {id} --remote` takes it there again"));
        }
    }
    locked.see_all_elsewhere(remote.remote(), &remotes, elsewhere)?;
    drop(locked);
    for UnreadableClaim { reference, why } in &unreadable {
        let remote = printable(remote.remote());
        project.warn(format!(
            "`refs/tk/claims/{reference}` on `{remote}` is no claim: {why}"
        ));
    }
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let known: BTreeSet<&str> = claims.iter().map(|claim| claim.id.as_str()).collect();
    let known = index
        .tickets
        .iter()
        .filter(|ticket| known.contains(ticket.id.as_str()));
    let known: Vec<TicketId> = known.map(|ticket| ticket.id.clone()).collect();
    let records = Records::new(project, &index, &graph).by_ids(&known)?;
    Ok(SyncDocument {
        schema: "tk.sync.v1",
        remote: remote.remote().to_owned(),
        claims,
        given_back: given_back.iter().map(ToString::to_string).collect(),
        not_arrived,
        reopened: reopened.iter().map(ToString::to_string).collect(),
        unreadable,
        tickets: records
            .iter()
            .map(|record| record.fields(&Detail::Listed))
            .collect(),
    })
}

/// What is open here and over in another clone, or awaits a person there, which is told.
fn news(project: &Project, holds: &[RemoteHold]) -> Result<Vec<(TicketId, RemoteHold)>> {
    let (index, statuses) = (project.index()?, &project.config.statuses);
    let arrivals = Arrivals::of(project);
    let mut found = Vec::new();
    for hold in holds {
        let Some(id) = hold.claim.ticket().filter(|_| hold.claim.kept.is_some()) else {
            continue;
        };
        let is_open = index.get(&id).is_some_and(|it| !it.is_done(statuses));
        if !is_open {
            continue;
        }
        if let Some(hold) = arrivals.untold(hold)?
            && let Some(kept) = &hold.claim.kept
        {
            project.warn(format!("`{id}` was {kept}: fetch and merge that"));
            found.push((id, hold));
        }
    }
    Ok(found)
}

fn not_arrived((id, hold): &(TicketId, RemoteHold)) -> Option<NotArrived> {
    let kept = hold.claim.kept.as_ref()?;
    Some(NotArrived {
        id: id.to_string(),
        closed_at: kept.closed_at.map(|at| at.to_string()),
        awaiting: kept.awaiting.clone(),
        by: kept.by.clone(),
    })
}

fn is_same(own: &RemoteHold, there: &RemoteHold) -> bool {
    own.claim.holding == there.claim.holding
}
