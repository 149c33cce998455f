//! What an agent is told, as text.

use std::fmt::Write;

use super::terminal::safe;
use crate::wire::PrimeDocument;

/// The rules as a list, then the commands as a table.
#[must_use]
pub fn text(prime: &PrimeDocument) -> String {
    let mut out = "Work is tracked with `tk` here.\n\n".to_owned();
    for rule in &prime.rules {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "- {}", safe(rule));
    }
    out.push('\n');
    let widest = prime.commands.iter().map(|c| c.run.len()).max();
    let widest = widest.unwrap_or(0);
    for command in &prime.commands {
        let (run, what) = (command.run, command.what);
        let _ = writeln!(out, "{run:<widest$}  {what}");
    }
    out
}
