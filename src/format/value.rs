//! Values as TOML writes them, all of which read back as what they were.

use jiff::Timestamp;
use jiff::civil::Date;

/// What a key is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// The key is not there.
    Absent,
    /// One value, as TOML writes it.
    Value(String),
    /// Strings in an order that means something.
    List(Vec<String>),
    /// Strings in an order that means nothing; sorted.
    Set(Vec<String>),
}

impl Cell {
    /// The value as TOML writes it, if there is one.
    pub(super) fn written(&self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Value(text) => Some(text.clone()),
            Self::List(items) | Self::Set(items) => {
                Some(array(items.iter().map(|item| line(item))))
            }
        }
    }
}

/// An array, one element a line.
pub(super) fn array(items: impl Iterator<Item = String>) -> String {
    let lines: String = items.map(|item| format!("  {item},\n")).collect();
    if lines.is_empty() {
        "[]".to_owned()
    } else {
        format!("[\n{lines}]")
    }
}

/// A string on one line.
pub(super) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ => push(c, &mut out),
        }
    }
    out.push('"');
    out
}

/// A text: on one line where it has one, else with its lines as they are.
///
/// The closing quotes stand on a line of their own; the line feed before them is not a part
/// of the text, and reading takes it off.
pub(super) fn text(text: &str) -> String {
    if text.contains('\n') {
        lines(text)
    } else {
        line(text)
    }
}

/// A text whose lines are written as they are, unless it is empty.
pub(super) fn lines(text: &str) -> String {
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str("\"\"\"\n");
    let mut quotes = 0;
    for c in text.chars() {
        quotes = if c == '"' { quotes + 1 } else { 0 };
        match c {
            '"' if quotes == 3 => {
                out.push_str("\\\"");
                quotes = 0;
            }
            '"' | '\n' | '\t' => out.push(c),
            _ => push(c, &mut out),
        }
    }
    out.push_str("\n\"\"\"");
    out
}

/// What [`text`] and [`lines`] made, read back: without the line feed at the end.
pub(super) fn untext(read: &str) -> &str {
    read.strip_suffix('\n').unwrap_or(read)
}

/// Appends a character, escaped where TOML cannot hold it raw, or where it would change what
/// a reader of the file sees: control characters, and those that reorder or break lines.
fn push(c: char, out: &mut String) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\r' => out.push_str("\\r"),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => {
            out.push_str(&format!("\\u{:04X}", u32::from(c)));
        }
        _ if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        _ => out.push(c),
    }
}

/// A moment, in UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.to_string()
}

/// A day.
pub(super) fn date(day: Date) -> String {
    day.to_string()
}
