//! What commands and runs of this clone have taken on a remote, and nobody holds here: one was
//! killed before it was claimed here, or after it was let go of, or the remote could not be reached
//! then.
//!
//! That it is this clone's own is known by the holding, a random word that nobody else has.

use std::cell::RefCell;

use jiff::Timestamp;

use super::remote_claims::AWAY;
use super::{Error, Project, RemoteClaims, Result, Wish};
use crate::model::TicketId;
use crate::store::{Holding, Kept, RemoteHold, Store, Taking};

/// A holding that is about to be taken.
pub(crate) struct Taken<'t> {
    store: &'t Store,
    holding: Holding,
    taking: RefCell<Option<Taking>>,
}

impl<'t> Taken<'t> {
    pub(crate) fn new(store: &'t Store, remote: &RemoteClaims, wish: &Wish<'_>) -> Self {
        Self {
            store,
            holding: Holding {
                ticket: wish.ticket.clone(),
                holding: wish.holding.clone(),
                remote: remote.remote().to_owned(),
                lease_until: wish.until,
            },
            taking: RefCell::default(),
        }
    }

    /// Notes it, before it is there.
    pub(crate) fn begin(&self) -> Result<()> {
        if self.taking.borrow().is_none() {
            let taking = self.store.begin_taking(&self.holding)?;
            self.taking.replace(Some(taking));
        }
        Ok(())
    }

    /// It was taken: as long as that is kept, nobody takes it for left there.
    pub(crate) fn keep(self) -> Result<Option<Taking>> {
        self.begin()?;
        Ok(self.taking.into_inner())
    }

    /// It was not taken.
    pub(crate) fn forget(&self) -> Result<()> {
        let Holding {
            ticket, holding, ..
        } = &self.holding;
        match self.taking.take() {
            Some(_) => Ok(self.store.forget_holding(ticket, holding)?),
            None => Ok(()),
        }
    }
}

/// Gives back on the remote what was left there, of that ticket or of all; the tickets of which
/// there was something. Of all, what cannot be given back is warned of.
///
/// # Errors
/// When the remote cannot be reached, or that ticket cannot be given back.
pub(crate) fn give_back(
    project: &Project,
    remote: &RemoteClaims,
    of: Option<&TicketId>,
) -> Result<Vec<TicketId>> {
    let remotes = project.repo.home_git().remotes()?;
    let wanted = |left: &Holding| {
        // Under a name that no remote has any more, it may be this one.
        (left.remote == remote.remote() || !remotes.contains(&left.remote))
            && of.is_none_or(|id| left.ticket == *id)
    };
    let told = |id: &TicketId, actor: &str| project.to_tell(id, remote.remote(), actor);
    let (given, kept) = give_back_those(&project.store, project.now, remote, wanted, told)?;
    for error in kept {
        if of.is_some() {
            return Err(error);
        }
        project.warn(error.to_string());
        for hint in error.hints {
            project.hint(hint);
        }
    }
    Ok(given)
}

/// As [`give_back`], of what is `wanted`, which may be there; `told` says what others are told of
/// the ticket, which the actor had. Also why something could not be given back, whose note stays.
///
/// # Errors
/// When the remote cannot be reached.
pub(crate) fn give_back_those(
    store: &Store,
    now: Timestamp,
    remote: &RemoteClaims,
    wanted: impl Fn(&Holding) -> bool,
    told: impl Fn(&TicketId, &str) -> Option<Kept>,
) -> Result<(Vec<TicketId>, Vec<Error>)> {
    let mut left = store.left_there()?;
    left.retain(wanted);
    let (mut given, mut kept) = (Vec::new(), Vec::new());
    for left in left {
        let was_there = remote.give_back_left(&left, |actor| told(&left.ticket, actor));
        let was_there = match was_there {
            Err(error) if !error.context.contains_key(AWAY) => {
                kept.push(error);
                continue;
            }
            was_there => was_there?,
        };
        if was_there {
            given.push(left.ticket.clone());
        } else if left.remote != remote.remote() {
            continue;
        }
        store.forget_holding(&left.ticket, &left.holding)?;
        // It may be noted as another clone's.
        let is_it = |seen: &&RemoteHold| seen.claim.holding == left.holding;
        let seen = store.held_elsewhere(now).unwrap_or_default();
        let seen = seen.get(&left.ticket).into_iter().flatten();
        for seen in seen.filter(is_it) {
            let locked = store.lock()?;
            locked.forget_elsewhere(&left.ticket, &seen.remote)?;
        }
    }
    Ok((given, kept))
}
