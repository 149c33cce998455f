//! Tickets that have to wait, each with what it waits for below it.

use anstyle::Style;

use super::terminal::{Codes, safe};
use crate::model::Outline;
use crate::ops::Waiting;

/// About as many bytes as a ticket takes.
const TICKET: usize = 160;

/// How tickets that wait are told.
pub struct Lines {
    bold: Codes,
    dim: Codes,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            bold: Codes::of(Style::new().bold()),
            dim: Codes::of(Style::new().dimmed()),
        }
    }
}

impl Lines {
    /// A line for the ticket, and an indented one for each thing it waits for.
    #[must_use]
    pub fn of(&self, ticket: &Outline, waiting: &Waiting<'_>) -> String {
        let mut out = String::with_capacity(TICKET);
        let (id, title) = (safe(ticket.id.as_str()), safe(ticket.title()));
        self.bold.around(&mut out, |out| out.push_str(&id));
        out.push_str("  P");
        out.push(char::from(b'0' + ticket.priority().number()));
        out.extend(["  ", &title, "\n"]);
        for words in waiting.words() {
            out.push_str("     ");
            self.dim.around(&mut out, |out| out.push_str(&safe(&words)));
            out.push('\n');
        }
        out
    }
}
