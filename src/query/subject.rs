//! The ticket that a query is asked about.

use std::cell::OnceCell;

use crate::model::{Outline, Ticket, TicketId};

/// A ticket in outline, of which more is read once that is asked for.
pub struct Subject<'s> {
    /// What lists know of it.
    pub(super) outline: &'s Outline,
    brief: OnceCell<Ticket>,
    whole: OnceCell<Option<Ticket>>,
    read: &'s dyn Fn(&TicketId) -> Option<Ticket>,
}

impl<'s> Subject<'s> {
    /// The ticket of that outline. `read` gives it with its texts, unless it is gone.
    pub fn new(outline: &'s Outline, read: &'s dyn Fn(&TicketId) -> Option<Ticket>) -> Self {
        Self {
            outline,
            brief: OnceCell::new(),
            whole: OnceCell::new(),
            read,
        }
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
