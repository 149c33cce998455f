//! `[[imported]]`: where a ticket comes from, and what of it has no place in a ticket.

use super::plain;
use super::table::{Table, Value};
use super::value::{array, line, text};
use super::{parse::document, source::Source};

/// The list's key.
const KEY: &str = "imported";

/// A value that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// A whole number, `true` or `false`, as TOML writes it.
    Plain(String),
}

/// The element that says so, for the end of a ticket's file.
#[must_use]
pub fn imported(origin: &str, kept: &[(String, Kept)]) -> String {
    let mut out = format!("\n[[{KEY}]]\norigin = {}\n", line(origin));
    for (key, value) in kept {
        let value = match value {
            Kept::Text(value) => text(value),
            Kept::Texts(values) => array(values.iter().map(|value| line(value))),
            Kept::Plain(value) => value.clone(),
        };
        out.push_str(&format!("{} = {value}\n", bare(key)));
    }
    out
}

/// The key as TOML writes it.
fn bare(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(is_bare) {
        key.to_owned()
    } else {
        line(key)
    }
}

/// Where the ticket of that file's text was imported from; several where tickets were merged.
#[must_use]
pub fn origins(text: &str) -> Vec<String> {
    if !text.contains(KEY) {
        return Vec::new();
    }
    if let Some(table) = plain::read(text) {
        return named(&table);
    }
    let source = Source::new(text);
    document(&source).map_or(Vec::new(), |document| {
        named(&Table::of(document.as_table()))
    })
}

fn named(root: &Table<'_>) -> Vec<String> {
    let tables = match root.get(KEY).map(|list| &list.it) {
        Some(Value::Tables(tables)) => tables.iter().map(|table| &table.it).collect(),
        Some(Value::Table(table)) => vec![table],
        _ => Vec::new(),
    };
    let origins =
        tables
            .into_iter()
            .filter_map(|table| match table.get("origin").map(|origin| &origin.it) {
                Some(Value::String(origin)) => Some(origin.to_string()),
                _ => None,
            });
    origins.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_toml_and_names_its_origin() {
        let kept = [
            (
                "design".to_owned(),
                Kept::Text("a\n\"\"\"\nb \u{1b}\u{0}".to_owned()),
            ),
            ("odd key\n".to_owned(), Kept::Texts(vec!["x\"".to_owned()])),
            ("level".to_owned(), Kept::Plain("-3".to_owned())),
        ];
        let origin = "beads:b\"d\n-1";
        let text = format!("title = \"x\"\n{}", imported(origin, &kept));
        let table: toml::Table = text.parse().unwrap();
        let element = &table["imported"][0];
        assert_eq!(element["odd key\n"][0].as_str(), Some("x\""));
        assert_eq!(element["level"].as_integer(), Some(-3));
        // As in a description, the line feed before the closing quotes is not a part of it.
        assert_eq!(
            element["design"].as_str(),
            Some("a\n\"\"\"\nb \u{1b}\u{0}\n")
        );
        assert_eq!(origins(&text), [origin]);
        let table = "title = 'x'\n[imported]\norigin = 'ticks:a'\n";
        assert_eq!(origins(table), ["ticks:a"]);
        assert!(origins("title = \"imported\"\n").is_empty());
        assert!(origins("imported = 3").is_empty());
        assert!(origins("imported = ").is_empty());
    }
}
