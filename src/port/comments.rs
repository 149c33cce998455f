//! Comments that are a list of objects.

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{Fields, moment};
use crate::model::{Note, NoteKind};
use crate::wire::MisfitKind;

/// What such an object calls what.
pub(super) struct Keys {
    /// The list itself.
    pub(super) list: &'static str,
    /// When it was said.
    pub(super) at: &'static str,
    /// What was said.
    pub(super) text: &'static str,
}

/// The notes of a ticket that was filed at `created`, which stands for a time that is not told or
/// cannot be read; `by` is who says it. What is no comment, and a time that cannot be read, is kept
/// and told.
pub(super) fn notes(
    fields: &mut Fields,
    keys: &Keys,
    created: Option<Timestamp>,
    by: impl Fn(&Value) -> String,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut lost = Vec::new();
    let (mut without_time, mut without_text) = (0, 0);
    for comment in fields.list(keys.list) {
        let told = &comment[keys.at];
        let at = told.as_str().and_then(moment);
        let (text, by) = (comment[keys.text].as_str(), by(&comment));
        let said = text.unwrap_or_default();
        let note = fields.note(at.or(created), &by, NoteKind::Comment, said);
        without_time += usize::from(at.is_none() && note.is_some());
        // An empty one says who it is of, if anything.
        let is_without_text = note.is_none() && (text.is_none() || !by.trim().is_empty());
        without_text += usize::from(is_without_text);
        if is_without_text || at.is_none() && !told.is_null() && *told != "" {
            lost.push(comment);
        }
        notes.extend(note);
    }
    let Keys { list, at, text } = keys;
    if without_text > 0 {
        let message = format!("`{list}` has one without a text under `{text}`");
        fields.misfit(MisfitKind::Text, message);
    }
    if without_time > 0 {
        let instead = match created {
            Some(_) => "the ticket's own stands for it",
            None => "1970 stands for it",
        };
        let message = format!("`{list}` has one without a time under `{at}`: {instead}");
        fields.misfit(MisfitKind::Field, message);
    }
    fields.keep(list, lost.into());
    notes
}
