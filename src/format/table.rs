//! What a file says, apart from how it is written: tables of keys and values, each with its
//! place in the text.

use std::borrow::Cow;

use toml_edit::{Datetime, Item, TableLike};

/// Keys and their values, in the order of the text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Table<'a> {
    entries: Vec<Entry<'a>>,
}

/// A key with its value.
#[derive(Debug, PartialEq)]
struct Entry<'a> {
    key: &'a str,
    value: Placed<Value<'a>>,
}

/// Something with the offset at which it stands.
#[derive(Debug, PartialEq)]
pub(super) struct Placed<T> {
    pub(super) at: usize,
    pub(super) it: T,
}

/// A value.
#[derive(Debug, PartialEq)]
pub(super) enum Value<'a> {
    String(Cow<'a, str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(Datetime),
    Array(Vec<Placed<Value<'a>>>),
    Table(Table<'a>),
    /// Tables under headers of their own.
    Tables(Vec<Placed<Table<'a>>>),
}

impl<'a> Table<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&Placed<Value<'a>>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&entry.value)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Placed<Value<'a>>> {
        let entry = self.entries.iter_mut().find(|entry| entry.key == key)?;
        Some(&mut entry.value)
    }

    /// Adds a key that is not there yet.
    pub(super) fn push(&mut self, key: &'a str, at: usize, value: Value<'a>) {
        self.entries.push(Entry {
            key,
            value: Placed { at, it: value },
        });
    }

    /// What the table of a parsed document says.
    pub(super) fn of(table: &'a dyn TableLike) -> Self {
        let mut read = Self::default();
        for (key, item) in table.iter() {
            if let Some(value) = Value::of(item) {
                read.push(key, place(item), value);
            }
        }
        read
    }
}

impl<'a> Value<'a> {
    fn of(item: &'a Item) -> Option<Self> {
        Some(match item {
            Item::None => return None,
            Item::Value(value) => Self::of_value(value),
            Item::Table(table) => Self::Table(Table::of(table)),
            Item::ArrayOfTables(tables) => {
                let placed = |table: &'a toml_edit::Table| Placed {
                    at: table.span().unwrap_or_default().start,
                    it: Table::of(table),
                };
                Self::Tables(tables.iter().map(placed).collect())
            }
        })
    }

    fn of_value(value: &'a toml_edit::Value) -> Self {
        match value {
            toml_edit::Value::String(text) => Self::String(Cow::Borrowed(text.value())),
            toml_edit::Value::Integer(number) => Self::Integer(*number.value()),
            toml_edit::Value::Float(number) => Self::Float(*number.value()),
            toml_edit::Value::Boolean(flag) => Self::Boolean(*flag.value()),
            toml_edit::Value::Datetime(time) => Self::Datetime(*time.value()),
            toml_edit::Value::Array(array) => {
                let placed = |value: &'a toml_edit::Value| Placed {
                    at: value.span().unwrap_or_default().start,
                    it: Self::of_value(value),
                };
                Self::Array(array.iter().map(placed).collect())
            }
            toml_edit::Value::InlineTable(table) => Self::Table(Table::of(table)),
        }
    }
}

/// Where a value stands. A table made by dotted keys has no place of its own; its first key
/// has.
fn place(item: &Item) -> usize {
    let span = item
        .span()
        .or_else(|| item.as_table_like().and_then(first_key));
    span.unwrap_or_default().start
}

fn first_key(table: &dyn TableLike) -> Option<std::ops::Range<usize>> {
    let (name, _) = table.iter().next()?;
    table.key(name)?.span()
}
