//! Which keys a ticket has, in their order, and what they are set to.

use crate::model::{Acceptance, Defer, Note, RunRecord, Subtask, Ticket, TicketId};

use super::value::{Cell, date, line, lines, text, time};

/// The keys that `tk` knows at the top of a ticket file, in the order in which it writes
/// them.
pub const KEYS: &[&str] = &[
    "title",
    "status",
    "priority",
    "type",
    "owner",
    "parent",
    "labels",
    "blocked_by",
    "requires",
    "awaiting",
    "estimate",
    "due",
    "defer_until",
    "repeat",
    "after",
    "related",
    "discovered_from",
    "duplicate_of",
    "recurs_from",
    "agent",
    "model",
    "lock",
    "pr",
    "checks",
    "touches",
    "created_at",
    "created_by",
    "started_at",
    "closed_at",
    "closed_by",
    "reason",
    "verdict",
    "description",
    "acceptance",
    "subtasks",
    "notes",
    "runs",
];

/// The keys of a table and what they are set to, in the order in which they are written.
/// Two tables of the same kind have the same keys in the same order.
pub(super) type Fields = Vec<(&'static str, Cell)>;

/// An element of one of the lists of tables.
pub(super) struct Element {
    /// What tells it from the others of its list.
    pub(super) identity: String,
    pub(super) fields: Fields,
}

/// A list of tables under its key.
pub(super) struct List {
    pub(super) key: &'static str,
    pub(super) elements: Vec<Element>,
}

fn optional<T>(value: Option<T>, written: impl Fn(T) -> String) -> Cell {
    value.map_or(Cell::Absent, |value| Cell::Value(written(value)))
}

/// A key that is there also when it is empty.
fn kept(value: Option<&str>) -> Cell {
    Cell::Value(line(value.unwrap_or_default()))
}

fn ids<'a>(ids: impl IntoIterator<Item = &'a TicketId>) -> Vec<String> {
    ids.into_iter().map(ToString::to_string).collect()
}

fn unless_empty(items: Vec<String>, cell: impl Fn(Vec<String>) -> Cell) -> Cell {
    if items.is_empty() {
        Cell::Absent
    } else {
        cell(items)
    }
}

/// The keys at the top, without the lists of tables.
pub(super) fn root(ticket: &Ticket) -> Fields {
    let quoted = |value: &Option<String>| optional(value.as_deref(), line);
    let id = |value: &Option<TicketId>| optional(value.as_ref(), |id| line(id.as_str()));
    vec![
        ("title", Cell::Value(line(&ticket.title))),
        ("status", Cell::Value(line(ticket.status.as_str()))),
        ("priority", Cell::Value(ticket.priority.to_string())),
        ("type", Cell::Value(line(&ticket.kind))),
        ("owner", kept(ticket.owner.as_deref())),
        ("parent", kept(ticket.parent.as_ref().map(TicketId::as_str))),
        ("labels", Cell::Set(ticket.labels.iter().cloned().collect())),
        ("blocked_by", Cell::Set(ids(&ticket.blocked_by))),
        ("requires", kept(ticket.requires.map(|gate| gate.as_str()))),
        ("awaiting", kept(ticket.awaiting.map(|what| what.as_str()))),
        (
            "estimate",
            kept(ticket.estimate.map(|span| span.to_string()).as_deref()),
        ),
        ("due", optional(ticket.due, date)),
        (
            "defer_until",
            optional(ticket.defer_until, |until| match until {
                Defer::Day(day) => date(day),
                Defer::At(at) => time(at),
            }),
        ),
        (
            "repeat",
            optional(ticket.repeat, |repeat| line(&repeat.to_string())),
        ),
        ("after", unless_empty(ids(&ticket.after), Cell::Set)),
        ("related", unless_empty(ids(&ticket.related), Cell::Set)),
        ("discovered_from", id(&ticket.discovered_from)),
        ("duplicate_of", id(&ticket.duplicate_of)),
        ("recurs_from", id(&ticket.recurs_from)),
        ("agent", quoted(&ticket.agent)),
        ("model", quoted(&ticket.model)),
        ("lock", quoted(&ticket.lock)),
        ("pr", quoted(&ticket.pr)),
        ("checks", unless_empty(ticket.checks.clone(), Cell::List)),
        ("touches", unless_empty(ticket.touches.clone(), Cell::List)),
        ("created_at", optional(ticket.created_at, time)),
        ("created_by", quoted(&ticket.created_by)),
        ("started_at", optional(ticket.started_at, time)),
        ("closed_at", optional(ticket.closed_at, time)),
        ("closed_by", quoted(&ticket.closed_by)),
        ("reason", optional(ticket.reason.as_deref(), text)),
        (
            "verdict",
            optional(ticket.verdict, |verdict| line(verdict.as_str())),
        ),
        ("description", Cell::Value(lines(&ticket.description))),
    ]
}

/// The lists of tables, in their order.
pub(super) fn lists(ticket: &Ticket) -> [List; 4] {
    [
        List {
            key: "acceptance",
            elements: ticket.acceptance.iter().map(acceptance).collect(),
        },
        List {
            key: "subtasks",
            elements: ticket.subtasks.iter().map(subtask).collect(),
        },
        List {
            key: "notes",
            elements: ticket.notes.iter().map(note).collect(),
        },
        List {
            key: "runs",
            elements: ticket.runs.iter().map(run).collect(),
        },
    ]
}

fn acceptance(item: &Acceptance) -> Element {
    Element {
        identity: item.text.clone(),
        fields: vec![
            ("text", Cell::Value(line(&item.text))),
            ("check", optional(item.check.as_deref(), line)),
            ("met", Cell::Value(item.met.to_string())),
        ],
    }
}

fn subtask(item: &Subtask) -> Element {
    Element {
        identity: item.title.clone(),
        fields: vec![
            ("title", Cell::Value(line(&item.title))),
            ("done", Cell::Value(item.done.to_string())),
        ],
    }
}

fn note(item: &Note) -> Element {
    Element {
        identity: format!(
            "{}\0{}\0{}",
            item.at.map(|at| at.to_string()).unwrap_or_default(),
            item.by,
            item.text
        ),
        fields: vec![
            ("at", optional(item.at, time)),
            ("by", Cell::Value(line(&item.by))),
            ("kind", Cell::Value(line(item.kind.as_str()))),
            ("text", Cell::Value(text(&item.text))),
        ],
    }
}

fn run(item: &RunRecord) -> Element {
    let number = |value: Option<u64>| optional(value, |number| number.to_string());
    Element {
        identity: format!("{}\0{}", item.run, item.attempt),
        fields: vec![
            ("run", Cell::Value(line(&item.run))),
            ("attempt", Cell::Value(item.attempt.to_string())),
            ("agent", Cell::Value(line(&item.agent))),
            ("model", optional(item.model.as_deref(), line)),
            ("session", optional(item.session.as_deref(), line)),
            ("started_at", optional(item.started_at, time)),
            ("ended_at", optional(item.ended_at, time)),
            (
                "outcome",
                optional(item.outcome, |outcome| line(outcome.as_str())),
            ),
            ("summary", optional(item.summary.as_deref(), text)),
            ("cost_usd", optional(item.cost_usd, |cost| cost.to_string())),
            ("input_tokens", number(item.input_tokens)),
            ("output_tokens", number(item.output_tokens)),
            ("turns", number(item.turns)),
        ],
    }
}
