//! ticket: a Markdown file a ticket, in `.tickets/`.
//!
//! What it writes is in its `ticket` script: fields as `key: value` without quotes, so that not
//! everything is YAML; the title as the first heading; notes below `## Notes`, each after its
//! time in bold.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::acceptance;
use super::fence;
use super::fields::{Fields, Read, moment, standing};
use super::front_matter::{self, Parts};
use super::imported::{Edges, Record, Source};
use crate::model::{Category, NoteKind, Ticket};
use crate::wire::MisfitKind;

const STATUSES: &[(&str, Category)] = &[
    ("open", Category::Open),
    ("in_progress", Category::Active),
    ("needs_testing", Category::Active),
    ("closed", Category::Done),
];

/// The ticket of a file.
pub(super) fn read(source: &Source, text: &str) -> Record {
    let text = text.replace("\r\n", "\n");
    let Some(Parts { yaml, body }) = front_matter::split(&text) else {
        return source.invalid(1, "no fields between lines of `---` at its beginning");
    };
    let map = match front_matter::fields(yaml) {
        Ok(map) => with_words(map, yaml),
        Err((line, message)) => match as_written(yaml) {
            Some(map) => map,
            None => return source.invalid(line + 1, message),
        },
    };
    let mut fields = Fields::new(map);
    let id = fields
        .take("id")
        .and_then(|id| Some(id.as_str()?.to_owned()));
    let Some(id) = id.or_else(|| stem(&source.name)) else {
        return source.invalid(1, "no `id`: expected a text");
    };
    let (title, rest) = heading(body);
    fields.set("title", Value::from(title));
    let mut ticket = match fields.ticket("title") {
        Ok(ticket) => ticket,
        Err(_) => {
            let message = "no title: expected a line `# title` below `---`";
            return Record::invalid(source.at(1), id, message);
        }
    };
    ticket.priority = fields
        .word("priority", MisfitKind::Priority)
        .unwrap_or_default();
    ticket.labels = fields.lines("tags").into_iter().collect();
    ticket.owner = fields.line("assignee");
    ticket.created_at = fields.time("created");
    fill(&mut fields, &mut ticket, rest);
    let read = Read {
        place: source.at(1),
        space: "ticket".to_owned(),
        id,
        status: standing(fields.text("status"), STATUSES),
        kind: fields.line("type"),
        edges: Edges {
            parent: fields.line("parent"),
            blocked_by: fields.lines("deps"),
            related: fields.lines("links"),
            ..Edges::default()
        },
        ticket,
    };
    fields.finish(read)
}

/// What YAML takes for nothing or a number, such as `#12`, `null`, `007` or `1e5`, is a word to the
/// script.
fn with_words(mut map: Map<String, Value>, yaml: &str) -> Map<String, Value> {
    for (key, value) in &mut map {
        let mut lines = yaml.lines();
        let word = lines.find_map(|line| line.strip_prefix(key.as_str())?.strip_prefix(':'));
        let word = word.unwrap_or_default().trim();
        let Value::Array(items) = value else {
            restore(value, word);
            continue;
        };
        let words: Vec<&str> = match without_comment(word).strip_prefix('[') {
            Some(list) => list.trim_end_matches(']').split(',').collect(),
            None => lines
                .map_while(|line| line.trim_start().strip_prefix("- "))
                .collect(),
        };
        if words.len() == items.len() {
            for (item, word) in items.iter_mut().zip(words) {
                restore(item, word.trim());
            }
        }
    }
    map
}

/// Puts the word back in place of what YAML has made of it.
fn restore(value: &mut Value, word: &str) {
    let spelled = value.to_string();
    let is_read = match value {
        Value::Null => !word.starts_with("# "),
        Value::Number(_) | Value::Bool(_) => spelled != without_comment(word),
        _ => false,
    };
    // An anchor, a reference or a tag is none.
    if is_read && !word.is_empty() && !word.starts_with(['&', '*', '!']) {
        let word = match value {
            Value::Null => word,
            _ => without_comment(word),
        };
        *value = Value::from(word);
    }
}

fn without_comment(word: &str) -> &str {
    word.split_once(" #").map_or(word, |(word, _)| word).trim()
}

/// The fields as the script itself reads them: a line each. `None` where a line is none, and where
/// two have the same name: which of them is meant nobody can tell.
fn as_written(yaml: &str) -> Option<Map<String, Value>> {
    let mut map = Map::new();
    for line in yaml.lines().filter(|line| !line.trim().is_empty()) {
        let (key, value) = line.split_once(':')?;
        if key.is_empty() || key.contains(|c: char| c.is_whitespace() || c == '"') {
            return None;
        }
        let value = without_comment(value);
        let list = value.strip_prefix('[').and_then(|v| v.strip_suffix(']'));
        let value = match list {
            Some(items) => items
                .split(',')
                .map(|item| item.trim().to_owned())
                .collect(),
            None => Value::from(value),
        };
        if map.insert(key.to_owned(), value).is_some() {
            return None;
        }
    }
    Some(map)
}

fn stem(name: &str) -> Option<String> {
    let name = name.rsplit('/').next()?;
    Some(name.strip_suffix(".md").unwrap_or(name).to_owned())
}

/// The first heading, and what follows.
fn heading(body: &str) -> (&str, &str) {
    let body = body.trim_start_matches('\n');
    let (first, rest) = body.split_once('\n').unwrap_or((body, ""));
    (first.strip_prefix("# ").unwrap_or_default(), rest)
}

fn fill(fields: &mut Fields, ticket: &mut Ticket, body: &str) {
    let mut sections = vec![("", String::new())];
    for (line, is_code) in fence::lines(body, |_| false) {
        match line.strip_prefix("## ") {
            Some(name) if !is_code && !name.trim().is_empty() => {
                sections.push((name.trim(), String::new()))
            }
            _ => {
                if let Some((_, text)) = sections.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    for (name, text) in sections {
        match name {
            "" => text.trim().clone_into(&mut ticket.description),
            // The script itself begins these before there is anything in them.
            "Acceptance Criteria" | "Notes" if text.trim().is_empty() => {}
            "Acceptance Criteria" => acceptance::add(ticket, &text),
            "Notes" => notes(fields, ticket, &text),
            name => acceptance::section(ticket, name, &text),
        }
    }
}

/// Notes, each after a line with its time; what stands before the first is no note.
fn notes(fields: &mut Fields, ticket: &mut Ticket, text: &str) {
    let mut said: Vec<(Option<Timestamp>, String)> = vec![(None, String::new())];
    for line in text.lines() {
        let bold = line.trim().strip_prefix("**");
        let time = bold.and_then(|rest| moment(rest.strip_suffix("**")?));
        if time.is_some() {
            said.push((time, String::new()));
        } else if let Some((_, text)) = said.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    for (at, text) in said {
        match at {
            None if text.trim().is_empty() => {}
            None => acceptance::section(ticket, "Notes", &text),
            Some(_) => {
                let note = fields.note(at, "", NoteKind::Comment, text.trim());
                ticket.notes.extend(note);
            }
        }
    }
}
