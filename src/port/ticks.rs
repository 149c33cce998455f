//! ticks: a JSON file a ticket, in `.tick/issues/`.
//!
//! Field names and words are those of its `internal/tick/tick.go`.

use jiff::Timestamp;

use super::fields::{Fields, Read, moment, standing};
use super::imported::{Edges, Place, Record, Source, Standing};
use super::json;
use super::{acceptance, alike};
use crate::model::{Awaiting, Category, NoteKind, Ticket};
use crate::wire::MisfitKind;

const STATUSES: &[(&str, Category)] = &[
    ("open", Category::Open),
    ("in_progress", Category::Active),
    ("closed", Category::Done),
];

/// The ticket of a file.
pub(super) fn read(source: &Source, text: &str) -> Record {
    json::one(source, text, 1, &record)
}

fn record(mut fields: Fields, place: Place) -> Record {
    let Some(id) = fields.text("id") else {
        return Record::invalid(place, "", "no `id`: expected a text");
    };
    let ticket = match fields.ticket("title") {
        Ok(ticket) => ticket,
        Err(message) => return Record::invalid(place, id, message),
    };
    let gates = ["requires", "awaiting"].map(|key| fields.peek(key).is_some_and(|w| !w.is_empty()));
    let mut ticket = filled(&mut fields, ticket);
    let status = standing(fields.text("status"), STATUSES);
    let is_known = [ticket.requires.is_some(), ticket.awaiting.is_some()];
    let is_done = |status: &Standing| status.category == Some(Category::Done);
    // Whatever it is, a person opens it.
    if gates
        .iter()
        .zip(is_known)
        .any(|(gate, known)| *gate && !known)
        && !status.as_ref().is_some_and(is_done)
    {
        let what = "its gate is unknown here, and holds it";
        fields.hold(&mut ticket, MisfitKind::Field, what);
    }
    let read = Read {
        place,
        space: "ticks".to_owned(),
        id,
        status,
        kind: fields.line("type"),
        edges: Edges {
            parent: fields.line("parent"),
            blocked_by: fields.lines("blocked_by"),
            after: fields.lines("after"),
            discovered_from: fields.line("discovered_from"),
            ..Edges::default()
        },
        ticket,
    };
    fields.keep_quietly("updated_at");
    fields.finish(read)
}

fn filled(fields: &mut Fields, mut ticket: Ticket) -> Ticket {
    alike::fill(fields, &mut ticket);
    ticket.owner = fields.line("owner");
    ticket.requires = fields.word("requires", MisfitKind::Field);
    ticket.awaiting = fields.word("awaiting", MisfitKind::Field);
    ticket.verdict = fields.word("verdict", MisfitKind::Field);
    // The older way to say that a person has to do it.
    match fields.text("manual").as_deref() {
        Some("true") => ticket.awaiting = ticket.awaiting.or(Some(Awaiting::Work)),
        Some("false") | None => {}
        Some(other) => fields.wrong("manual", other.into(), "`true` or `false`"),
    }
    ticket.due = fields.day("target_date", None);
    ticket.reason = fields.prose("closed_reason");
    if let Some(text) = fields.text("acceptance_criteria") {
        acceptance::add(&mut ticket, &text);
    }
    let notes = fields.text("notes").unwrap_or_default();
    for (at, text) in entries(&notes) {
        let human = text.strip_prefix("[human]").map(str::trim_start);
        let by = if human.is_some() { "human" } else { "" };
        let at = at.or(ticket.created_at);
        let note = fields.note(at, by, NoteKind::Comment, human.unwrap_or(text));
        ticket.notes.extend(note);
    }
    ticket
}

/// The entries of the notes, each of which begins with its time: `2026-06-10 20:04 - text`.
fn entries(notes: &str) -> Vec<(Option<Timestamp>, &str)> {
    let mut starts = vec![0];
    starts.extend(notes.match_indices('\n').map(|(at, _)| at + 1));
    starts.retain(|start| *start == 0 || begins(&notes[*start..]).is_some());
    starts.push(notes.len());
    let pieces = starts.windows(2).map(|pair| &notes[pair[0]..pair[1]]);
    let entries = pieces.map(|piece| match begins(piece) {
        Some((at, text)) => (Some(at), text.trim()),
        None => (None, piece.trim()),
    });
    entries.filter(|(_, text)| !text.is_empty()).collect()
}

fn begins(text: &str) -> Option<(Timestamp, &str)> {
    let (time, rest) = text.split_at_checked("2026-06-10 20:04".len())?;
    let rest = rest.strip_prefix(" - ")?;
    Some((moment(time)?, rest))
}
