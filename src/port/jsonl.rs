//! JSON Lines: a ticket a line, with the keys of its file. What `tk export` writes, and what
//! comes back from it is the same ticket.
//!
//! Empty keys are left out. Keys that `tk` does not know are there as well; a time among those
//! comes back as a text, and so do `inf` and `nan`, which is told. Comments stay behind; so do unknown
//! keys inside of acceptance items, subtasks, notes and attempts, which is told as well.

use std::cell::OnceCell;

use serde_json::{Map, Value};
use toml::value::Datetime;

use super::fields::{Fields, shown, standing};
use super::imported::{Edges, Imported, Place, Record, keep};
use super::inner::Inner;
use super::{Written, json};
use crate::format::{self, KEYS, Kept};
use crate::model::{Config, Ticket, TicketId};
use crate::wire::{Detail, Misfit, MisfitKind, TicketFacts, TicketRecord};

/// Keys whose values are times, wherever they are.
const TIMES: &[&str] = &[
    "due",
    "defer_until",
    "created_at",
    "started_at",
    "closed_at",
    "ended_at",
    "at",
];

/// Keys whose values are texts of many lines, of which a file's reader takes off the last
/// line's end.
const TEXTS: &[&str] = &["description", "reason", "summary"];

/// The lists whose elements have times and texts.
pub(super) const LISTS: &[&str] = &["acceptance", "subtasks", "notes", "runs"];

/// The ticket as a line.
pub(super) fn write(ticket: &Ticket, text: &str) -> Result<Written, String> {
    let (object, misfit) = object(ticket, text)?;
    let text = Value::Object(object).to_string() + "\n";
    Ok(Written { text, misfit })
}

/// The ticket and what else the text of its file says, and what of that is not as it is there.
fn object(ticket: &Ticket, text: &str) -> Result<(Map<String, Value>, Option<String>), String> {
    let facts = TicketFacts {
        texts: true,
        ..TicketFacts::default()
    };
    let mut object = TicketRecord::new(ticket, facts).fields(&Detail::Full);
    object.retain(|key, _| key == "id" || KEYS.contains(&key.as_str()));
    prune(&mut object);
    if text == format::print(ticket) {
        return Ok((object, None));
    }
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| format!("`{}`: {}", ticket.id, error.message()))?;
    let inner = Inner::of(ticket, &table).told();
    let mut misfit = inner.map(|keys| format!("`{}`: left behind is {keys}", ticket.id));
    for (key, value) in table {
        if key != "id" && !KEYS.contains(&key.as_str()) {
            if misfit.is_none() {
                misfit = not_finite(&value).map(|number| {
                    let (id, key) = (&ticket.id, shown(&key));
                    format!(
                        "`{id}`: `{key}` has `{number}`, for which JSON has no number: \
                         a text stands for it"
                    )
                });
            }
            object.insert(key, plain(value));
        }
    }
    Ok((object, misfit))
}

/// Without what says nothing, in elements of lists as well.
fn prune(object: &mut Map<String, Value>) {
    object.retain(|_, value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => {
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.retain(|_, value| !value.is_null());
            }
            !items.is_empty()
        }
        _ => true,
    });
}

/// The first number in it that has no digits.
fn not_finite(value: &toml::Value) -> Option<&toml::Value> {
    match value {
        toml::Value::Float(number) => (!number.is_finite()).then_some(value),
        toml::Value::Array(items) => items.iter().find_map(not_finite),
        toml::Value::Table(table) => table.values().find_map(not_finite),
        _ => None,
    }
}

fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(time) => Value::from(time.to_string()),
        toml::Value::Float(number) if !number.is_finite() => {
            Value::from(toml::Value::from(number).to_string())
        }
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| (key, plain(value)));
            Value::Object(entries.collect())
        }
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::from(flag),
    }
}

/// The ticket of a line.
pub(super) fn read(mut fields: Fields, place: Place, line: &str, config: &Config) -> Record {
    let id = fields.text("id").unwrap_or_default();
    match imported(fields, &place, line, &id, config) {
        Ok(imported) => Record::Ticket(Box::new(imported)),
        Err(message) => Record::invalid(place, id, message),
    }
}

