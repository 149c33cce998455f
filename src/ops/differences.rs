//! What is different between two states of a ticket.

use serde_json::Value;

use crate::model::Ticket;
use crate::wire::{Detail, KeyChange, TicketFacts, TicketFields, TicketRecord};

/// Keys that follow from others.
const DERIVED: &[&str] = &["etag", "updated_at", "note_count", "cost_usd"];

/// The keys of the ticket's file whose values differ, in the order of its JSON.
pub(super) fn differences(before: &Ticket, after: &Ticket) -> Vec<KeyChange> {
    if before == after {
        return Vec::new();
    }
    let (before, after) = (fields(before), fields(after));
    let own = after
        .into_iter()
        .filter(|(key, _)| !DERIVED.contains(&key.as_str()));
    let changes = own.map(|(field, to)| KeyChange {
        from: before.get(&field).cloned().unwrap_or(Value::Null),
        field,
        to,
    });
    changes.filter(|change| change.from != change.to).collect()
}

fn fields(ticket: &Ticket) -> TicketFields {
    let facts = TicketFacts {
        texts: true,
        ..TicketFacts::default()
    };
    TicketRecord::new(ticket, facts).fields(&Detail::Full)
}
