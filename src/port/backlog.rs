//! Backlog.md: a Markdown file a task, in `backlog/tasks/` and the folders beside that.
//!
//! It moves what is done to `completed/`, what is taken off the board to `archive/`, and what is
//! no task yet to `drafts/`, and leaves the status as it was. What it has archived it does not
//! count any more: older versions give the id to another task.
//!
//! Its sections stand between comments such as `<!-- SECTION:PLAN:BEGIN -->`, lists of criteria
//! between `<!-- AC:BEGIN -->` and `<!-- AC:END -->`; older files have the headings alone.

use std::collections::{BTreeSet, HashSet};

use jiff::civil::Date;

use super::acceptance;
use super::comments;
use super::fence;
use super::fields::{Fields, Read, moment, standing};
use super::front_matter::{self, Parts};
use super::imported::{Edges, Record, Source, Standing};
use crate::model::{Awaiting, Category, NoteKind, Ticket};
use crate::wire::MisfitKind;

const STATUSES: &[(&str, Category)] = &[
    ("to do", Category::Open),
    ("draft", Category::Open),
    ("in progress", Category::Active),
    ("done", Category::Done),
];

/// Sections that it gives a task before there is anything to say in them.
const SECTIONS: &[&str] = &[
    "description",
    "acceptance criteria",
    "definition of done",
    "implementation plan",
    "implementation notes",
    "final summary",
    "comments",
];

/// What a comment says of itself that its note does, too.
const OF_COMMENTS: &[&str] = &["author", "created"];

