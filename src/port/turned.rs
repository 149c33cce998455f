//! Edges that a tracker tells of the other end: what is a part of a ticket, what waits for it.

use std::collections::HashMap;

use super::fields::shown;
use super::imported::{Imported, Record};
use crate::wire::{Misfit, MisfitKind};

/// What a ticket says of another.
struct Said {
    by: usize,
    key: Key,
    /// The other's id there.
    of: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Parts,
    Blocks,
}

/// Gives each edge to the ticket that has it here. One to what is not in the archive is kept,
/// and told.
pub(super) fn turn(records: &mut [Record]) {
    let said = said(records);
    if said.is_empty() {
        return;
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, record) in records.iter().enumerate() {
        if let Record::Ticket(ticket) = record {
            places.entry(ticket.origin()).or_insert(place);
        }
    }
    for Said { by, key, of } in said {
        let Some((id, origin)) = ticket(records, by).map(|t| (t.id.clone(), t.origin_of(&of)))
        else {
            continue;
        };
        let other = places
            .get(&origin)
            .and_then(|place| ticket(records, *place));
        let wrong = match (other, key) {
            (None, _) => Some("which is not there"),
            (Some(other), Key::Blocks) => {
                other.edges.blocked_by.push(id);
                None
            }
            (Some(other), Key::Parts) => {
                let parent = other.edges.parent.get_or_insert_with(|| id.clone());
                (*parent != id).then_some("which is a part of another")
            }
        };
        if let (Some(wrong), Some(ticket)) = (wrong, ticket(records, by)) {
            keep(ticket, key, of, wrong);
        }
    }
}

fn said(records: &mut [Record]) -> Vec<Said> {
    let mut said = Vec::new();
    for (by, record) in records.iter_mut().enumerate() {
        let Record::Ticket(ticket) = record else {
            continue;
        };
        let edges = &mut ticket.edges;
        for (key, ids) in [
            (Key::Parts, &mut edges.parts),
            (Key::Blocks, &mut edges.blocks),
        ] {
            said.extend(ids.drain(..).map(|of| Said { by, key, of }));
        }
    }
    said
}

fn ticket(records: &mut [Record], place: usize) -> Option<&mut Imported> {
    match records.get_mut(place) {
        Some(Record::Ticket(ticket)) => Some(ticket),
        _ => None,
    }
}

fn keep(ticket: &mut Imported, key: Key, of: String, wrong: &str) {
    let key = match key {
        Key::Parts => "parts",
        Key::Blocks => "blocks",
    };
    let message = format!("`{key}` names `{}`, {wrong}", shown(&of));
    let kind = MisfitKind::Reference;
    ticket.misfits.push(Misfit { kind, message });
    ticket.lose(key, of);
}
