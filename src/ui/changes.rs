//! What changed in tickets, and what became of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::terminal::{CUT, columns, fill, fit, safe, safe_json};
use crate::wire::{ChangeWord, DiffTicket, FieldChange, HistoryDocument, TicketChange};

/// The most columns of a value.
const WIDEST: usize = 100;

/// So much of two long values is shown before the place where they differ.
const BEFORE: usize = 30;

/// The digits of a commit's id.
const DIGITS: usize = 12;

/// The columns of a word for what became of a ticket.
const WORDS: usize = 10;

/// A ticket's title, then a paragraph for each entry.
#[must_use]
pub fn history(document: &HistoryDocument) -> String {
    let bold = Style::new().bold();
    let mut out = String::new();
    for ticket in &document.tickets {
        let title = ticket.title.as_deref().unwrap_or_default();
        let gone = if ticket.deleted { "  (deleted)" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{bold}{}  {}{bold:#}{gone}",
            safe(&ticket.id),
            safe(title)
        );
    }
    for entry in &document.entries {
        let commit = entry.commit.as_deref().unwrap_or("uncommitted");
        let commit = commit.get(..DIGITS).unwrap_or(commit);
        let mut head = vec![commit.to_owned()];
        head.extend(entry.at.clone());
        head.extend(entry.author.as_deref().map(|author| fit(author, WIDEST)));
        head.extend(entry.actor.as_deref().map(|actor| fit(actor, WIDEST)));
        let (style, word) = (style(entry.change), entry.change.as_str());
        let head = safe(&head.join("  ")).into_owned();
        let _ = writeln!(out, "\n{head}  {style}{word}{style:#}");
        if let Some(subject) = &entry.subject {
            let dim = Style::new().dimmed();
            let _ = writeln!(out, "  {dim}{}{dim:#}", fit(subject, WIDEST));
        }
        if let Some(old) = &entry.renamed_from {
            let _ = writeln!(out, "  it was `{}` before", safe(old));
        }
        match &entry.problem {
            Some(problem) => {
                let _ = writeln!(out, "  cannot be read: {}", safe(problem));
            }
            // The other name may be all there is.
            None if entry.changes.is_empty() && entry.renamed_from.is_some() => {}
            None if entry.changes.is_empty() && entry.change == TicketChange::Changed => {
                out.push_str("  comments, layout or unknown keys\n");
            }
            None => lines(&mut out, &entry.changes),
        }
    }
    if document.entries.is_empty() {
        out.push_str("\nno commit has it\n");
    }
    out
}

/// A line a ticket, with what changed in it below, then how many there are.
#[must_use]
pub fn diff(tickets: &[DiffTicket]) -> String {
    let widest = tickets.iter().map(|t| columns(&safe(&t.id))).max();
    let bold = Style::new().bold();
    let mut out = String::new();
    for ticket in tickets {
        let (style, word) = (style(ticket.change), ticket.change.as_str());
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{style}{word:WORDS$}{style:#}  {bold}{}{bold:#}  {}",
            fill(&ticket.id, widest.unwrap_or(0)),
            fit(ticket.title.as_deref().unwrap_or_default(), WIDEST)
        );
        if let Some(old) = &ticket.renamed_from {
            let _ = writeln!(out, "  it was `{}` before", safe(old));
        }
        if let Some(problem) = &ticket.problem {
            let _ = writeln!(out, "  {}", safe(problem));
        }
        // Of a new one everything is new.
        if ticket.status_before.is_some() {
            lines(&mut out, &ticket.changes);
        }
    }
    let counts = TicketChange::ALL.iter().filter_map(|change| {
        let count = tickets.iter().filter(|t| t.change == *change).count();
        (count > 0).then(|| format!("{count} {}", change.as_str()))
    });
    let counts: Vec<String> = counts.collect();
    match counts.is_empty() {
        true => out.push_str("no ticket is different\n"),
        false => {
            let _ = writeln!(out, "{}", counts.join(", "));
        }
    }
    out
}

fn style(change: TicketChange) -> Style {
    let colour = match change {
        TicketChange::Opened => AnsiColor::Green,
        TicketChange::Closed => AnsiColor::Blue,
        TicketChange::Reopened => AnsiColor::Yellow,
        TicketChange::Changed => return Style::new(),
        TicketChange::Deleted | TicketChange::Unreadable => AnsiColor::Red,
    };
    Style::new().fg_color(Some(colour.into()))
}

fn lines(out: &mut String, changes: &[FieldChange]) {
    // What came and went in a list and would look the same, each by its looks.
    let looks = changes.iter().filter_map(|change| {
        let (value, is_new) = element(change)?;
        Some(((&change.field, is_new, shown(value, &Value::Null)), value))
    });
    let looks: BTreeMap<_, _> = looks.collect();
    for change in changes {
        let other = element(change).and_then(|(value, is_new)| {
            let key = (&change.field, !is_new, shown(value, &Value::Null));
            looks.get(&key).copied()
        });
        let what = what(change, other.unwrap_or(&Value::Null));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {}: {what}", safe(&change.field));
    }
}

/// The element that a list has more or less, and whether it is new.
fn element(change: &FieldChange) -> Option<(&Value, bool)> {
    match change.change {
        ChangeWord::Added => Some((&change.to, true)),
        ChangeWord::Removed => Some((&change.from, false)),
        ChangeWord::Set | ChangeWord::Changed | ChangeWord::Cleared => None,
    }
}

/// What became of a field; of an element of a list as told from that other one.
fn what(change: &FieldChange, other: &Value) -> String {
    if let (Some(added), Some(removed)) = (change.lines_added, change.lines_removed) {
        let lines = if added + removed == 1 {
            "line"
        } else {
            "lines"
        };
        return format!("+{added} -{removed} {lines}");
    }
    let (from, to) = (&change.from, &change.to);
    match change.change {
        ChangeWord::Set => shown(to, &Value::Null),
        ChangeWord::Changed => format!("{} → {}", shown(from, to), shown(to, from)),
        ChangeWord::Cleared => format!("{} → nothing", shown(from, &Value::Null)),
        ChangeWord::Added => format!("+ {}", shown(to, other)),
        ChangeWord::Removed => format!("- {}", shown(from, other)),
    }
}

/// A value on a line, so that it is told from that other one.
fn shown(value: &Value, other: &Value) -> String {
    let text = brief(value, other);
    if other.is_null() || value == other || text != brief(other, value) {
        return text;
    }
    // What tells them apart is in no part that is shown, or does not show.
    let json = |value: &Value| safe_json(&value.to_string()).into_owned();
    apart(&json(value), &json(other))
}

/// A value on a line; of what has several parts those that tell it from others.
fn brief(value: &Value, other: &Value) -> String {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let part = |key: &str| apart(text(key), other[key].as_str().unwrap_or_default());
    match value {
        Value::Null => String::new(),
        Value::String(text) => apart(text, other.as_str().unwrap_or_default()),
        Value::Array(items) => {
            let others = other.as_array().map_or(&[][..], Vec::as_slice);
            apart(&joined(items), &joined(others))
        }
        Value::Object(object) if object.contains_key("by") => {
            format!("{}, {}: {}", part("by"), part("kind"), part("text"))
        }
        Value::Object(object) if object.contains_key("attempt") => {
            let outcome = value["outcome"].as_str().unwrap_or("running");
            let (run, attempt) = (part("run"), &value["attempt"]);
            format!("{run} attempt {attempt} {}", safe(outcome))
        }
        Value::Object(object) => {
            let (name, flag) = match object.contains_key("met") {
                true => (part("text"), "met"),
                false => (part("title"), "done"),
            };
            let mark = if value[flag] == true { 'x' } else { ' ' };
            let check = value["check"].as_str().map(|_| part("check"));
            let check = check.map_or_else(String::new, |check| format!("  (check: {check})"));
            format!("[{mark}] {name}{check}")
        }
        value => value.to_string(),
    }
}

/// The values of a list, in a line that is not cut.
fn joined(items: &[Value]) -> String {
    let texts = items.iter().map(|item| match item {
        Value::String(text) => safe(text),
        item => brief(item, &Value::Null).into(),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// The text, cut where it is long: behind its beginning, or, where that of another text is the same,
/// around the first place where the two differ.
fn apart(text: &str, other: &str) -> String {
    let shown = fit(text, WIDEST);
    let (text, other) = (safe(text), safe(other));
    if text == other || shown != fit(&other, WIDEST) {
        return shown;
    }
    let both = text.chars().zip(other.chars());
    let same = both.take_while(|(one, other)| one == other).count();
    let rest: String = text.chars().skip(same.saturating_sub(BEFORE)).collect();
    format!("{CUT}{}", fit(&rest, WIDEST - 1))
}
