//! Comments that are a list of objects.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{Fields, moment, shown};
use crate::model::{Note, NoteKind, some_of};
use crate::wire::MisfitKind;

/// What such an object calls what.
pub(super) struct Keys {
    /// The list itself.
    pub(super) list: &'static str,
    /// When it was said.
    pub(super) at: &'static str,
    /// What was said.
    pub(super) text: &'static str,
    /// What of the rest is the note's too, or says no more than which comment it is.
    pub(super) known: &'static [&'static str],
}

/// Who says it, which some call otherwise.
const AUTHOR: &str = "author";

/// What is kept of a comment without a word about it: where it is.
const QUIET: &[&str] = &["url"];

/// The most keys that are named.
const NAMED: usize = 20;

/// The notes of a ticket that was filed at `created`, which stands for a time that is not told or
/// cannot be read; `by` is who says it. What is no comment, a time that cannot be read, and what else
/// a comment says, is kept and told.
pub(super) fn notes(
    fields: &mut Fields,
    keys: &Keys,
    created: Option<Timestamp>,
    by: impl Fn(&Value) -> String,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut lost = Vec::new();
    let (mut without_time, mut without_text) = (0, 0);
    let mut more = BTreeSet::new();
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
        } else {
            lost.extend(rest(comment, keys, &by, &mut more));
        }
        notes.extend(note);
    }
    let Keys { list, at, text, .. } = keys;
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
    tell(fields, list, &more);
    fields.keep(list, lost.into());
    notes
}

/// Tells what else the comments of that list say, which is kept.
pub(super) fn tell(fields: &mut Fields, list: &str, more: &BTreeSet<String>) {
    if more.is_empty() {
        return;
    }
    let named = some_of(more.iter().map(|key| format!("`{}`", shown(key))), NAMED);
    let message = format!("kept under `imported`: {named} of `{list}`");
    fields.misfit(MisfitKind::Field, message);
}

/// The comment without its text, where it says more than the note does; `more` gets what is to be
/// told of that.
fn rest(mut comment: Value, keys: &Keys, by: &str, more: &mut BTreeSet<String>) -> Option<Value> {
    let fields = comment.as_object_mut()?;
    let is_more = |(key, value): &(&String, &Value)| {
        let key = key.as_str();
        let is_author = key == AUTHOR && !by.is_empty();
        let is_known = [keys.at, keys.text].contains(&key) || keys.known.contains(&key);
        !is_known && !is_author && !says_nothing(value)
    };
    let said: Vec<&String> = fields.iter().filter(is_more).map(|(key, _)| key).collect();
    if said.is_empty() {
        return None;
    }
    let told = said.iter().filter(|key| !QUIET.contains(&key.as_str()));
    more.extend(told.map(|key| (*key).clone()));
    fields.shift_remove(keys.text);
    fields.retain(|_, value| !says_nothing(value));
    Some(comment)
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}
