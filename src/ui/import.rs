//! What an import did, and what did not fit.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::terminal::{plural, safe};
use crate::wire::{ImportDocument, LeftOut, Misfit};

/// The most lines about single tickets, unless more are asked for.
const LINES: usize = 20;

/// The sum, then what did not fit by kind, then ticket by ticket; of a long list its beginning,
/// unless it is wanted whole.
#[must_use]
pub fn report(document: &ImportDocument, whole: bool) -> String {
    let mut out = String::new();
    let did = if document.dry_run {
        "would import"
    } else {
        "imported"
    };
    let created = plural(document.created, "ticket", "tickets");
    let mut sum = format!("{did} {created}");
    for (kind, count) in kinds(document) {
        let opening = if sum.ends_with(')') || sum.contains('(') {
            ", "
        } else {
            " ("
        };
        // Writing to a string cannot fail.
        let _ = write!(sum, "{opening}{count} {}", safe(&kind));
    }
    if sum.contains('(') {
        sum.push(')');
    }
    if document.here > 0 {
        let _ = write!(sum, "; {} already here", document.here);
    }
    if !document.left_out.is_empty() {
        let _ = write!(sum, "; {} left out", document.left_out.len());
    }
    if document.total == 0 {
        sum.push_str(": there is none in it");
    }
    let _ = writeln!(out, "{sum}");
    if !document.misfits.is_empty() {
        let counts: Vec<String> = document
            .misfits
            .iter()
            .map(|count| {
                format!(
                    "{} of {}",
                    count.kind,
                    plural(count.tickets, "ticket", "tickets")
                )
            })
            .collect();
        let _ = writeln!(out, "did not fit: {}", counts.join(", "));
    }
    let (invalid, others): (Vec<_>, Vec<_>) = document.left_out.iter().partition(|one| one.invalid);
    let single = |one: &LeftOut| {
        let origin = one.origin.as_deref().map(|id| format!("{}: ", safe(id)));
        let (path, line) = (safe(&one.path), one.line);
        let reason = safe(&one.reason);
        let origin = origin.unwrap_or_default();
        format!("  {path}:{line}: {origin}left out: {reason}")
    };
    let mut left_out: Vec<String> = invalid.into_iter().map(single).collect();
    if whole {
        left_out.extend(others.into_iter().map(single));
    } else {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for one in others {
            *reasons.entry(&one.reason).or_default() += 1;
        }
        let sums = reasons.into_iter();
        left_out
            .extend(sums.map(|(reason, count)| format!("  {count} left out: {}", safe(reason))));
    }
    let misfits = document.tickets.iter().flat_map(|ticket| {
        let told = |misfit: &Misfit| format!("  {}: {}", ticket.id, safe(&misfit.message));
        ticket.misfits.iter().map(told).collect::<Vec<_>>()
    });
    let lines: Vec<String> = left_out.into_iter().chain(misfits).collect();
    let most = if whole { lines.len() } else { LINES };
    for line in lines.iter().take(most) {
        let _ = writeln!(out, "{line}");
    }
    if lines.len() > most {
        let more = lines.len() - most;
        let _ = writeln!(out, "  … and {more} more; --verbose tells them all");
    }
    out
}

/// How many tickets of each type were made, in the order of their first.
fn kinds(document: &ImportDocument) -> Vec<(String, usize)> {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for ticket in document.tickets.iter().filter(|ticket| ticket.created) {
        match kinds.iter_mut().find(|(kind, _)| *kind == ticket.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((ticket.kind.clone(), 1)),
        }
    }
    kinds
}
