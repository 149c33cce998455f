//! Merges that somebody has committed with both sides in a ticket's file.

use super::Exam;
use super::found::Found;
use super::texts::changed;
use crate::format;
use crate::merge::{self, Merged};
use crate::model::TicketId;

/// With the way to settle it: by the rules of the merge, from the sides that the file itself
/// has. Where the base is not told, what either side has in a list stays.
///
/// Nothing where a person must decide: both sides gave a key another value, they are two
/// tickets, or the result is none.
pub(super) fn settled<'a>(exam: &Exam<'a>, id: &TicketId, text: &str) -> Option<Mend<'a>> {
    let (store, config) = (&exam.project.store, &exam.project.config);
    let Merged::Clean(merged) = merge::sides(text)?.merge(id, config) else {
        return None;
    };
    if !exam.configured || format::parse(id, &merged, config).is_err() {
        return None;
    }
    let (id, text) = (id.clone(), text.to_owned());
    Some(Box::new(move |found| {
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
    }))
}

/// Gives a finding its way to be mended.
pub(super) type Mend<'a> = Box<dyn FnOnce(Found<'a>) -> Found<'a> + 'a>;
