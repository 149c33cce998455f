//! The tickets that come after those that are closed and come again.

use std::collections::BTreeSet;

use super::{InvalidFile, Locked, Store, StoreError, Stored};
use crate::format;
use crate::model::{Config, Ticket, TicketId};

/// How many ids are tried, of which another ticket may have any.
const TRIED: usize = 100;

/// What came after a ticket that comes again.
#[derive(Clone, Debug, PartialEq)]
pub enum Follower {
    /// That ticket.
    Ticket(Box<Ticket>),
    /// The file of one of the ids that it may have: it is no ticket, and may be it.
    Broken(Box<InvalidFile>),
}

impl Store {
    /// What came after that ticket, if anything did.
    ///
    /// # Errors
    /// When a file cannot be read for another reason than that it is no ticket.
    pub fn follower(&self, id: &TicketId, config: &Config) -> Result<Option<Follower>, StoreError> {
        let mut broken = None;
        // An id before its own may have been another's when it was made, and be free by now.
        for follower in id.followers().take(TRIED) {
            match self.read(&follower, config) {
                Ok(stored) if stored.ticket.recurs_from.as_ref() == Some(id) => {
                    return Ok(Some(Follower::Ticket(Box::new(stored.ticket))));
                }
                // Another's.
                Ok(_) | Err(StoreError::NotFound(_)) => {}
                Err(StoreError::Invalid(file)) => {
                    broken.get_or_insert(file);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(broken.map(|file| Follower::Broken(Box::new(file))))
    }
}

impl Locked<'_> {
    /// What comes after each of these tickets, which are about to be closed, and is not there.
    /// `over` are those that the same change leaves closed.
    pub(super) fn following(
        &self,
        closed: &[&Ticket],
        over: &[&TicketId],
        config: &Config,
    ) -> Result<Vec<Stored>, StoreError> {
        let (mut all, mut made) = (Vec::new(), BTreeSet::new());
        for ticket in closed {
            if self.follower(&ticket.id, config)?.is_some() {
                continue;
            }
            let mut ids = ticket.id.followers().take(TRIED);
            // Others of the same series, or of an id that begins alike, may be closed beside it.
            let id = ids.find(|id| !self.has(id) && !made.contains(id));
            let status = config.statuses.initial().clone();
            let next = id.zip(ticket.closed_at);
            let next = next.and_then(|(id, at)| ticket.next(id, status, at));
            let Some(mut next) = next else {
                continue;
            };
            if let Some(parent) = &next.parent
                && self.is_over(parent, over, config)?
            {
                // Nothing open is under a closed epic.
                next.parent = None;
            }
            made.insert(next.id.clone());
            let text = format::print(&next);
            all.push(self.faithful(&next, text, config)?);
        }
        Ok(all)
    }

    /// Whether that epic is closed, or is about to be.
    fn is_over(
        &self,
        id: &TicketId,
        over: &[&TicketId],
        config: &Config,
    ) -> Result<bool, StoreError> {
        if over.contains(&id) {
            return Ok(true);
        }
        match self.read(id, config) {
            Ok(stored) => Ok(config.statuses.is_done(&stored.ticket.status)),
            Err(StoreError::NotFound(_) | StoreError::Invalid(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
