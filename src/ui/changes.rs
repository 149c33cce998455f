//! What changed in tickets, and what became of them.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::terminal::{columns, fill, fit, safe};
use crate::wire::{ChangeWord, DiffDocument, FieldChange, HistoryDocument, TicketChange};

/// The most columns of a value.
const WIDEST: usize = 100;

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
pub fn diff(document: &DiffDocument) -> String {
    let tickets = &document.tickets;
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
    for change in changes {
        let (field, what) = (safe(&change.field), what(change));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {field}: {what}");
    }
}

fn what(change: &FieldChange) -> String {
    if let (Some(added), Some(removed)) = (change.lines_added, change.lines_removed) {
        let lines = if added + removed == 1 {
            "line"
        } else {
            "lines"
        };
        return format!("+{added} -{removed} {lines}");
    }
    let shown = |value: &Value| fit(&brief(value), WIDEST);
    let (from, to) = (shown(&change.from), shown(&change.to));
    match change.change {
        ChangeWord::Set => to,
        ChangeWord::Changed => format!("{from} → {to}"),
        ChangeWord::Cleared => format!("{from} → nothing"),
        ChangeWord::Added => format!("+ {to}"),
        ChangeWord::Removed => format!("- {from}"),
    }
}

/// A value on a line; of what has several parts those that tell it from others.
fn brief(value: &Value) -> String {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    match value {
        Value::Null => String::new(),
        Value::String(text) => first(text),
        Value::Array(items) => items.iter().map(brief).collect::<Vec<_>>().join(", "),
        Value::Object(object) if object.contains_key("by") => {
            format!("{}, {}: {}", text("by"), text("kind"), first(text("text")))
        }
        Value::Object(object) if object.contains_key("attempt") => {
            let outcome = value["outcome"].as_str().unwrap_or("running");
            let (run, attempt) = (text("run"), &value["attempt"]);
            format!("{run} attempt {attempt} {outcome}")
        }
        Value::Object(object) => {
            let (name, flag) = match object.contains_key("met") {
                true => (text("text"), "met"),
                false => (text("title"), "done"),
            };
            let mark = if value[flag] == true { 'x' } else { ' ' };
            format!("[{mark}] {}", first(name))
        }
        other => other.to_string(),
    }
}
