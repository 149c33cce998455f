//! Changing a list of tables in place.

use std::ops::Range;

use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Table, Value};

use super::align::{Step, align};
use super::array::{Change, edit_array};
use super::content::content;
use super::edit::{Place, edit_fields};
use super::fields::{Element, Fields, List};
use super::print::block;
use super::source::Source;
use super::splice::Splices;

/// Makes a list of the file into another.
pub(super) fn edit_list(
    source: &Source,
    root: &Table,
    before: &List,
    after: &List,
    splices: &mut Splices,
) {
    match root.get(after.key) {
        Some(Item::ArrayOfTables(tables)) => {
            let blocks = Blocks {
                source,
                tables,
                before,
                after,
            };
            blocks.splice(splices);
        }
        Some(Item::Value(Value::Array(array))) => {
            inline_list(source, array, before, after, splices);
        }
        _ => append(source, root, after, splices),
    }
}

fn identities(list: &List) -> Vec<&str> {
    list.elements
        .iter()
        .map(|element| element.identity.as_str())
        .collect()
}

/// A list written as tables under headers.
struct Blocks<'a> {
    source: &'a Source,
    tables: &'a ArrayOfTables,
    before: &'a List,
    after: &'a List,
}

impl Blocks<'_> {
    fn splice(&self, splices: &mut Splices) {
        let mut last: Option<usize> = None;
        // Whether anything has come before all of them, behind the blank line there.
        let mut is_behind = false;
        for step in align(&identities(self.before), &identities(self.after)) {
            match step {
                Step::Keep(o, n) => {
                    if let Some(table) = self.tables.get(o) {
                        let place = Place::Element(table.span().unwrap_or_default());
                        let (old, new) = (&self.before.elements[o], &self.after.elements[n]);
                        let fields = (&old.fields, &new.fields);
                        edit_fields(self.source, table, &place, fields, splices);
                    }
                    last = Some(o);
                }
                Step::Remove(o) => self.remove(o, is_behind && last.is_none(), splices),
                Step::Insert(n, moved) => {
                    let text = self.text(n, moved);
                    match last {
                        Some(o) => insert_lines(self.source, self.range(o).end, text, splices),
                        None => {
                            let first = self.range(0).start;
                            splices.insert_table(first, format!("{}\n", text.trim_start()));
                            is_behind = true;
                        }
                    }
                }
            }
        }
    }

    /// The element as it stood elsewhere in the list, if it stays the same, or written anew.
    fn text(&self, n: usize, moved: Option<usize>) -> String {
        let new = &self.after.elements[n];
        match moved {
            Some(o) if self.before.elements[o].fields == new.fields => {
                let raw = &self.source.text()[self.range(o)];
                format!("\n{}\n", raw.trim_end())
            }
            _ => block(self.after.key, new),
        }
    }

    /// The lines of an element, from its header to its last value.
    fn range(&self, index: usize) -> Range<usize> {
        let Some(table) = self.tables.get(index) else {
            return 0..0;
        };
        let mut parts = Vec::new();
        content(table, &mut parts);
        let start = table.span().unwrap_or_default().start;
        let end = parts.iter().map(|part| part.end).max().unwrap_or(start);
        self.source.line_start(start)..self.source.line_end(end)
    }

    /// Removes an element with a blank line: that before it, unless that is another's.
    fn remove(&self, index: usize, is_behind: bool, splices: &mut Splices) {
        let mut range = self.range(index);
        let before = self.source.blank_line_before(range.start);
        if let Some(start) = before.filter(|_| !is_behind) {
            range.start = start;
        } else if let Some(end) = self.source.blank_line(range.end) {
            range.end = end;
        }
        splices.remove(range);
    }
}

/// Inserts whole lines at the beginning of a line, or at the end of a last line that has no
/// line feed.
fn insert_lines(source: &Source, at: usize, text: String, splices: &mut Splices) {
    if at > 0 && !source.text()[..at].ends_with('\n') {
        splices.insert_table(at, format!("\n{}", text.trim_end_matches('\n')));
    } else {
        splices.insert_table(at, text);
    }
}

/// Writes a list that the file has not: under its constant comment line if that stands where
/// a table can begin, else at the end.
fn append(source: &Source, root: &Table, list: &List, splices: &mut Splices) {
    let at = marker(source, root, list.key).unwrap_or(source.text().len());
    for element in &list.elements {
        insert_lines(source, at, block(list.key, element), splices);
    }
}

