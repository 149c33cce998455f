//! Changing a file in place.

use std::ops::Range;

use toml_edit::{Item, Table, Value};

use crate::model::Ticket;

use super::array::{edit_array, has_comments, list_changes, set_changes};
use super::blocks::edit_list;
use super::error::EditError;
use super::fields::{Fields, lists, root};
use super::parse::{Rules, document, ticket, with_rules};
use super::print::print;
use super::source::Source;
use super::splice::Splices;
use super::value::Cell;

/// The text with what differs between the two tickets changed, and every other byte as it
/// stands: comments, unknown keys, order and layout. `before` is what the text says.
///
/// The result is read again before it is returned: it says `after`, or there is an error.
///
/// # Errors
/// When the text does not say `before`, or `after` holds what a file cannot.
pub fn edit(text: &str, before: &Ticket, after: &Ticket) -> Result<String, EditError> {
    if text == print(before) {
        // Nothing in it is anybody's own, as in most.
        let edited = print(after);
        return verify(&edited, before, after).map(|()| edited);
    }
    edit_in_place(text, before, after)
}

/// Edits any text, as [`edit`] does.
pub(super) fn edit_in_place(
    text: &str,
    before: &Ticket,
    after: &Ticket,
) -> Result<String, EditError> {
    let source = Source::new(text);
    let document = document(&source).map_err(EditError::Unreadable)?;
    let current = ticket(&before.id, &source, &document, &Rules::of(before));
    if current.map_err(EditError::Unreadable)? != *before {
        return Err(EditError::Stale);
    }
    let mut splices = Splices::default();
    let fields = (&root(before), &root(after));
    edit_fields(&source, &document, &Place::Top, fields, &mut splices);
    for (before, after) in lists(before).iter().zip(&lists(after)) {
        edit_list(&source, &document, before, after, &mut splices);
    }
    let edited = source.apply(splices);
    verify(&edited, before, after)?;
    Ok(edited)
}

/// That the edited text says `after`.
fn verify(edited: &str, before: &Ticket, after: &Ticket) -> Result<(), EditError> {
    let read = with_rules(&after.id, edited, &Rules::of(before));
    if read.map_err(EditError::Unwritable)? == *after {
        Ok(())
    } else {
        Err(EditError::Unfaithful)
    }
}

/// Where a table's keys stand.
pub(super) enum Place {
    /// At the top of the file, before every header.
    Top,
    /// Under the header that stands there.
    Element(Range<usize>),
}

/// Sets the keys of a table that differ between the two lists of fields.
pub(super) fn edit_fields(
    source: &Source,
    table: &Table,
    place: &Place,
    (before, after): (&Fields, &Fields),
    splices: &mut Splices,
) {
    for (index, ((_, old), (key, new))) in before.iter().zip(after).enumerate() {
        if old == new {
            continue;
        }
        match table.get(key).filter(|item| !item.is_none()) {
            Some(item) => set(source, table, key, item, new, splices),
            None => {
                if let Some(value) = new.written() {
                    let anchor = anchor(table, place, &before[..index]);
                    insert(
                        source,
                        place,
                        anchor,
                        &format!("{key} = {value}\n"),
                        splices,
                    );
                }
            }
        }
    }
}

/// Where the value of the nearest earlier key ends that the table has.
fn anchor(table: &Table, place: &Place, earlier: &[(&str, Cell)]) -> Option<usize> {
    earlier
        .iter()
        .rev()
        .find_map(|(key, _)| table.get(key)?.span())
        .map(|span| span.end)
        .or(match place {
            Place::Top => None,
            Place::Element(header) => Some(header.end),
        })
}

/// Gives a key that is there its new value.
fn set(source: &Source, table: &Table, key: &str, item: &Item, new: &Cell, splices: &mut Splices) {
    let place = item.span().unwrap_or_default();
    match (item, new) {
        (Item::Value(Value::Array(array)), Cell::List(items)) => {
            edit_array(source, array, place, list_changes(array, items), splices);
        }
        (Item::Value(Value::Array(array)), Cell::Set(items)) => {
            edit_array(source, array, place, set_changes(array, items), splices);
        }
        // The comments in an array stay, so the array does.
        (Item::Value(Value::Array(array)), Cell::Absent) if has_comments(source, array) => {
            edit_array(source, array, place, list_changes(array, &[]), splices);
        }
        (_, new) => match new.written() {
            Some(value) => splices.replace(place, value),
            None => {
                let key = table.key(key).and_then(|key| key.span());
                remove(
                    source,
                    key.unwrap_or(place.clone()).start..place.end,
                    splices,
                );
            }
        },
    }
}

/// Inserts a line after that of `anchor`; where a blank line follows that, the new line gets
/// one, too.
fn insert(
    source: &Source,
    place: &Place,
    anchor: Option<usize>,
    line: &str,
    splices: &mut Splices,
) {
    let at = anchor.map_or(0, |anchor| source.line_end(anchor));
    if at > 0 && !source.text()[..at].ends_with('\n') {
        return splices.insert(at, format!("\n{}", line.trim_end_matches('\n')));
    }
    match (place, source.blank_line(at)) {
        (Place::Top, Some(after_blank)) => splices.insert(after_blank, format!("{line}\n")),
        _ => splices.insert(at, line),
    }
}

/// Removes an entry with its line, or leaves the line to its comment.
fn remove(source: &Source, entry: Range<usize>, splices: &mut Splices) {
    let text = source.text();
    // A byte order mark is no part of the first line.
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let start = source.line_start(entry.start).max(mark);
    let mut end = source.line_end(entry.end);
    let rest = &text[entry.end..end];
    if !rest.trim().is_empty() {
        let spaces = rest.len() - rest.trim_start().len();
        return splices.remove(start..entry.end + spaces);
    }
    let blank_before = source.blank_line_before(start);
    match (blank_before, source.blank_line(end)) {
        (Some(_), Some(after_blank)) => end = after_blank,
        (Some(blank), None) if end == text.len() => return splices.remove(blank..end),
        _ => {}
    }
    splices.remove(start..end);
}
