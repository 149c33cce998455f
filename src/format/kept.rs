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

/// Where the ticket of that file's text was imported from; several where tickets were merged. Of a
/// text that is not TOML, such as one with the marks of a merge, by its lines.
#[must_use]
pub fn origins(text: &str) -> Vec<String> {
    if !text.contains(KEY) {
        return Vec::new();
    }
    if let Some(table) = plain::read(text) {
        return named(&table);
    }
    let source = Source::new(text);
    match document(&source) {
        Ok(document) => named(&Table::of(document.as_table())),
        Err(_) => legible(source.text()),
    }
}

/// What the lines below the list's headers say, each by itself.
fn legible(text: &str) -> Vec<String> {
    let mut origins = Vec::new();
    let mut is_below = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            let header = line.split('#').next().unwrap_or_default();
            let name = header.trim().trim_start_matches('[').trim_end_matches(']');
            is_below = name.trim() == KEY;
        } else if is_below
            && line.starts_with("origin")
            && let Ok(table) = line.parse::<toml::Table>()
            && let Some(origin) = table.get("origin").and_then(toml::Value::as_str)
        {
            origins.push(origin.to_owned());
        }
    }
    origins
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

    #[test]
    fn where_a_broken_file_comes_from_can_be_read() {
        let kept = [("status".to_owned(), Kept::Text("[x]\nhooked".to_owned()))];
        let end = imported("beads:b\"d", &kept);
        let marks = "<<<<<<< a\ntitle = \"x\"\n=======\ntitle = \"y\"\n>>>>>>> b\n";
        for begin in ["<<<\ntitle = \"x\"\n", marks, "title = \"x\n"] {
            assert_eq!(origins(&format!("{begin}{end}")), ["beads:b\"d"], "{begin}");
            let text = format!("{begin}{end}").replace('\n', "\r\n");
            assert_eq!(origins(&text), ["beads:b\"d"], "{begin}");
        }
        let both = format!(
            "<<<<<<< a{end}=======\n[imported] # b\norigin = 'ticks:a'\n>>>>>>> b\n[x]\norigin = 'y'\n"
        );
        assert_eq!(origins(&both), ["beads:b\"d", "ticks:a"]);
        assert!(origins("<<<\n[[imported]]\norigin = 3\noriginal = 'x'\norigin = 'x\n").is_empty());
    }
}
