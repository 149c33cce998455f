//! Where a file's keys, values and headers stand.

use std::ops::Range;

use toml_edit::{Item, Table};

/// Where keys, values and headers stand in a table and all below it: everything but white
/// space, punctuation and comments.
pub(super) fn content(table: &Table, parts: &mut Vec<Range<usize>>) {
    parts.extend(table.span().filter(|span| !span.is_empty()));
    for (name, item) in table {
        parts.extend(table.key(name).and_then(|key| key.span()));
        match item {
            Item::None => {}
            Item::Value(value) => parts.extend(value.span()),
            Item::Table(table) => content(table, parts),
            Item::ArrayOfTables(tables) => tables.iter().for_each(|table| content(table, parts)),
        }
    }
}
