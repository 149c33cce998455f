//! Merges that git takes for settled, with both sides in a ticket's file: between marks, or as keys
//! that stand there twice.

use super::Exam;
use super::found::Found;
use super::texts::changed;
use crate::format;
use crate::git::TICKS;
use crate::merge::{self, Merged};
use crate::model::TicketId;
use crate::ops::Result;
use crate::ops::in_texts::Marks;
use crate::ops::settle::{Remade, twofold};
use crate::wire::{FindingKind, Severity};

/// With the way to settle it: by the rules of the merge, from the sides that the file itself
/// has. Where the base is not told, what either side has in a list stays.
///
/// Nothing where a person must decide: both sides gave a key another value, they are two
/// tickets, or the result is none.
pub(super) fn settled<'a>(exam: &Exam<'a>, id: &TicketId, text: &str) -> Option<Mend<'a>> {
    let config = &exam.project.config;
    let Merged::Clean(merged) = merge::sides(text)?.merge(id, config) else {
        return None;
    };
    if !exam.configured || format::parse(id, &merged, config).is_err() {
        return None;
    }
    Some(put(exam, id, text, merged))
}

/// With the way to put that text in place of the other.
fn put<'a>(exam: &Exam<'a>, id: &TicketId, text: &str, merged: String) -> Mend<'a> {
    let (store, config) = (&exam.project.store, &exam.project.config);
    let (id, text) = (id.clone(), text.to_owned());
    Box::new(move |found| {
        let path = store.ticket_path(&id);
        found.changes(path).mended_by(move || {
            let locked = store.lock()?;
            if locked.read_text(&id)?.as_deref() != Some(text.as_str()) {
                return Err(changed());
            }
            locked.forget_last_change()?;
            locked.mend(&id, None, merged.clone(), config)?;
            Ok(())
        })
    })
}

/// What is found of a ticket's file in which keys stand twice, if that is all that is wrong with it.
///
/// # Errors
/// When git fails.
pub(super) fn doubled<'a>(exam: &Exam<'a>, id: &TicketId, text: &str) -> Result<Option<Found<'a>>> {
    let (repo, config) = (&exam.project.repo, &exam.project.config);
    let is_gits = exam.project.store.ticks_dir() == exam.tree().join(TICKS);
    let git = is_gits.then(|| repo.git().at(exam.tree()));
    let Some(twofold) = twofold(git.as_ref(), id, text, config)? else {
        return Ok(None);
    };
    let told = twofold.told();
    let message = format!("as a merge without tk's merge driver leaves it, {told}");
    let found = Found::new(FindingKind::Conflict, Severity::Error, message);
    let found = match twofold.keys.first() {
        Some(doubled) => found.line(doubled.lines[1]),
        None => found,
    };
    Ok(Some(match twofold.remade {
        Remade::Once(text_once) if exam.configured => put(exam, id, text, text_once)(found),
        Remade::Anew(_, Merged::Clean(merged)) if exam.configured => {
            put(exam, id, text, merged)(found)
        }
        Remade::Anew(..) => found.hint(format!(
            "`{} resolve {id}` merges it again, key by key; `-i` asks about the rest",
            exam.there("tk")
        )),
        Remade::Once(_) | Remade::Unknown => {
            found.hint(format!("keep one of the two with `tk edit {id}`"))
        }
    }))
}

/// What is found of a ticket that can be read, with such marks in its texts.
pub(super) fn in_texts<'a>(exam: &Exam<'a>, id: &TicketId, marks: Marks) -> Found<'a> {
    let (tk, store) = (exam.there("tk"), &exam.project.store);
    let (line, severity, message, hint) = match marks {
        Marks::Left(line) => (
            line,
            Severity::Error,
            "its texts have both sides of a merge in them, between conflict marks",
            format!(
                "`{tk} resolve {id} -i` asks which to keep, or settle the marked lines with \
                 `tk edit {id}`; indent them where they are a quotation"
            ),
        ),
        Marks::Quoted(line) => (
            line,
            Severity::Warning,
            "its texts have conflict marks in them, within code",
            format!(
                "indent them with `tk edit {id}` where they are a quotation, or settle the marked \
                 lines"
            ),
        ),
    };
    Found::new(FindingKind::Conflict, severity, message)
        .ticket(id)
        .path(store.shown(&format!("{id}.toml")))
        .line(line)
        .hint(hint)
}

/// Gives a finding its way to be mended.
pub(super) type Mend<'a> = Box<dyn FnOnce(Found<'a>) -> Found<'a> + 'a>;
