//! Tickets that have to wait, each with what it waits for below it.

use std::fmt::Write;

use anstyle::Style;

use super::terminal::safe;
use crate::ops::Waits;
use crate::wire::TicketRecord;

/// A line for the ticket, and an indented one for each thing it waits for.
#[must_use]
pub fn lines(ticket: &TicketRecord, waits: Waits<'_>) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let (id, title) = (safe(&ticket.id), safe(&ticket.title));
    let mut out = format!("{bold}{id}{bold:#}  P{}  {title}\n", ticket.priority);
    for words in waits.words() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "     {dim}{}{dim:#}", safe(&words));
    }
    out
}
