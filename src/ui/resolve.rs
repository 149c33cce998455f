//! `tk resolve` as text.

use super::terminal::{safe, safe_lines};
use crate::ops::{Choice, Question};
use crate::wire::{Resolution, ResolveDocument};

/// What became of each file, a line each.
#[must_use]
pub fn report(done: &ResolveDocument) -> String {
    let mut out = String::new();
    for ticket in &done.tickets {
        let what = match (ticket.outcome, &ticket.new_id) {
            (Resolution::Merged, _) => "merged".to_owned(),
            (Resolution::AsEdited, _) => "taken as edited".to_owned(),
            (Resolution::Split, Some(new)) => format!("two tickets: the later one is `{new}` now"),
            (Resolution::Split, None) => "two tickets".to_owned(),
            (Resolution::Kept, _) => "kept".to_owned(),
            (Resolution::Deleted, _) => "deleted".to_owned(),
            (Resolution::Left, _) => {
                let why = ticket.message.as_deref().unwrap_or_default();
                format!("left: {}", safe(why))
            }
        };
        out.push_str(&format!("{}  {what}\n", ticket.id));
    }
    for path in &done.others {
        out.push_str(&format!("{}  left: it is no ticket\n", safe(path)));
    }
    if let Some(folder) = &done.backup {
        out.push_str(&format!("as it was before: {}\n", safe(folder)));
    }
    if done.total == 0 {
        out.push_str("nothing is unmerged\n");
    }
    out
}

/// Something that no rule settles, and the ways to settle it.
#[must_use]
pub fn question(question: &Question<'_>) -> String {
    let mut out = format!("{}  {}\n", question.id, safe(question.title));
    match (&question.hunk, question.deleted_by) {
        (Some(hunk), _) => {
            let lines = || hunk.ours.lines().chain(hunk.theirs.lines());
            let begins = |line: &str, key: &str| {
                line.starts_with(&format!("{key} =")) || line == format!("[[{key}]]")
            };
            // Of lines amid a value, or in a list, nothing else says of what they are.
            let is_untold = |key: &&String| !lines().any(|line| begins(line, key));
            let untold = hunk.keys.iter().filter(is_untold);
            let untold: Vec<&str> = untold.map(String::as_str).collect();
            if !untold.is_empty() {
                out.push_str(&format!("  {}:\n", safe(&untold.join(", "))));
            }
            for (side, lines) in [("ours  ", hunk.ours), ("theirs", hunk.theirs)] {
                for line in safe_lines(lines).lines() {
                    out.push_str(&format!("  {side}  {line}\n"));
                }
            }
        }
        (None, Some(Choice::Ours)) => out.push_str("  ours deleted it, theirs changed it\n"),
        (None, _) => out.push_str("  theirs deleted it, ours changed it\n"),
    }
    out.push_str("[o]urs, [t]heirs, [l]eave it, [q]uit? ");
    out
}
