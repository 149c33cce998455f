//! What commands of this clone have taken on a remote, and nobody holds here: a command was killed
//! before it was claimed here, or after it was let go of, or the remote could not be reached then.
//!
//! That it is this clone's own is known by the holding, a random word that nobody else has.

use std::cell::RefCell;

use super::{Project, RemoteClaims, Result, Wish};
use crate::model::TicketId;
use crate::store::{Holding, Taking};

/// A holding that is about to be taken.
pub(super) struct Taken<'t> {
    project: &'t Project,
    holding: Holding,
    taking: RefCell<Option<Taking>>,
}

impl<'t> Taken<'t> {
    pub(super) fn new(project: &'t Project, remote: &RemoteClaims, wish: &Wish<'_>) -> Self {
        Self {
            project,
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
    pub(super) fn begin(&self) -> Result<()> {
        if self.taking.borrow().is_none() {
            let taking = self.project.store.begin_taking(&self.holding)?;
            self.taking.replace(Some(taking));
        }
        Ok(())
    }

    /// It was not taken.
    pub(super) fn forget(&self) -> Result<()> {
        let Holding {
            ticket, holding, ..
        } = &self.holding;
        match self.taking.take() {
            Some(_) => Ok(self.project.store.forget_holding(ticket, holding)?),
            None => Ok(()),
        }
    }
}

/// Gives back on the remote what was left there, of that ticket or of all; the tickets of which
/// there was something.
///
/// # Errors
/// When the remote cannot be reached.
pub(super) fn give_back(
    project: &Project,
    remote: &RemoteClaims,
    of: Option<&TicketId>,
) -> Result<Vec<TicketId>> {
    let mut left = project.store.left_there()?;
    left.retain(|left| left.remote == remote.remote() && of.is_none_or(|id| left.ticket == *id));
    let mut given = Vec::new();
    for left in left {
        if remote.give_back_left(&left)? {
            given.push(left.ticket.clone());
        }
        project.store.forget_holding(&left.ticket, &left.holding)?;
        // It may be noted as another clone's.
        let elsewhere = project.store.held_elsewhere(project.now);
        let seen = elsewhere.get(&left.ticket);
        if seen.is_some_and(|seen| seen.claim.holding == left.holding) {
            project.store.lock()?.see_elsewhere(&left.ticket, None)?;
        }
    }
    Ok(given)
}
