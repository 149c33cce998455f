//! What ticks and beads call by the same names.

use super::fields::Fields;
use crate::model::{Defer, Ticket};
use crate::wire::MisfitKind;

/// Gives the ticket those fields.
pub(super) fn fill(fields: &mut Fields, ticket: &mut Ticket) {
    ticket.priority = fields
        .word("priority", MisfitKind::Priority)
        .unwrap_or_default();
    ticket.labels = fields.lines("labels").into_iter().collect();
    ticket.defer_until = fields.time("defer_until").map(Defer::At);
    ticket.created_at = fields.time("created_at");
    ticket.created_by = fields.line("created_by");
    ticket.started_at = fields.time("started_at");
    ticket.closed_at = fields.time("closed_at");
    ticket.description = fields.prose("description").unwrap_or_default();
}
