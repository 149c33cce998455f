//! Tickets in files that are not named as tickets.

use super::Exam;
use super::found::Found;
use super::texts::changed;
use crate::store::Misnamed;
use crate::wire::{FindingKind, Severity};

/// Files that no command takes for the tickets that they hold. Those that one does, and tells of
/// as no ticket, are found as such.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Vec<Found<'a>> {
    let unseen = exam.misnamed.iter().filter(|file| !is_told(file));
    let found = unseen.map(|file| {
        let message = format!(
            "it holds a ticket, which no command sees: {}",
            proper(exam, file)
        );
        let found = Found::new(FindingKind::MisnamedFile, Severity::Error, message)
            .path(exam.project.store.shown(&file.name));
        mended(exam, found, file)
    });
    found.collect()
}

/// Whether every command tells of the file.
fn is_told(file: &Misnamed) -> bool {
    file.name.ends_with(".toml") && !file.name.starts_with('.') && !is_below(file)
}

/// Whether the file is in a folder that is in `.ticks/`.
fn is_below(file: &Misnamed) -> bool {
    file.name.contains('/')
}

/// What the file should be called, and what goes by that name.
pub(super) fn proper(exam: &Exam<'_>, file: &Misnamed) -> String {
    let id = &file.id;
    if !file.is_free {
        return format!("it should be `{id}.toml`, which something else is or would be");
    }
    let tickets = exam.loaded.tickets.iter();
    let naming: Vec<String> = tickets
        .filter(|ticket| ticket.references().any(|named| named == id.as_str()))
        .map(|ticket| format!("`{}`", ticket.id))
        .collect();
    match naming.as_slice() {
        [] => format!("it should be `{id}.toml`"),
        naming => format!("it should be `{id}.toml`, as {} has it", naming.join(", ")),
    }
}

/// The finding, mended by giving the file its proper name where that is free.
pub(super) fn mended<'a>(exam: &Exam<'a>, found: Found<'a>, file: &'a Misnamed) -> Found<'a> {
    if !file.is_free {
        let name = exam.free_name();
        return found.hint(format!("give it a name that is free, such as `{name}`"));
    }
    if is_below(file) {
        // Somebody may have put it aside.
        return found.hint("if it is to be one, move it out of its folder");
    }
    let store = &exam.project.store;
    found.changes(&file.path).mended_by(move || {
        let locked = store.lock()?;
        if !locked.name_properly(file)? {
            return Err(changed());
        }
        locked.forget_last_change()?;
        Ok(())
    })
}
