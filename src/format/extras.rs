//! What a file holds that is no part of a ticket: comments and keys that `tk` does not know.

use std::ops::Range;

use toml_edit::{InlineTable, Item, Table, Value};

use crate::model::Ticket;

use super::error::ParseError;
use super::fields::{Element, KEYS, lists};
use super::parse::document;
use super::source::Source;

/// The comments of a file, and its unknown keys with their values as written, each as a line
/// of text; sorted.
///
/// # Errors
/// When the text is not TOML.
pub(crate) fn extras(text: &str, ticket: &Ticket) -> Result<Vec<String>, ParseError> {
    let source = Source::new(text);
    let document = document(&source)?;
    let root = document.as_table();
    let mut out = Vec::new();
    comments(&source, root, &mut out);
    for (name, item) in root {
        if !KEYS.contains(&name) {
            unknown_item(&source, &quoted(name), item, &mut out);
        }
    }
    for list in lists(ticket) {
        elements(
            &source,
            list.key,
            root.get(list.key),
            &list.elements,
            &mut out,
        );
    }
    out.sort();
    Ok(out)
}

fn quoted(name: &str) -> String {
    toml_edit::Key::new(name).display_repr().into_owned()
}

/// The comments between what [`content`](super::content::content) finds, and inside arrays.
fn comments(source: &Source, root: &Table, out: &mut Vec<String>) {
    let mut parts = Vec::new();
    leaves(root, &mut parts);
    parts.sort_by_key(|part| part.start);
    let text = source.text();
    let mut cursor = 0;
    for part in parts
        .into_iter()
        .chain(std::iter::once(text.len()..text.len()))
    {
        let gap = &text[cursor..part.start.max(cursor)];
        for line in gap.lines() {
            if let Some(at) = line.find('#') {
                out.push(line[at..].trim_end().to_owned());
            }
        }
        cursor = cursor.max(part.end);
    }
}

/// Like [`content`](super::content::content), with arrays and inline tables taken apart.
fn leaves(table: &Table, parts: &mut Vec<Range<usize>>) {
    parts.extend(table.span().filter(|span| !span.is_empty()));
    for (name, item) in table {
        parts.extend(table.key(name).and_then(|key| key.span()));
        match item {
            Item::None => {}
            Item::Value(value) => value_leaves(value, parts),
            Item::Table(table) => leaves(table, parts),
            Item::ArrayOfTables(tables) => tables.iter().for_each(|table| leaves(table, parts)),
        }
    }
}

fn value_leaves(value: &Value, parts: &mut Vec<Range<usize>>) {
    match value {
        Value::Array(array) => array.iter().for_each(|value| value_leaves(value, parts)),
        Value::InlineTable(table) => {
            for (name, value) in table {
                parts.extend(table.key(name).and_then(|key| key.span()));
                value_leaves(value, parts);
            }
        }
        _ => parts.extend(value.span()),
    }
}

/// An unknown entry, down to its values.
fn unknown_item(source: &Source, path: &str, item: &Item, out: &mut Vec<String>) {
    match item {
        Item::None => {}
        Item::Value(value) => {
            let raw = &source.text()[value.span().unwrap_or_default()];
            out.push(format!("{path} = {raw}"));
        }
        Item::Table(table) => unknown_table(source, path, table, out),
        Item::ArrayOfTables(tables) => {
            for (index, table) in tables.iter().enumerate() {
                unknown_table(source, &format!("{path}[{index}]"), table, out);
            }
        }
    }
}

fn unknown_table(source: &Source, path: &str, table: &Table, out: &mut Vec<String>) {
    out.push(format!("[{path}]"));
    for (name, item) in table {
        unknown_item(source, &format!("{path}.{}", quoted(name)), item, out);
    }
}

/// The unknown entries of a list's elements, under what identifies the element.
fn elements(
    source: &Source,
    key: &str,
    item: Option<&Item>,
    elements: &[Element],
    out: &mut Vec<String>,
) {
    for (index, element) in elements.iter().enumerate() {
        let path = format!("{key}[{}]", quoted(&element.identity));
        let is_known = |name: &str| element.fields.iter().any(|(field, _)| *field == name);
        match item {
            Some(Item::ArrayOfTables(tables)) => {
                let entries = tables.get(index).into_iter().flat_map(Table::iter);
                for (name, item) in entries.filter(|(name, _)| !is_known(name)) {
                    unknown_item(source, &format!("{path}.{}", quoted(name)), item, out);
                }
            }
            Some(Item::Value(Value::Array(array))) => {
                let table = array.get(index).and_then(Value::as_inline_table);
                let entries = table.into_iter().flat_map(InlineTable::iter);
                for (name, value) in entries.filter(|(name, _)| !is_known(name)) {
                    let raw = &source.text()[value.span().unwrap_or_default()];
                    out.push(format!("{path}.{} = {raw}", quoted(name)));
                }
            }
            _ => {}
        }
    }
}