/// The end of the comment line of that list, if what follows it is a header or nothing: above
/// other keys a table would swallow them.
fn marker(source: &Source, root: &Table, key: &str) -> Option<usize> {
    let mut parts = Vec::new();
    content(root, &mut parts);
    parts.sort_by_key(|part| part.start);
    let text = source.text();
    let mut start = 0;
    while start < text.len() {
        let end = source.line_end(start);
        let next = parts.partition_point(|part| part.end <= start);
        let is_outside = parts.get(next).is_none_or(|part| part.start >= end);
        let is_marker = text[start..end]
            .trim()
            .strip_prefix('#')
            .is_some_and(|name| name.trim() == key);
        let begins_table = parts
            .get(next)
            .is_none_or(|part| text[part.start..].starts_with('['));
        if is_marker && is_outside && begins_table {
            return Some(end);
        }
        start = end;
    }
    None
}

/// A list written as an array of inline tables.
fn inline_list(source: &Source, array: &Array, before: &List, after: &List, splices: &mut Splices) {
    let text = |o: usize, n: usize| {
        let (old, new) = (&before.elements[o], &after.elements[n]);
        match array.get(o).and_then(Value::as_inline_table) {
            Some(table) => edited(source, table, (&old.fields, &new.fields))
                .unwrap_or_else(|| inline(new, &unknown(source, table, &new.fields))),
            None => inline(new, &[]),
        }
    };
    let change = |step| match step {
        Step::Keep(o, n) if before.elements[o].fields == after.elements[n].fields => {
            Change::Keep(o)
        }
        Step::Keep(o, n) => Change::Rewrite(o, text(o, n)),
        Step::Remove(o) => Change::Remove(o),
        Step::Insert(n, Some(o)) => Change::Insert(text(o, n)),
        Step::Insert(n, None) => Change::Insert(inline(&after.elements[n], &[])),
    };
    let changes = align(&identities(before), &identities(after))
        .into_iter()
        .map(change)
        .collect();
    let place = array.span().unwrap_or_default();
    edit_array(source, array, place, changes, splices);
}

/// An inline table as it is written, but for the keys that differ between the two; nothing where
/// one of them goes.
fn edited(
    source: &Source,
    table: &InlineTable,
    (before, after): (&Fields, &Fields),
) -> Option<String> {
    let place = table.span()?;
    let mut splices = Splices::default();
    for (index, ((_, old), (key, new))) in before.iter().zip(after).enumerate() {
        if old == new {
            continue;
        }
        let value = new.written()?;
        match table.get(key) {
            Some(there) => splices.replace(there.span()?, value),
            None => {
                let mut earlier = before[..index].iter().rev();
                match earlier.find_map(|(key, _)| table.get(key)?.span()) {
                    Some(after) => splices.insert(after.end, format!(", {key} = {value}")),
                    None => splices.insert(place.start + 1, format!(" {key} = {value},")),
                }
            }
        }
    }
    let mut text = source.text()[..place.end].to_owned();
    for (range, new) in splices.in_order().rev() {
        text.replace_range(range, &new);
    }
    Some(text.split_off(place.start))
}

/// An element as an inline table, followed by the given entries.
fn inline(element: &Element, rest: &[String]) -> String {
    let known = element
        .fields
        .iter()
        .filter_map(|(key, cell)| Some(format!("{key} = {}", cell.written()?)));
    let entries: Vec<String> = known.chain(rest.iter().cloned()).collect();
    format!("{{ {} }}", entries.join(", "))
}

/// The entries of an inline table that are not among the fields, as they are written.
fn unknown(source: &Source, table: &InlineTable, fields: &Fields) -> Vec<String> {
    let is_known = |key: &str| fields.iter().any(|(field, _)| *field == key);
    let mut entries = Vec::new();
    for (path, value) in table.get_values() {
        if path.first().is_some_and(|key| is_known(key.get())) {
            continue;
        }
        let path: Vec<_> = path.iter().map(|key| key.display_repr()).collect();
        let value = &source.text()[value.span().unwrap_or_default()];
        entries.push(format!("{} = {value}", path.join(".")));
    }
    entries
}
