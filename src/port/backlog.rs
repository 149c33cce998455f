//! Backlog.md: a Markdown file a task, in `backlog/tasks/` and `backlog/completed/`.
//!
//! Its sections stand between comments such as `<!-- SECTION:PLAN:BEGIN -->`, lists of criteria
//! between `<!-- AC:BEGIN -->` and `<!-- AC:END -->`; older files have the headings alone.

use super::acceptance;
use super::fields::{Fields, Read, moment, standing};
use super::front_matter::{self, Parts};
use super::imported::{Edges, Record, Source};
use crate::model::{Category, NoteKind, Ticket};
use crate::wire::MisfitKind;

const STATUSES: &[(&str, Category)] = &[
    ("to do", Category::Open),
    ("draft", Category::Open),
    ("in progress", Category::Active),
    ("done", Category::Done),
];

/// The ticket of a file.
pub(super) fn read(source: &Source, text: &str) -> Record {
    let text = text.replace("\r\n", "\n");
    let Some(Parts { yaml, body }) = front_matter::split(&text) else {
        return source.invalid(1, "no fields between lines of `---` at its beginning");
    };
    let mut fields = match front_matter::fields(yaml) {
        Ok(map) => Fields::new(map),
        Err((line, message)) => return source.invalid(line + 1, message),
    };
    let Some(id) = fields.text("id") else {
        return source.invalid(1, "no `id`: expected a text");
    };
    let mut ticket = match fields.ticket("title") {
        Ok(ticket) => ticket,
        Err(message) => return source.invalid(1, message),
    };
    fill(&mut fields, &mut ticket);
    sections(&mut fields, &mut ticket, body);
    let lower = |ids: Vec<String>| ids.iter().map(|id| id.to_lowercase()).collect();
    let read = Read {
        place: source.at(1),
        space: "backlog".to_owned(),
        // References are not always written as the ids are.
        id: id.trim().to_lowercase(),
        status: standing(fields.text("status"), STATUSES),
        kind: fields.line("type"),
        edges: Edges {
            parent: fields.line("parent_task_id").map(|id| id.to_lowercase()),
            blocked_by: lower(fields.lines("dependencies")),
            ..Edges::default()
        },
        ticket,
    };
    fields.keep_quietly("ordinal");
    fields.finish(read)
}

fn fill(fields: &mut Fields, ticket: &mut Ticket) {
    ticket.priority = fields
        .word("priority", MisfitKind::Priority)
        .unwrap_or_default();
    ticket.labels = fields.lines("labels").into_iter().collect();
    let mut assignees = fields.lines("assignee").into_iter();
    ticket.owner = assignees.next();
    let others: Vec<String> = assignees.collect();
    if !others.is_empty() {
        fields.misfit(
            MisfitKind::Field,
            "only the first of the assignees is owner",
        );
        fields.keep("assignee", others.into());
    }
    ticket.created_by = fields.line("reporter");
    ticket.created_at = fields.time("created_date");
    ticket.due = fields.day("due_date");
}

/// A section's lines, and where they go.
fn sections(fields: &mut Fields, ticket: &mut Ticket, body: &str) {
    let mut found = vec![(String::new(), String::new())];
    // Within marks, a heading is a part of the text.
    let mut marked = false;
    for line in body.lines() {
        let mark = line.trim().strip_prefix("<!--").map(str::trim_start);
        let mark = mark.filter(|mark| {
            ["SECTION:", "AC:", "DOD:"]
                .iter()
                .any(|known| mark.starts_with(known))
        });
        if let Some(mark) = mark {
            marked = mark.contains(":BEGIN");
            continue;
        }
        match line.strip_prefix("## ") {
            Some(name) if !marked => found.push((name.trim().to_lowercase(), String::new())),
            _ => {
                if let Some((_, text)) = found.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    // The nearest to when that was noted that is told.
    let updated = fields.text("updated_date");
    let noted = updated.as_deref().and_then(moment).or(ticket.created_at);
    fields.keep("updated_date", updated.into());
    for (name, text) in found {
        let text = text.trim();
        match name.as_str() {
            "" | "description" => {
                if !text.is_empty() && !ticket.description.is_empty() {
                    ticket.description.push_str("\n\n");
                }
                ticket.description.push_str(text);
            }
            "acceptance criteria" | "definition of done" => criteria(ticket, &name, text),
            "implementation notes" => {
                let note = fields.note(noted, "", NoteKind::Comment, text);
                ticket.notes.extend(note);
            }
            "final summary" => {
                let note = fields.note(noted, "", NoteKind::Summary, text);
                ticket.notes.extend(note);
            }
            "implementation plan" => acceptance::section(ticket, "Implementation plan", text),
            name => acceptance::section(ticket, name, text),
        }
    }
}

/// The criteria of a list, without their numbers; a text that is no list stays one.
fn criteria(ticket: &mut Ticket, name: &str, text: &str) {
    let before = ticket.acceptance.len();
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim().starts_with('-'))
    {
        acceptance::add(ticket, text);
    } else {
        acceptance::section(ticket, name, text);
    }
    for item in &mut ticket.acceptance[before..] {
        if let Some(text) = unnumbered(&item.text) {
            item.text = text.to_owned();
        }
    }
}

/// What `#2 text` says.
fn unnumbered(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('#')?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix(' ')?.trim();
    (!rest.is_empty()).then_some(rest)
}
