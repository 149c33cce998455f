//! Tickets that have to wait, each with what it waits for below it.

use anstyle::Style;

use super::terminal::{Codes, safe};
use crate::ops::{Listed, Waits};

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
    pub fn of(&self, listed: &Listed<'_>, waits: Waits<'_>) -> String {
        let mut out = String::new();
        let ticket = listed.outline();
        let (id, title) = (safe(ticket.id.as_str()), safe(ticket.title()));
        self.bold.around(&mut out, |out| out.push_str(&id));
        out.extend(["  P", &ticket.priority().to_string(), "  ", &title, "\n"]);
        for words in waits.words() {
            out.push_str("     ");
            self.dim.around(&mut out, |out| out.push_str(&safe(&words)));
            out.push('\n');
        }
        out
    }
}
