//! Tickets as lines of a table.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use smol_str::{SmolStr, ToSmolStr};

use super::terminal::{Codes, columns, fill, fit, push_filled, safe};
use crate::model::{Awaiting, Ticket, TicketId};
use crate::ops::Listed;
use crate::wire::{DeletedTicket, TicketFields, TicketRecord};

/// About as many bytes as a line has.
const LINE: usize = 120;

/// The title's least columns, however narrow the terminal.
const TITLE: usize = 20;

/// What a line tells of a ticket.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its title.
    pub title: String,
    id: SmolStr,
    priority: u8,
    status: SmolStr,
    style: Style,
    kind: SmolStr,
    /// What is worth knowing beyond, safe for a terminal.
    beyond: String,
}

/// What a line is made of.
struct Told<'t> {
    id: &'t str,
    title: &'t str,
    priority: u8,
    status: &'t str,
    kind: &'t str,
    ready: bool,
    started: bool,
    closed: bool,
    awaiting: Option<&'t str>,
    open_blockers: &'t [&'t str],
    deferred: Option<&'t str>,
    held_by: Option<&'t str>,
    owner: Option<&'t str>,
    due: Option<&'t str>,
    repeat: Option<&'t str>,
    labels: &'t [&'t str],
}

impl From<Told<'_>> for Row {
    fn from(ticket: Told<'_>) -> Self {
        Self {
            style: status_style(&ticket),
            beyond: safe(&beyond(&ticket)).into_owned(),
            title: ticket.title.to_owned(),
            id: ticket.id.into(),
            priority: ticket.priority,
            status: ticket.status.into(),
            kind: ticket.kind.into(),
        }
    }
}

impl From<&Listed<'_>> for Row {
    fn from(listed: &Listed<'_>) -> Self {
        let ticket = listed.outline();
        let blockers = listed.open_blockers();
        let due = ticket.due().map(|due| due.to_smolstr());
        let deferred = listed.is_deferred().then(|| ticket.edges().defer_until);
        let deferred = deferred.flatten().map(|until| until.to_smolstr());
        Told {
            id: ticket.id.as_str(),
            title: ticket.title(),
            priority: ticket.priority().number(),
            status: ticket.status(),
            kind: ticket.kind(),
            ready: listed.is_ready(),
            started: ticket.started_at().is_some(),
            closed: ticket.closed_at().is_some(),
            awaiting: ticket.awaiting().map(Awaiting::as_str),
            open_blockers: &blockers.iter().map(TicketId::as_str).collect::<Vec<_>>(),
            deferred: deferred.as_deref(),
            held_by: listed.held_by(),
            owner: ticket.owner(),
            due: due.as_deref(),
            repeat: ticket.repeat(),
            labels: &ticket.labels(),
        }
        .into()
    }
}

impl From<&TicketRecord> for Row {
    fn from(ticket: &TicketRecord) -> Self {
        let standing = ticket.standing.as_ref();
        let blockers = standing.map_or(&[][..], |standing| &standing.open_blockers);
        Told {
            id: &ticket.id,
            title: &ticket.title,
            priority: ticket.priority,
            status: &ticket.status,
            kind: &ticket.kind,
            ready: standing.is_some_and(|standing| standing.ready),
            started: ticket.started_at.is_some(),
            closed: ticket.closed_at.is_some(),
            awaiting: ticket.awaiting,
            open_blockers: &blockers.iter().map(SmolStr::as_str).collect::<Vec<_>>(),
            deferred: standing.and_then(|standing| {
                let until = ticket.defer_until.as_deref();
                until.filter(|_| standing.deferred)
            }),
            held_by: standing.and_then(|standing| standing.held_by.as_deref()),
            owner: ticket.owner.as_deref(),
            due: ticket.due.as_deref(),
            repeat: ticket.repeat.as_deref(),
            labels: &ticket
                .labels
                .iter()
                .map(SmolStr::as_str)
                .collect::<Vec<_>>(),
        }
        .into()
    }
}

