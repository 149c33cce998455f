//! What tickets say of one another: references to nothing and to themselves, and cycles.

use std::collections::BTreeSet;

use super::Exam;
use super::found::Found;
use super::texts::changed;
use crate::graph::Cycle;
use crate::model::{Outline, Ticket, TicketId};
use crate::ops::cycles::{HOW, breaking, told};
use crate::store::Change;
use crate::wire::{FindingKind, Severity};

/// References to nothing and to the ticket itself, then cycles.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for ticket in exam.loaded.tickets.iter().map(Outline::ticket) {
        for (key, to) in ticket.references() {
            let (kind, message) = if *to == ticket.id {
                (
                    FindingKind::SelfReference,
                    format!("`{key}` names the ticket itself"),
                )
            } else if is_there(exam, to) {
                continue;
            } else {
                let message = format!("`{key}` names `{to}`, which does not exist");
                (FindingKind::MissingReference, message)
            };
            let severity = match key {
                "blocked_by" | "parent" => Severity::Error,
                _ => Severity::Warning,
            };
            let one = Found::new(kind, severity, message)
                .ticket(&ticket.id)
                .path(exam.project.store.shown(&format!("{}.toml", ticket.id)))
                .command(without(exam, &ticket, key, to));
            // What is not there may come yet; till then it is known to block, or to be above.
            let counts = kind == FindingKind::MissingReference && severity == Severity::Error;
            found.push(if counts || !exam.configured {
                one
            } else {
                taken_out(exam, one, &ticket.id, key, to)
            });
        }
    }
    // Parents are in the graph whether they are closed or not, so circles of them are here too.
    for cycle in exam.graph.cycles().iter().chain(&exam.graph.soft_cycles()) {
        let itself = match cycle.ids().as_slice() {
            [only] => names_itself(exam, only),
            _ => false,
        };
        if !itself {
            found.push(of_cycle(exam, cycle));
        }
    }
    found
}

/// With the reference taken out of the ticket, if it still says nothing.
fn taken_out<'a>(
    exam: &Exam<'a>,
    found: Found<'a>,
    id: &TicketId,
    key: &'static str,
    to: &TicketId,
) -> Found<'a> {
    let (store, config) = (&exam.project.store, &exam.project.config);
    let (id, to) = (id.clone(), to.clone());
    found.changes(store.ticket_path(&id)).mended_by(move || {
        let locked = store.lock()?;
        let before = locked.read(&id, config)?;
        let mut after = before.ticket.clone();
        let is_there = to != id && locked.has(&to);
        if is_there || !take(&mut after, key, &to) {
            return Err(changed());
        }
        locked.forget_last_change()?;
        locked.write(Change { before, after }, config)?;
        Ok(())
    })
}

/// Takes the reference out of the ticket; whether it was in it.
fn take(ticket: &mut Ticket, key: &str, to: &TicketId) -> bool {
    let mut edges = ticket.edges_mut().into_iter();
    let edge = edges.find(|(known, _)| *known == key);
    edge.is_some_and(|(_, edge)| edge.take(to))
}

/// A file that cannot be read is there all the same, and so is one that has another name.
fn is_there(exam: &Exam<'_>, id: &TicketId) -> bool {
    exam.loaded.get(id).is_some()
        || exam.loaded.invalid(id).is_some()
        || exam.misnamed.iter().any(|file| file.id == *id)
}

fn names_itself(exam: &Exam<'_>, id: &TicketId) -> bool {
    let ticket = exam.loaded.get(id);
    ticket.is_some_and(|ticket| {
        let edges = ticket.edges();
        let mut named = edges.blocked_by.chain(edges.after).chain(ticket.parent());
        named.any(|named| named == id.as_str())
    })
}

/// The command that takes the reference out of the ticket.
fn without(exam: &Exam<'_>, ticket: &Ticket, key: &str, to: &TicketId) -> String {
    let id = &ticket.id;
    let rest = |ids: &BTreeSet<TicketId>| {
        let stays = |other: &&TicketId| *other != to && *other != id && is_there(exam, other);
        let rest: Vec<&str> = ids.iter().filter(stays).map(TicketId::as_str).collect();
        if rest.is_empty() {
            "''".to_owned()
        } else {
            rest.join(",")
        }
    };
    match key {
        "blocked_by" => format!("tk unblock {id} {to}"),
        "after" => format!("tk update {id} --after {}", rest(&ticket.after)),
        "related" => format!("tk update {id} --related {}", rest(&ticket.related)),
        // No option sets it.
        "recurs_from" => "tk doctor --fix".to_owned(),
        key => format!("tk update {id} --{} ''", key.replace('_', "-")),
    }
}

/// What only comes after one another may begin in any order: no more than that is lost.
fn of_cycle<'a>(exam: &Exam<'a>, cycle: &Cycle) -> Found<'a> {
    let severity = match cycle.is_soft() {
        true => Severity::Note,
        false => Severity::Error,
    };
    let mut found = Found::new(FindingKind::Cycle, severity, told(cycle, ""));
    if let Some(first) = cycle.ids().first() {
        found = found.ticket(first);
    }
    let command = breaking(cycle, |id| exam.loaded.get(id).map(Outline::ticket));
    let hint = format!("{HOW}, for example `{command}`");
    found.command(command).hint(hint)
}
