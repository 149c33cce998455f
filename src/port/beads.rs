//! beads: JSON Lines, in `.beads/issues.jsonl`, or an array, as its commands print it.
//!
//! Field names and words are those of its `internal/types/types.go` and of what it exports.

use serde_json::Value;

use super::comments::{self, Keys};
use super::fields::{Fields, Read, standing};
use super::imported::{Edges, Place, Record, Standing};
use super::{acceptance, alike};
use crate::model::{Category, Span, Ticket};
use crate::wire::MisfitKind;

const STATUSES: &[(&str, Category)] = &[
    ("open", Category::Open),
    ("in_progress", Category::Active),
    ("hooked", Category::Active),
    ("deferred", Category::Open),
    ("pinned", Category::Open),
    ("closed", Category::Done),
];

/// Types of what is no work, and never ready there.
const HELD: &[&str] = &["gate", "message", "merge-request", "agent", "role", "rig"];

/// An estimate is shorter than so many minutes.
const LONGEST: u64 = 1_000_000;

/// What a dependency says that is known, or counted and shown elsewhere.
const OF_DEPENDENCIES: &[&str] = &["issue_id", "depends_on_id", "type", "dependency_type"];

/// The ticket of an issue.
pub(super) fn read(mut fields: Fields, place: Place) -> Record {
    let kind_of_record = fields.text("_type");
    let id = fields.text("id").unwrap_or_default();
    if kind_of_record.is_some_and(|kind| kind != "issue") {
        let reason = "it is no issue";
        return Record::LeftOut { place, id, reason };
    }
    if id.is_empty() {
        return Record::invalid(place, id, "no `id`: expected a text");
    }
    let status = fields.text("status");
    if status.as_deref() == Some("tombstone") {
        let reason = "it was deleted there";
        return Record::LeftOut { place, id, reason };
    }
    let mut ticket = match fields.ticket("title") {
        Ok(ticket) => filled(&mut fields, ticket),
        Err(message) => return Record::invalid(place, id, message),
    };
    let status = standing(status, STATUSES);
    let kind = fields.line("issue_type");
    hold(&mut fields, &mut ticket, status.as_ref(), kind.as_deref());
    let read = Read {
        place,
        space: "beads".to_owned(),
        status,
        kind,
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
    ticket.estimate = estimate(fields);
    ticket.due = fields.day("due_at", None);
    ticket.reason = fields.prose("close_reason");
    for (key, heading) in [("design", "Design"), ("notes", "Notes")] {
        if let Some(text) = fields.text(key) {
            acceptance::section(&mut ticket, heading, &text);
        }
    }
    if let Some(text) = fields.text("acceptance_criteria") {
        acceptance::add(&mut ticket, &text);
    }
    let keys = Keys {
        list: "comments",
        at: "created_at",
        text: "text",
        known: &["id", "issue_id"],
    };
    ticket.notes = comments::notes(fields, &keys, ticket.created_at, |comment| {
        comment["author"].as_str().unwrap_or_default().to_owned()
    });
    ticket
}

fn estimate(fields: &mut Fields) -> Option<Span> {
    let key = "estimated_minutes";
    let text = fields.text(key)?;
    match text.trim().parse::<u64>() {
        Ok(0) => None,
        Ok(minutes) if minutes < LONGEST => Some(Span::from_minutes(minutes)),
        Ok(minutes) => {
            let expected = format!("less than {LONGEST} minutes");
            fields.wrong(key, minutes.into(), &expected);
            None
        }
        Err(_) => {
            fields.wrong(key, text.into(), "a whole number of minutes");
            None
        }
    }
}

/// Lets what is no work there wait until a person has said that it is: what was put off without a
/// day, templates, what is pinned or does not last, and what is of such a type.
fn hold(fields: &mut Fields, ticket: &mut Ticket, status: Option<&Standing>, kind: Option<&str>) {
    if status.is_some_and(|status| status.category == Some(Category::Done)) {
        return;
    }
    let word = status.map(|status| status.word.trim().to_lowercase());
    let word = word.filter(|word| match word.as_str() {
        "deferred" => ticket.defer_until.is_none(),
        word => word == "pinned",
    });
    if let Some(word) = &word {
        let what = format!("`status` is `{word}`");
        fields.hold(ticket, MisfitKind::Status, &what);
    }
    let kind = kind.map(|kind| kind.trim().to_lowercase());
    if let Some(kind) = kind.filter(|kind| HELD.contains(&kind.as_str())) {
        let what = format!("`issue_type` is `{kind}`");
        fields.hold(ticket, MisfitKind::Type, &what);
    }
    for key in ["is_template", "pinned", "ephemeral"] {
        let Some(value) = fields.take(key) else {
            continue;
        };
        if value == true || value.as_i64().is_some_and(|flag| flag != 0) {
            fields.hold(ticket, MisfitKind::Field, &format!("`{key}` is set"));
            fields.keep(key, value);
        } else {
            fields.set(key, value);
        }
    }
}

/// What the record depends on, by the kind of the dependency.
fn edges(fields: &mut Fields, id: &str) -> Edges {
    let mut edges = Edges::default();
    let mut more = Vec::new();
    for dependency in fields.list("dependencies") {
        let word = |keys: [&str; 2]| keys.iter().find_map(|key| dependency[*key].as_str());
        let kind = word(["type", "dependency_type"]).unwrap_or("blocks");
        let Some(to) = word(["depends_on_id", "id"]).map(str::to_owned) else {
            fields.keep("dependency", dependency.clone());
            fields.misfit(
                MisfitKind::Edge,
                "`dependencies` has one without a `depends_on_id`",
            );
            continue;
        };
        if dependency["issue_id"]
            .as_str()
            .is_some_and(|from| from != id)
        {
            fields.keep("dependency", dependency.clone());
            fields.misfit(MisfitKind::Edge, "`dependencies` has one of another ticket");
            continue;
        }
        let single = match kind {
            "blocks" => {
                edges.blocked_by.push(to);
                more.extend(rest(&dependency));
                continue;
            }
            "related" | "relates-to" => {
                edges.related.push(to);
                more.extend(rest(&dependency));
                continue;
            }
            "parent-child" => Some(&mut edges.parent),
            "discovered-from" => Some(&mut edges.discovered_from),
            "duplicates" => Some(&mut edges.duplicate_of),
            _ => None,
        };
        match single {
            Some(place) if place.is_none() => {
                *place = Some(to);
                more.extend(rest(&dependency));
            }
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
    if more.iter().any(|(_, is_told)| *is_told) {
        let message = "kept under `imported`: what else `dependencies` say";
        fields.misfit(MisfitKind::Field, message);
    }
    let more: Vec<Value> = more.into_iter().map(|(rest, _)| rest).collect();
    fields.keep("dependencies", more.into());
    // What its commands print names the parent apart, too.
    let parent = fields.line("parent");
    edges.parent = edges.parent.or(parent);
    edges
}

/// The dependency with all that it says, where that is more than the edge; whether it is more than
/// who made the edge, and when. What its commands print in place of one is the other issue, which
/// says that itself.
fn rest(dependency: &Value) -> Option<(Value, bool)> {
    let fields = dependency.as_object()?;
    fields.get("depends_on_id")?;
    let is_more = |(key, value): &(&String, &Value)| {
        let is_nothing = value.is_null() || *value == "" || *value == "{}";
        let is_known = OF_DEPENDENCIES.contains(&key.as_str());
        !is_known && !is_nothing && value.as_object().is_none_or(|inner| !inner.is_empty())
    };
    let mut more = fields.iter().filter(is_more).map(|(key, _)| key.as_str());
    let first = more.next()?;
    let is_told = |key: &str| !matches!(key, "created_at" | "created_by");
    Some((dependency.clone(), is_told(first) || more.any(is_told)))
}