/// A line a ticket: id, priority, status, type, title, and what is worth knowing beyond. With
/// a width, titles are cut to fit it.
#[must_use]
pub fn table(rows: &[Row], width: Option<usize>) -> String {
    table_with(rows, width, |place, room| fit(&rows[place].title, room))
}

/// [`table`], with titles as they are told by their places and the columns there are for them.
#[must_use]
pub fn table_with(
    rows: &[Row],
    width: Option<usize>,
    title: impl Fn(usize, usize) -> String,
) -> String {
    let widest = |text: &dyn Fn(&Row) -> &str| {
        let widths = rows.iter().map(|row| columns(&safe(text(row))));
        widths.max().unwrap_or(0)
    };
    let (ids, statuses, kinds) = (
        widest(&|row| &row.id),
        widest(&|row| &row.status),
        widest(&|row| &row.kind),
    );
    let (bold, dim) = (
        Codes::of(Style::new().bold()),
        Codes::of(Style::new().dimmed()),
    );
    let mut out = String::with_capacity(rows.len() * LINE);
    let mut of_status = (Style::new(), Codes::of(Style::new()));
    for (place, row) in rows.iter().enumerate() {
        let taken = ids + statuses + kinds + 10;
        let room = width.map_or(usize::MAX, |width| {
            let rest = width.saturating_sub(taken + columns(&row.beyond) + 2);
            rest.max(TITLE)
        });
        bold.around(&mut out, |out| push_filled(out, &row.id, ids));
        out.push_str("  P");
        out.push(char::from(b'0' + row.priority));
        out.push_str("  ");
        if of_status.0 != row.style {
            of_status = (row.style, Codes::of(row.style));
        }
        let status = |out: &mut String| push_filled(out, &row.status, statuses);
        of_status.1.around(&mut out, status);
        out.push_str("  ");
        push_filled(&mut out, &row.kind, kinds);
        out.push_str("  ");
        out.push_str(&title(place, room));
        if !row.beyond.is_empty() {
            out.push_str("  ");
            dim.around(&mut out, |out| out.push_str(&row.beyond));
        }
        out.push('\n');
    }
    out
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

fn status_style(ticket: &Told<'_>) -> Style {
    let colour = if ticket.ready {
        AnsiColor::Green
    } else if ticket.awaiting.is_some() {
        AnsiColor::Magenta
    } else if ticket.closed {
        AnsiColor::BrightBlack
    } else if ticket.started {
        AnsiColor::Blue
    } else {
        return Style::new();
    };
    Style::new().fg_color(Some(colour.into()))
}

/// What is worth knowing of the ticket beyond its columns.
fn beyond(ticket: &Told<'_>) -> String {
    let mut out = String::new();
    let mut tell = |before: &str, what: &[&str]| {
        if let [first, others @ ..] = what {
            let apart = if out.is_empty() { "" } else { "  " };
            out.extend([apart, before, *first]);
            out.extend(others.iter().flat_map(|other| [", ", *other]));
        }
    };
    tell("awaits ", ticket.awaiting.as_slice());
    if !ticket.closed {
        tell("← ", ticket.open_blockers);
    }
    tell("deferred until ", ticket.deferred.as_slice());
    tell("held by ", ticket.held_by.as_slice());
    tell("@", ticket.owner.as_slice());
    tell("due ", ticket.due.as_slice());
    tell("every ", ticket.repeat.as_slice());
    for label in ticket.labels {
        tell("#", &[*label]);
    }
    out
}

/// What became of tickets, a line each: id, the word for it, title.
#[must_use]
pub fn outcomes<'t>(words: &[String], tickets: impl Iterator<Item = &'t Ticket> + Clone) -> String {
    let ids = tickets.clone().map(|t| columns(t.id.as_str()));
    let ids = ids.max().unwrap_or(0);
    let widest = words.iter().map(|word| columns(word)).max().unwrap_or(0);
    let bold = Style::new().bold();
    let mut out = String::new();
    for (word, ticket) in words.iter().zip(tickets) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{bold}{}{bold:#}  {}  {}",
            fill(ticket.id.as_str(), ids),
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
