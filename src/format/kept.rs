//! `[[imported]]`: where a ticket comes from, when it was filed there, and what of it has no place
//! in a ticket.

use jiff::Timestamp;

use super::plain;
use super::table::{Table, Value};
use super::value::{array, line, lines, text};
use super::{parse::document, source::Source};

/// The list's key.
const KEY: &str = "imported";

/// The keys of an element that say what an [`Origin`] does; what is kept has others.
pub const OF_ORIGIN: [&str; 2] = ["origin", "filed_at"];

/// Where a ticket comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The name of that.
    pub name: String,
    /// When it was filed there, where the file says so.
    pub filed_at: Option<Timestamp>,
}

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
pub fn imported(origin: &Origin, kept: &[(String, Kept)]) -> String {
    let Origin { name, filed_at } = origin;
    let mut out = format!("\n[[{KEY}]]\norigin = {}\n", line(name));
    if let Some(at) = filed_at {
        // A text, as it comes back from an export.
        out.push_str(&format!("filed_at = {}\n", line(&at.to_string())));
    }
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

/// An element that a file had, as [`imported`] wrote it there.
#[must_use]
pub fn imported_before(element: &toml::Table) -> String {
    let keys = element.iter();
    let keys = keys.map(|(key, value)| format!("{} = {}\n", bare(key), written(value)));
    format!("\n[[{KEY}]]\n{}", keys.collect::<String>())
}

/// A value that was read, as it was written if it is one of those that are kept.
fn written(value: &toml::Value) -> String {
    match value {
        // The line feed before the closing quotes was read, too.
        toml::Value::String(text) => match text.strip_suffix('\n') {
            Some(before) if !before.is_empty() => lines(before),
            _ => line(text),
        },
        toml::Value::Array(items) if items.iter().all(toml::Value::is_str) => {
            array(items.iter().filter_map(toml::Value::as_str).map(line))
        }
        other => other.to_string(),
    }
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
pub fn origins(text: &str) -> Vec<Origin> {
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
fn legible(text: &str) -> Vec<Origin> {
    let mut origins: Vec<Origin> = Vec::new();
    let mut is_below = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            let header = line.split('#').next().unwrap_or_default();
            let name = header.trim().trim_start_matches('[').trim_end_matches(']');
            is_below = name.trim() == KEY;
        } else if is_below
            && OF_ORIGIN.iter().any(|key| line.starts_with(key))
            && let Ok(table) = line.parse::<toml::Table>()
        {
            let [name, filed_at] = OF_ORIGIN.map(|key| table.get(key)?.as_str());
            if let Some(name) = name {
                let name = name.to_owned();
                let filed_at = None;
                origins.push(Origin { name, filed_at });
            } else if let (Some(at), Some(last)) = (filed_at, origins.last_mut()) {
                last.filed_at = at.parse().ok();
            }
        }
    }
    origins
}

fn named(root: &Table<'_>) -> Vec<Origin> {
    let tables = match root.get(KEY).map(|list| &list.it) {
        Some(Value::Tables(tables)) => tables.iter().map(|table| &table.it).collect(),
        Some(Value::Table(table)) => vec![table],
        _ => Vec::new(),
    };
    let origins = tables.into_iter().filter_map(|table| {
        let [name, filed_at] = OF_ORIGIN.map(|key| match &table.get(key)?.it {
            Value::String(text) => Some(text.to_string()),
            _ => None,
        });
        let filed_at = filed_at.and_then(|at| at.parse().ok());
        Some(Origin {
            name: name?,
            filed_at,
        })
    });
    origins.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_no_time(name: &str) -> Origin {
        Origin {
            name: name.to_owned(),
            filed_at: None,
        }
    }

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
        let origin = Origin {
            name: "beads:b\"d\n-1".to_owned(),
            filed_at: "2026-01-02T03:04:05.678Z".parse().ok(),
        };
        let text = format!("title = \"x\"\n{}", imported(&origin, &kept));
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
        let table = "title = 'x'\n[imported]\norigin = 'ticks:a'\nfiled_at = 'x'\n";
        assert_eq!(origins(table), [at_no_time("ticks:a")]);
        assert!(origins("title = \"imported\"\n").is_empty());
        assert!(origins("imported = 3").is_empty());
        assert!(origins("imported = ").is_empty());
    }

    #[test]
    fn where_a_broken_file_comes_from_can_be_read() {
        let kept = [("status".to_owned(), Kept::Text("[x]\nhooked".to_owned()))];
        let origin = Origin {
            filed_at: "2026-01-02T03:04:05Z".parse().ok(),
            ..at_no_time("beads:b\"d")
        };
        let end = imported(&origin, &kept);
        let marks = "<<<<<<< a\ntitle = \"x\"\n=======\ntitle = \"y\"\n>>>>>>> b\n";
        for begin in ["<<<\ntitle = \"x\"\n", marks, "title = \"x\n"] {
            let text = format!("{begin}{end}");
            for text in [text.replace('\n', "\r\n"), text] {
                assert_eq!(origins(&text), std::slice::from_ref(&origin), "{begin}");
            }
        }
        let both = format!(
            "<<<<<<< a{end}=======\n[imported] # b\norigin = 'ticks:a'\n>>>>>>> b\n[x]\norigin = 'y'\n"
        );
        assert_eq!(origins(&both), [origin, at_no_time("ticks:a")]);
        assert!(origins("<<<\n[[imported]]\norigin = 3\noriginal = 'x'\norigin = 'x\n").is_empty());
    }
}
