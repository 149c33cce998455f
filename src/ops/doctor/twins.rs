//! Tickets that were imported twice: from one ticket elsewhere, in two clones.

use std::collections::BTreeSet;

use super::Exam;
use super::found::Found;
use crate::model::TicketId;
use crate::ops::Result;
use crate::ops::values::printable;
use crate::wire::{FindingKind, Severity};

/// Each ticket that has the origin of one before it, where neither is said to repeat the other.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Result<Vec<Found<'a>>> {
    let mut pairs: BTreeSet<(TicketId, TicketId)> = BTreeSet::new();
    let mut found = Vec::new();
    for (origin, arrivals) in exam.project.store.origins()? {
        for (place, second) in arrivals.iter().enumerate() {
            let is_same = |first: &&crate::store::Arrival| {
                first.id != second.id && first.filed_at == second.filed_at
            };
            let Some(first) = arrivals[..place].iter().find(is_same) else {
                continue;
            };
            let (first, second) = (&first.id, &second.id);
            let is_told = repeats(exam, first, second) || repeats(exam, second, first);
            if is_told || !pairs.insert((first.clone(), second.clone())) {
                continue;
            }
            let origin = printable(&origin);
            let message = format!("it was imported from `{origin}`, as `{first}` was");
            let hint =
                format!("`tk update {second} --duplicate-of {first}` says that they are one");
            let file = exam.project.store.shown(&format!("{second}.toml"));
            found.push(
                Found::new(FindingKind::ImportedTwice, Severity::Warning, message)
                    .ticket(second)
                    .path(file)
                    .hint(hint),
            );
        }
    }
    Ok(found)
}

/// Whether the one says that it repeats the other.
fn repeats(exam: &Exam<'_>, one: &TicketId, other: &TicketId) -> bool {
    let one = exam.loaded.get(one).map(crate::model::Outline::ticket);
    one.is_some_and(|one| one.duplicate_of.as_ref() == Some(other))
}
