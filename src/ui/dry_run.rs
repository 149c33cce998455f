//! What a command would change, and what was taken back.

use std::fmt::Write;

use anstyle::Style;
use serde_json::Value;

use super::terminal::{columns, fill, fit, safe};
use crate::ops::Changed;
use crate::wire::{KeyChange, UndoneTicket};

/// The most columns of a value.
const VALUE: usize = 40;

/// A line a ticket, with the word for what would become of it; below, a line for each of its
/// keys that would be different.
#[must_use]
pub fn changes(words: &[String], changed: &Changed) -> String {
    let ids = changed
        .tickets()
        .map(|ticket| columns(&safe(ticket.id.as_str())));
    let widest = ids.max().unwrap_or(0);
    let bold = Style::new().bold();
    let mut out = String::new();
    let tickets = changed.tickets().zip(&changed.results);
    for (word, (ticket, result)) in words.iter().zip(tickets) {
        let would = if result.changed { "would be " } else { "" };
        let (id, title) = (fill(ticket.id.as_str(), widest), safe(&ticket.title));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{bold}{id}{bold:#}  {would}{word}  {title}");
        keys(&mut out, widest, result.changes.as_deref());
    }
    out
}

/// A line a ticket, with what became of it, or would; below, as in [`changes`].
#[must_use]
pub fn undone(results: &[UndoneTicket], dry_run: bool) -> String {
    let widest = results.iter().map(|result| columns(&safe(&result.id)));
    let widest = widest.max().unwrap_or(0);
    let bold = Style::new().bold();
    let mut out = String::new();
    for result in results {
        let would = if dry_run { "would be " } else { "" };
        let (id, title) = (fill(&result.id, widest), safe(&result.title));
        let word = result.outcome.as_str();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{bold}{id}{bold:#}  {would}{word}  {title}");
        keys(&mut out, widest, result.changes.as_deref());
    }
    out
}

/// A line for each key that is different.
fn keys(out: &mut String, indent: usize, changes: Option<&[KeyChange]>) {
    for change in changes.into_iter().flatten() {
        let (field, way) = (safe(&change.field), way(change));
        let _ = writeln!(out, "{:indent$}  {field}: {way}", "");
    }
}

/// From what to what; of lists, what goes and what comes.
fn way(change: &KeyChange) -> String {
    let (Value::Array(from), Value::Array(to)) = (&change.from, &change.to) else {
        return format!("{} → {}", shown(&change.from), shown(&change.to));
    };
    let gone = from.iter().filter(|item| !to.contains(item));
    let gone = gone.map(|item| format!("-{}", shown(item)));
    let new = to.iter().filter(|item| !from.contains(item));
    let new = new.map(|item| format!("+{}", shown(item)));
    let parts: Vec<String> = gone.chain(new).collect();
    match parts.is_empty() {
        true => "in another order".to_owned(),
        false => parts.join(" "),
    }
}

/// A value for people; of an item of a list, its text, and whether it is done.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => fit(text, VALUE),
        Value::Object(item) => {
            let text = ["text", "title"]
                .iter()
                .find_map(|key| item.get(*key)?.as_str());
            let text = fit(text.unwrap_or("…"), VALUE);
            let done = ["met", "done"]
                .iter()
                .find_map(|key| item.get(*key)?.as_bool());
            match done {
                Some(true) => format!("[x] {text}"),
                Some(false) => format!("[ ] {text}"),
                None => text,
            }
        }
        other => fit(&other.to_string(), VALUE),
    }
}
