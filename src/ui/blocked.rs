//! Tickets that have to wait, each with what it waits for below it.

use std::fmt::Write;

use anstyle::Style;

use super::terminal::safe;
use crate::ops::WaitingTicket;

/// A line a ticket, and an indented one for each thing it waits for.
#[must_use]
pub fn list(tickets: &[WaitingTicket]) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut out = String::new();
    for waiting in tickets {
        let ticket = &waiting.ticket;
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{bold}{}{bold:#}  P{}  {}",
            safe(&ticket.id),
            ticket.priority,
            safe(&ticket.title)
        );
        for words in waiting.words() {
            let _ = writeln!(out, "     {dim}{}{dim:#}", safe(&words));
        }
    }
    out
}
