//! The tickets that come after those that are closed and come again.

use super::{Locked, Store, StoreError, Stored};
use crate::format;
use crate::model::{Config, Ticket, TicketId};

/// How many ids are tried, of which another ticket may have any.
const TRIED: usize = 100;

impl Store {
    /// The ticket that came after that one, if there is one already.
    ///
    /// # Errors
    /// When a file cannot be read for another reason than that it is no ticket.
    pub fn follower(&self, id: &TicketId, config: &Config) -> Result<Option<Ticket>, StoreError> {
        for follower in id.followers().take(TRIED) {
            match self.read(&follower, config) {
                Ok(stored) if stored.ticket.recurs_from.as_ref() == Some(id) => {
                    return Ok(Some(stored.ticket));
                }
                // Another's.
                Ok(_) | Err(StoreError::Invalid(_)) => {}
                Err(StoreError::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
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
        let mut all = Vec::new();
        for ticket in closed {
            if self.follower(&ticket.id, config)?.is_some() {
                continue;
            }
            let mut ids = ticket.id.followers().take(TRIED);
            let id = ids.find(|id| !self.has(id));
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