fn imported(
    fields: Fields,
    place: &Place,
    line: &str,
    id: &str,
    config: &Config,
) -> Result<Imported, String> {
    let line = Line {
        text: line,
        too_large: OnceCell::new(),
    };
    let wanted = TicketId::parse(id).map_err(|error| error.to_string())?;
    let mut known = toml::Table::new();
    let mut extra = toml::Table::new();
    for (key, value) in fields.into_rest() {
        let is_known = KEYS.contains(&key.as_str());
        let value = toml_value(&key, value, is_known, &line)?;
        let table = if is_known { &mut known } else { &mut extra };
        table.extend(value.map(|value| (key, value)));
    }
    let text = known.to_string();
    let ticket = format::parse_any(&wanted, &text, config);
    let mut ticket = ticket.map_err(|wrong| wrong.without_place())?;
    let inner = Inner::of(&ticket, &known);
    let (mut kept, mut misfits) = (Vec::new(), Vec::new());
    for (list, elements) in &inner.elements {
        let elements: Value = elements.iter().map(|one| plain((*one).clone())).collect();
        keep(&mut kept, list, Kept::Text(elements.to_string()));
    }
    if let Some(keys) = inner.told() {
        let (kind, message) = (MisfitKind::Field, format!("kept under `imported`: {keys}"));
        misfits.push(Misfit { kind, message });
    }
    let texts = |ids: std::collections::BTreeSet<TicketId>| -> Vec<String> {
        ids.iter().map(ToString::to_string).collect()
    };
    let text = |id: Option<TicketId>| id.map(|id| id.to_string());
    Ok(Imported {
        place: place.clone(),
        space: "tk".to_owned(),
        own: true,
        named: None,
        id: id.to_owned(),
        wanted: Some(wanted),
        status: standing(Some(ticket.status.to_string()), &[]),
        kind: Some(ticket.kind.clone()),
        edges: Edges {
            parent: text(ticket.parent.take()),
            blocked_by: texts(std::mem::take(&mut ticket.blocked_by)),
            after: texts(std::mem::take(&mut ticket.after)),
            related: texts(std::mem::take(&mut ticket.related)),
            discovered_from: text(ticket.discovered_from.take()),
            duplicate_of: text(ticket.duplicate_of.take()),
            recurs_from: text(ticket.recurs_from.take()),
            ..Edges::default()
        },
        ticket,
        kept,
        lost: Vec::new(),
        extra,
        misfits,
    })
}

/// The value as the file has it; null is nothing.
fn toml_value(
    key: &str,
    value: Value,
    known: bool,
    line: &Line<'_>,
) -> Result<Option<toml::Value>, String> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Bool(flag) => flag.into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(float)) if number.is_f64() => match line.whole(float) {
                None => float.into(),
                Some(word) => return Err(too_large(key, word)),
            },
            _ => return Err(too_large(key, &number.to_string())),
        },
        Value::String(text) if known && TIMES.contains(&key) => {
            let time: Result<Datetime, _> = text.parse();
            let time = time.map_err(|_| {
                let text = shown(&text);
                let expected = match key {
                    "due" => "a day like `2026-11-20`",
                    "defer_until" => {
                        "a day like `2026-11-20` or a time like `2026-11-20T08:38:50Z`"
                    }
                    _ => "a time like `2026-11-20T08:38:50Z`",
                };
                format!("`{key}` is `{text}`: expected {expected}")
            })?;
            time.into()
        }
        Value::String(text) if known && TEXTS.contains(&key) && text.ends_with('\n') => {
            toml::Value::String(text + "\n")
        }
        Value::String(text) => text.into(),
        Value::Array(items) => {
            let in_list = known && LISTS.contains(&key);
            let items = items.into_iter().map(|item| match item {
                Value::Object(fields) if in_list => element(key, fields, line),
                item => toml_value(key, item, false, line),
            });
            let items = items.collect::<Result<Vec<_>, _>>()?;
            toml::Value::Array(items.into_iter().flatten().collect())
        }
        Value::Object(fields) => {
            let mut table = toml::Table::new();
            for (key, value) in fields {
                if let Some(value) = toml_value(&key, value, false, line)? {
                    table.insert(key, value);
                }
            }
            table.into()
        }
    }))
}

/// The text that values were read from.
struct Line<'t> {
    text: &'t str,
    too_large: OnceCell<Option<&'t str>>,
}

impl Line<'_> {
    /// How the number is spelled, if that is as a whole one, which is too large.
    fn whole(&self, number: f64) -> Option<&str> {
        if number.abs() < 2_f64.powi(63) {
            return None;
        }
        let word = self.too_large.get_or_init(|| json::too_large(self.text));
        word.filter(|word| word.parse() == Ok(number))
    }
}

fn too_large(key: &str, number: &str) -> String {
    let expected = "a whole number of at most 64 bits, or one with a fraction";
    format!("`{}` is {}: expected {expected}", shown(key), shown(number))
}

/// An element of one of the ticket's own lists.
fn element(
    list: &str,
    fields: Map<String, Value>,
    line: &Line<'_>,
) -> Result<Option<toml::Value>, String> {
    let mut table = toml::Table::new();
    for (key, value) in fields {
        let value = match value {
            Value::String(text) if list == "notes" && key == "text" && text.ends_with('\n') => {
                Some(toml::Value::String(text + "\n"))
            }
            value => toml_value(&key, value, true, line)?,
        };
        table.extend(value.map(|value| (key, value)));
    }
    Ok(Some(table.into()))
}
