//! Small projects in a few words.

use jiff::Timestamp;

use crate::graph::Graph;
use crate::model::{Span, StatusId, Statuses, Ticket, TicketId};

pub(super) fn id(text: &str) -> TicketId {
    TicketId::parse(text).unwrap()
}

pub(super) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// Tickets from lines such as `b < a c ^ epic : closed 2h`: `b` is blocked by `a` and `c`, a
/// child of `epic`, closed, estimated at two hours. `~` is `after`. Behind a colon: a status,
/// a length, `epic` as type, `awaiting`, `deferred`.
pub(super) fn project(lines: &[&str]) -> Vec<Ticket> {
    lines.iter().map(|line| ticket(line)).collect()
}

fn ticket(line: &str) -> Ticket {
    let mut words = line.split_whitespace();
    let name = words.next().unwrap();
    let mut ticket = Ticket::new(
        id(name),
        format!("Ticket {name}"),
        "task".to_owned(),
        StatusId::new("open"),
    );
    let mut mode = "";
    for word in words {
        match (word, mode) {
            ("<" | "^" | "~" | ":", _) => mode = word,
            (_, "<") => drop(ticket.blocked_by.insert(id(word))),
            (_, "~") => drop(ticket.after.insert(id(word))),
            (_, "^") => {
                ticket.parent = Some(id(word));
                mode = "";
            }
            ("epic", _) => ticket.kind = "epic".to_owned(),
            ("awaiting", _) => ticket.awaiting = Some("approval".parse().unwrap()),
            ("deferred", _) => {
                ticket.defer_until =
                    Some(crate::model::Defer::At(now() + jiff::Span::new().hours(1)));
            }
            (word, _) => match word.parse::<Span>() {
                Ok(span) => ticket.estimate = Some(span),
                Err(_) => ticket.status = StatusId::new(word),
            },
        }
    }
    ticket
}

/// Calls `look` with the graph of these lines.
pub(super) fn with<T>(lines: &[&str], look: impl FnOnce(&Graph<'_>) -> T) -> T {
    let (tickets, statuses) = (project(lines), Statuses::default());
    look(&Graph::new(&tickets, &statuses, now()))
}

pub(super) fn texts<'i>(ids: impl IntoIterator<Item = &'i TicketId>) -> Vec<&'i str> {
    ids.into_iter().map(TicketId::as_str).collect()
}