/// The ticket of a file.
pub(super) fn read(source: &Source, text: &str) -> Record {
    let text = text.replace("\r\n", "\n");
    let Some(Parts { yaml, body }) = front_matter::split(&text) else {
        if !is_named_like_a_task(&source.name) && !text.starts_with("---") {
            return Record::LeftOut {
                place: source.at(1),
                id: String::new(),
                reason: "it is not named like a task",
            };
        }
        return source.invalid(1, "no fields between lines of `---` at its beginning");
    };
    let quoted = || front_matter::fields(&with_quotes(yaml)).ok();
    let read = front_matter::fields(yaml).or_else(|error| quoted().ok_or(error));
    let mut fields = match read {
        Ok(map) => Fields::new(map),
        Err((line, message)) => return source.invalid(line + 1, message),
    };
    let Some(id) = fields.text("id") else {
        return source.invalid(1, "no `id`: expected a text");
    };
    let mut ticket = match fields.ticket("title") {
        Ok(ticket) => ticket,
        Err(message) => return Record::invalid(source.at(1), id, message),
    };
    as_written_now(&mut fields);
    fill(&mut fields, &mut ticket);
    sections(&mut fields, &mut ticket, body);
    let lower = |ids: Vec<String>| ids.iter().map(|id| id.to_lowercase()).collect();
    let read = Read {
        place: source.at(1),
        space: "backlog".to_owned(),
        // References are not always written as the ids are.
        id: id.trim().to_lowercase(),
        status: status(&mut fields, Folder::of(source), &mut ticket),
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

/// The fields with quotes around people's names, of which YAML knows none that begins with `@`:
/// the tracker itself reads them so.
fn with_quotes(yaml: &str) -> String {
    let quoted = |name: &str| format!("'{}'", name.replace('\'', "''"));
    let mut lines = Vec::new();
    let mut is_list = false;
    for line in yaml.lines() {
        let key = ["assignee:", "reporter:"];
        let key = key.into_iter().find(|key| line.starts_with(key));
        let item = line.trim_start().strip_prefix("- ").map(str::trim);
        is_list = key.is_some() || is_list && item.is_some();
        let value = key.map(|key| line[key.len()..].trim());
        let list = value.and_then(|value| value.strip_prefix('[')?.strip_suffix(']'));
        lines.push(match (key, value, list, item) {
            (Some(key), _, Some(list), _) => {
                let names = list.split(',').map(|name| match name.trim() {
                    name if name.starts_with('@') => quoted(name),
                    name => name.to_owned(),
                });
                format!("{key} [{}]", names.collect::<Vec<_>>().join(", "))
            }
            (Some(key), Some(name), None, _) if !name.starts_with(['[', '\'', '"', '-']) => {
                match name {
                    "" => line.to_owned(),
                    name => format!("{key} {}", quoted(name)),
                }
            }
            (None, _, _, Some(name)) if is_list && name.starts_with('@') => {
                let indent = line.split('-').next().unwrap_or_default();
                format!("{indent}- {}", quoted(name))
            }
            _ => line.to_owned(),
        });
    }
    lines.join("\n")
}

/// Days as it wrote them before: `09-06-25`, with slashes or dots too, is the ninth of June.
fn as_written_now(fields: &mut Fields) {
    for key in ["created_date", "updated_date", "due_date"] {
        let Some(text) = fields.peek(key) else {
            continue;
        };
        let parts: Vec<&str> = text.trim().split(['-', '/', '.']).collect();
        let is_pair = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        if let [day, month, year] = parts[..]
            && parts.iter().all(is_pair)
            && let Ok(day) = format!("20{year}-{month}-{day}").parse::<Date>()
        {
            fields.set(key, day.to_string().into());
        }
    }
}

/// Whether it is named as the tracker itself names files, such as `task-12.1 - Title.md`.
fn is_named_like_a_task(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let number = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let number = number.strip_prefix('-').filter(|_| !name.starts_with('-'));
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

/// What became of the tasks of a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Tasks,
    Completed,
    Drafts,
    Archive,
}

impl Folder {
    /// That of the file. In folders within, people keep what they like.
    fn of(source: &Source) -> Self {
        let mut folders = source.folders.iter().rev().map(String::as_str).peekable();
        while let Some(folder) = folders.next() {
            let is_archived = folders.peek() == Some(&"archive");
            match folder {
                // What is around it says nothing.
                "backlog" | ".backlog" => break,
                "tasks" | "drafts" if is_archived => return Self::Archive,
                "tasks" => return Self::Tasks,
                "drafts" => return Self::Drafts,
                "completed" => return Self::Completed,
                "archive" => return Self::Archive,
                _ => {}
            }
        }
        Self::Tasks
    }
}

/// The task's status, which is over where the folder says so. A draft awaits that a person makes
/// a task of it.
fn status(fields: &mut Fields, folder: Folder, ticket: &mut Ticket) -> Option<Standing> {
    let word = fields.text("status");
    let status = standing(word.clone(), STATUSES);
    let is_done = |status: &Standing| status.category == Some(Category::Done);
    match folder {
        Folder::Tasks => return status,
        Folder::Drafts => {
            ticket.awaiting = Some(Awaiting::Approval);
            return status;
        }
        Folder::Completed | Folder::Archive => {}
    }
    if status.as_ref().is_some_and(is_done) {
        return status;
    }
    if folder == Folder::Archive {
        let shown = super::fields::shown(word.as_deref().unwrap_or_default());
        let message = format!("it is archived there as `{shown}`, and closed here");
        fields.misfit(MisfitKind::Status, message);
        ticket.reason = Some("archived".to_owned());
    }
    fields.keep("status", word.into());
    Some(Standing {
        word: "done".to_owned(),
        category: Some(Category::Done),
    })
}

/// Gives those that are archived an origin of their own where their id is another task's.
pub(super) fn tell_archived_apart(records: &mut [Record], sources: &[Source]) {
    let mut seen = HashSet::new();
    for (record, source) in records.iter_mut().zip(sources) {
        let Record::Ticket(ticket) = record else {
            continue;
        };
        if seen.insert(ticket.id.clone()) || Folder::of(source) != Folder::Archive {
            continue;
        }
        let name = ticket.place.file.rsplit('/').next().unwrap_or_default();
        ticket.id = format!("archive/{name}");
        ticket.wanted = None;
    }
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
    ticket.due = fields.day("due_date", None);
}

/// A section's lines, and where they go.
fn sections(fields: &mut Fields, ticket: &mut Ticket, body: &str) {
    let mut found = vec![(String::new(), String::new())];
    // Within marks, a heading is a part of the text.
    let mut marked = false;
    for (line, is_code) in fence::lines(body, |line| mark(line).is_some()) {
        if let Some(mark) = mark(line) {
            marked = mark.contains(":BEGIN");
            continue;
        }
        match line.strip_prefix("## ") {
            Some(name) if !marked && !is_code && !name.trim().is_empty() => {
                found.push((name.trim().to_owned(), String::new()));
            }
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
        let lower = name.to_lowercase();
        if text.is_empty() && SECTIONS.contains(&lower.as_str()) {
            continue;
        }
        match lower.as_str() {
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
            "comments" => discussion(fields, ticket, text),
            _ => acceptance::section(ticket, &name, text),
        }
    }
}

/// What a mark around a section says.
fn mark(line: &str) -> Option<&str> {
    let mark = line.trim().strip_prefix("<!--")?.trim_start();
    let known = ["SECTION:", "AC:", "DOD:", "COMMENTS:"];
    let is_known = known.iter().any(|known| mark.starts_with(known));
    let is_mark = is_known && (mark.contains(":BEGIN") || mark.contains(":END"));
    is_mark.then_some(mark)
}

/// Comments, each with its fields, its text and a line of dashes after each of the two. What is
/// not written so stays a text.
fn discussion(fields: &mut Fields, ticket: &mut Ticket, text: &str) {
    let mut notes = Vec::new();
    let (mut heads, mut told) = (Vec::new(), BTreeSet::new());
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((head, more)) = rest.split_once("\n---\n") else {
            return acceptance::section(ticket, "Comments", text);
        };
        let said = |key: &str| head.lines().find_map(|line| line.strip_prefix(key));
        let at = said("created:").and_then(moment);
        let is_head = |line: &str| line.split_once(": ").is_some() || line.trim().is_empty();
        if at.is_none() || !head.lines().all(is_head) {
            return acceptance::section(ticket, "Comments", text);
        }
        // A line of dashes may be in the text: it ends where another comment begins.
        let ends = more.match_indices("\n---").map(|(end, _)| end);
        let mut ends = ends.filter(|end| {
            let after = more[end + "\n---".len()..]
                .trim_start_matches('-')
                .trim_start();
            after.is_empty() || after.starts_with("author:") || after.starts_with("created:")
        });
        let end = ends.next().unwrap_or(more.len());
        let by = said("author:").unwrap_or_default().trim().to_owned();
        let keys = head.lines().filter_map(|line| line.split_once(": "));
        let keys = keys.map(|(key, _)| key.trim().to_owned());
        let others: Vec<String> = keys
            .filter(|key| !OF_COMMENTS.contains(&key.as_str()))
            .collect();
        if !others.is_empty() {
            heads.push(head.trim().to_owned());
            told.extend(others);
        }
        notes.extend(fields.note(at, &by, NoteKind::Comment, &more[..end]));
        rest = more[end..].trim_start_matches(['\n', '-']).trim_start();
    }
    ticket.notes.append(&mut notes);
    comments::tell(fields, "comments", &told);
    fields.keep("comments", heads.into());
}

/// The criteria of a list, without their numbers; a text that is no list stays one.
fn criteria(ticket: &mut Ticket, name: &str, text: &str) {
    let before = ticket.acceptance.len();
    if text.starts_with('-') {
        // A criterion of several lines is written as it is.
        let lines = text.lines().map(|line| match line.starts_with('-') {
            true => line.to_owned(),
            false => format!("  {line}"),
        });
        acceptance::add(ticket, &lines.collect::<Vec<_>>().join("\n"));
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
