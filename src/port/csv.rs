//! A table for spreadsheets.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return
//! for a formula, and runs it. Such a cell has a `'` before it here.

use crate::model::{Ticket, TicketId};

const HEAD: &[&str] = &[
    "id",
    "title",
    "type",
    "status",
    "priority",
    "owner",
    "parent",
    "labels",
    "blocked_by",
    "awaiting",
    "estimate",
    "due",
    "repeat",
    "created_at",
    "created_by",
    "started_at",
    "closed_at",
    "reason",
    "notes",
    "cost_usd",
    "description",
];

/// The row of names.
pub(super) fn head() -> String {
    HEAD.join(",") + "\n"
}

/// The ticket's row.
pub(super) fn write(ticket: &Ticket) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let row = writer.write_record(row(ticket).map(guarded));
    row.map_err(|error| error.to_string())?;
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn row(ticket: &Ticket) -> [String; 21] {
    let ids = |ids: &std::collections::BTreeSet<TicketId>| {
        let ids: Vec<&str> = ids.iter().map(TicketId::as_str).collect();
        ids.join(" ")
    };
    let labels: Vec<&str> = ticket.labels.iter().map(String::as_str).collect();
    [
        ticket.id.to_string(),
        ticket.title.clone(),
        ticket.kind.clone(),
        ticket.status.to_string(),
        ticket.priority.to_string(),
        shown(ticket.owner.as_ref()),
        shown(ticket.parent.as_ref()),
        labels.join(", "),
        ids(&ticket.blocked_by),
        shown(ticket.awaiting.as_ref()),
        shown(ticket.estimate.as_ref()),
        shown(ticket.due.as_ref()),
        shown(ticket.repeat.as_ref()),
        shown(ticket.created_at.as_ref()),
        shown(ticket.created_by.as_ref()),
        shown(ticket.started_at.as_ref()),
        shown(ticket.closed_at.as_ref()),
        shown(ticket.reason.as_ref()),
        ticket.notes.len().to_string(),
        shown(ticket.cost().as_ref()),
        ticket.description.clone(),
    ]
}

fn shown(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// The cell as no spreadsheet runs it.
fn guarded(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}
