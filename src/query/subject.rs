//! The ticket that a query is asked about.

use std::cell::OnceCell;

use crate::model::{Outline, Ticket, TicketId};
#[cfg(doc)]
use crate::search;

/// Whether the texts of a ticket may have all of these in them.
type Mentions<'s> = dyn Fn(&TicketId, &[String]) -> bool + 's;

/// A ticket in outline, of which more is read once that is asked for.
pub struct Subject<'s> {
    /// What lists know of it.
    pub(super) outline: &'s Outline,
    brief: OnceCell<Ticket>,
    whole: OnceCell<Option<Ticket>>,
    read: &'s dyn Fn(&TicketId) -> Option<Ticket>,
    mentions: Option<&'s Mentions<'s>>,
}

impl<'s> Subject<'s> {
    /// The ticket of that outline. `read` gives it with its texts, unless it is gone.
    pub fn new(outline: &'s Outline, read: &'s dyn Fn(&TicketId) -> Option<Ticket>) -> Self {
        Self {
            outline,
            brief: OnceCell::new(),
            whole: OnceCell::new(),
            read,
            mentions: None,
        }
    }

    /// With a function that tells, without reading the ticket, whether its title, acceptance,
    /// description, notes or more may have all of these in them. They are those of
    /// [`search::parts`].
    #[must_use]
    pub fn mentioning(mut self, mentions: &'s Mentions<'s>) -> Self {
        self.mentions = Some(mentions);
        self
    }

    /// Whether its texts may have all of these in them.
    pub(super) fn may_mention(&self, parts: &[String]) -> bool {
        let mentions = self.mentions;
        mentions.is_none_or(|mentions| mentions(&self.outline.id, parts))
    }

    /// The ticket without its texts.
    pub(super) fn brief(&self) -> &Ticket {
        self.brief.get_or_init(|| self.outline.ticket())
    }

    /// The ticket with its texts, unless it is gone.
    pub(super) fn whole(&self) -> Option<&Ticket> {
        let whole = self.whole.get_or_init(|| (self.read)(&self.outline.id));
        whole.as_ref()
    }
}
