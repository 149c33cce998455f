//! beads: JSON Lines, in `.beads/issues.jsonl`, or an array, as its commands print it.
//!
//! Field names and words are those of its `internal/types/types.go` and of what it exports.

use serde_json::Value;

use super::fields::{Fields, Read, moment, standing};
use super::imported::{Edges, Place, Record};
use super::{acceptance, alike};
use crate::model::{Category, NoteKind, Span, Ticket};
use crate::wire::MisfitKind;

const STATUSES: &[(&str, Category)] = &[
    ("open", Category::Open),
    ("in_progress", Category::Active),
    ("hooked", Category::Active),
    ("closed", Category::Done),
];

/// The ticket of an issue.
pub(super) fn read(mut fields: Fields, place: Place) -> Record {
    let kind_of_record = fields.text("_type");
    let id = fields.text("id").unwrap_or_default();
    if kind_of_record.is_some_and(|kind| kind != "issue") {
        let reason = "it is no issue";
        return Record::LeftOut { place, id, reason };
    }
    if id.is_empty() {
        let message = "no `id`: expected a text".to_owned();
        return Record::Invalid { place, message };
    }
    let status = fields.text("status");
    if status.as_deref() == Some("tombstone") {
        let reason = "it was deleted there";
        return Record::LeftOut { place, id, reason };
    }
    let ticket = match fields.ticket("title") {
        Ok(ticket) => filled(&mut fields, ticket),
        Err(message) => return Record::Invalid { place, message },
    };
    let read = Read {
        place,
        space: "beads".to_owned(),
        status: standing(status, STATUSES),
        kind: fields.line("issue_type"),
        edges: edges(&mut fields, &id),
        id,
        ticket,
    };
    fields.keep_quietly("updated_at");
    fields.take("content_hash");
    fields.drop_counts(&["dependency_count", "dependent_count", "comment_count"]);
    fields.drop_zeros();
    fields.finish(read)
}

fn filled(fields: &mut Fields, mut ticket: Ticket) -> Ticket {
    alike::fill(fields, &mut ticket);
    ticket.owner = fields.line("assignee");
    ticket.estimate = fields
        .word::<u64>("estimated_minutes", MisfitKind::Field)
        .filter(|minutes| (1..1_000_000).contains(minutes))
        .map(Span::from_minutes);
    ticket.due = fields.day("due_at");
    ticket.reason = fields.text("close_reason");
    for (key, heading) in [("design", "Design"), ("notes", "Notes")] {
        if let Some(text) = fields.text(key) {
            acceptance::section(&mut ticket, heading, &text);
        }
    }
    if let Some(text) = fields.text("acceptance_criteria") {
        acceptance::add(&mut ticket, &text);
    }
    if let Some(comments) = fields.take("comments") {
        let word = |comment: &Value, key: &str| comment[key].as_str().unwrap_or("").to_owned();
        for comment in comments.as_array().into_iter().flatten() {
            let (by, text) = (word(comment, "author"), word(comment, "text"));
            let at = moment(&word(comment, "created_at")).or(ticket.created_at);
            let note = fields.note(at, &by, NoteKind::Comment, &text);
            ticket.notes.extend(note);
        }
    }
    ticket
}

/// What the record depends on, by the kind of the dependency.
fn edges(fields: &mut Fields, id: &str) -> Edges {
    let mut edges = Edges::default();
    let dependencies = fields.take("dependencies");
    let dependencies = dependencies.as_ref().and_then(Value::as_array);
    for dependency in dependencies.into_iter().flatten() {
        let word = |keys: [&str; 2]| keys.iter().find_map(|key| dependency[*key].as_str());
        let kind = word(["type", "dependency_type"]).unwrap_or("blocks");
        let Some(to) = word(["depends_on_id", "id"]).map(str::to_owned) else {
            fields.keep("dependency", dependency.clone());
            fields.misfit(MisfitKind::Edge, "a dependency names no `depends_on_id`");
            continue;
        };
        if dependency["issue_id"]
            .as_str()
            .is_some_and(|from| from != id)
        {
            fields.keep("dependency", dependency.clone());
            fields.misfit(MisfitKind::Edge, "a dependency is of another ticket");
            continue;
        }
        let single = match kind {
            "blocks" => {
                edges.blocked_by.push(to);
                continue;
            }
            "related" | "relates-to" => {
                edges.related.push(to);
                continue;
            }
            "parent-child" => Some(&mut edges.parent),
            "discovered-from" => Some(&mut edges.discovered_from),
            "duplicates" => Some(&mut edges.duplicate_of),
            _ => None,
        };
        match single {
            Some(place) if place.is_none() => *place = Some(to),
            _ => {
                // Both keep the ticket from being ready there.
                let (key, list) = match kind {
                    "waits-for" | "conditional-blocks" => ("blocked_by", &mut edges.blocked_by),
                    _ => ("related", &mut edges.related),
                };
                let shown = super::fields::shown(&format!("{kind}` to `{to}"));
                let message = format!("the dependency `{shown}` is `{key}` here");
                fields.misfit(MisfitKind::Edge, message);
                fields.keep("dependency", dependency.clone());
                list.push(to);
            }
        }
    }
    // What its commands print names the parent apart, too.
    let parent = fields.line("parent");
    edges.parent = edges.parent.or(parent);
    edges
}
