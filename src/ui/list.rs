//! Tickets as lines of a table.

use std::fmt::Write;
use std::io;

use anstyle::{AnsiColor, Style};
use serde_json::value::RawValue;

use super::terminal::{Codes, columns, fill, fit, push_filled, safe};
use crate::context::cores;
use crate::wire::{DeletedTicket, Detail, TicketFields, TicketRecord};

/// From so many tickets on their JSON is written by several threads.
const MANY: usize = 200;

/// About as many bytes as a line has.
const LINE: usize = 120;

/// The title's least columns, however narrow the terminal.
const TITLE: usize = 20;

/// A line a ticket: id, priority, status, type, title, and what is worth knowing beyond. With
/// a width, titles are cut to fit it.
#[must_use]
pub fn table(tickets: &[TicketRecord], width: Option<usize>) -> String {
    table_with(tickets, width, |place, room| {
        fit(&tickets[place].title, room)
    })
}

/// [`table`], with titles as they are told by their places and the columns there are for them.
#[must_use]
pub fn table_with(
    tickets: &[TicketRecord],
    width: Option<usize>,
    title: impl Fn(usize, usize) -> String,
) -> String {
    let widest = |text: &dyn Fn(&TicketRecord) -> &str| {
        tickets
            .iter()
            .map(|t| columns(&safe(text(t))))
            .max()
            .unwrap_or(0)
    };
    let (ids, statuses, kinds) = (
        widest(&|t| &t.id),
        widest(&|t| &t.status),
        widest(&|t| &t.kind),
    );
    let (bold, dim) = (
        Codes::of(Style::new().bold()),
        Codes::of(Style::new().dimmed()),
    );
    let mut out = String::with_capacity(tickets.len() * LINE);
    let mut of_status = (Style::new(), Codes::of(Style::new()));
    let mut beyond = String::new();
    for (place, ticket) in tickets.iter().enumerate() {
        beyond.clear();
        tell_beyond(ticket, &mut beyond);
        let beyond = safe(&beyond);
        let taken = ids + statuses + kinds + 10;
        let room = width.map_or(usize::MAX, |width| {
            let rest = width.saturating_sub(taken + columns(&beyond) + 2);
            rest.max(TITLE)
        });
        bold.around(&mut out, |out| push_filled(out, &ticket.id, ids));
        out.push_str("  P");
        out.push(char::from(b'0' + ticket.priority));
        out.push_str("  ");
        let status = |out: &mut String| push_filled(out, &ticket.status, statuses);
        let style = status_style(ticket);
        if of_status.0 != style {
            of_status = (style, Codes::of(style));
        }
        of_status.1.around(&mut out, status);
        out.push_str("  ");
        push_filled(&mut out, &ticket.kind, kinds);
        out.push_str("  ");
        out.push_str(&title(place, room));
        if !beyond.is_empty() {
            out.push_str("  ");
            dim.around(&mut out, |out| out.push_str(&beyond));
        }
        out.push('\n');
    }
    out
}

/// The tickets as JSON with the keys that the detail asks for; many are written by all cores.
///
/// # Errors
/// When one cannot be written, which no ticket is known to do.
pub fn json(tickets: &[TicketRecord], detail: &Detail) -> io::Result<Vec<Box<RawValue>>> {
    let parts = cores::spread(tickets, MANY, |part| {
        let written = part.iter().map(|ticket| ticket.written(detail));
        written.collect::<Result<Vec<_>, _>>()
    });
    let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(parts.into_iter().flatten().collect())
}

/// The chosen fields, a line a ticket, with tabs between them.
#[must_use]
pub fn fields(tickets: &[TicketFields]) -> String {
    let mut out = String::new();
    for ticket in tickets {
        let values: Vec<String> = ticket.values().map(plain).collect();
        out.push_str(&values.join("\t"));
        out.push('\n');
    }
    out
}

fn plain(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => String::new(),
        Value::String(text) => safe(text).into_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            items.join(",")
        }
        other => safe(&other.to_string()).into_owned(),
    }
}

fn status_style(ticket: &TicketRecord) -> Style {
    let ready = ticket
        .standing
        .as_ref()
        .is_some_and(|standing| standing.ready);
    let colour = if ready {
        AnsiColor::Green
    } else if ticket.awaiting.is_some() {
        AnsiColor::Magenta
    } else if ticket.closed_at.is_some() {
        AnsiColor::BrightBlack
    } else if ticket.started_at.is_some() {
        AnsiColor::Blue
    } else {
        return Style::new();
    };
    Style::new().fg_color(Some(colour.into()))
}

/// What is worth knowing of the ticket beyond its columns.
fn tell_beyond(ticket: &TicketRecord, out: &mut String) {
    let mut tell = |parts: &[&str]| {
        if !out.is_empty() {
            out.push_str("  ");
        }
        out.extend(parts.iter().copied());
    };
    if let Some(awaiting) = ticket.awaiting {
        tell(&["awaits ", awaiting]);
    }
    let standing = ticket.standing.as_ref();
    let blockers = standing.map_or(&[][..], |standing| &standing.open_blockers);
    if ticket.closed_at.is_none()
        && let [first, others @ ..] = blockers
    {
        let others = others.iter().flat_map(|id| [", ", id.as_str()]);
        tell(&["← ", first].into_iter().chain(others).collect::<Vec<_>>());
    }
    if let Some(by) = standing.and_then(|standing| standing.held_by.as_ref()) {
        tell(&["held by ", by]);
    }
    if let Some(owner) = &ticket.owner {
        tell(&["@", owner]);
    }
    if let Some(due) = &ticket.due {
        tell(&["due ", due]);
    }
    if let Some(repeat) = &ticket.repeat {
        tell(&["every ", repeat]);
    }
    for label in &ticket.labels {
        tell(&["#", label]);
    }
}

/// What became of tickets, a line each: id, the word for it, title.
#[must_use]
pub fn outcomes(words: &[String], tickets: &[TicketRecord]) -> String {
    let ids = tickets
        .iter()
        .map(|t| columns(&safe(&t.id)))
        .max()
        .unwrap_or(0);
    let widest = words.iter().map(|word| columns(word)).max().unwrap_or(0);
    let bold = Style::new().bold();
    let mut out = String::new();
    for (word, ticket) in words.iter().zip(tickets) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{bold}{}{bold:#}  {}  {}",
            fill(&ticket.id, ids),
            fill(word, widest),
            safe(&ticket.title)
        );
    }
    out
}

/// What was deleted, a line each, with the tickets that named it.
#[must_use]
pub fn deletions(deleted: &[DeletedTicket]) -> String {
    let bold = Style::new().bold();
    let mut out = String::new();
    for ticket in deleted {
        let (id, title) = (safe(&ticket.id), safe(&ticket.title));
        // Writing to a string cannot fail.
        let _ = write!(out, "{bold}{id}{bold:#}  deleted  {title}");
        if !ticket.cleared_in.is_empty() {
            let _ = write!(out, "  (cleared in {})", ticket.cleared_in.join(", "));
        }
        out.push('\n');
    }
    out
}
