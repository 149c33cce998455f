//! taskwarrior: what `task export` prints, and what `task import` reads.
//!
//! Attributes are those of its description of the JSON format. What of a ticket has none there
//! is in attributes of our own, `tk…`, which taskwarrior keeps.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::comments::{self, Keys};
use super::fields::{Fields, Read, day_of, moment, shown, standing};
use super::imported::{Edges, Place, Record};
use super::recur;
use crate::model::{Category, Config, Defer, Priority, Repeat, Span, Ticket, TicketId};
use crate::wire::MisfitKind;

const STATUSES: &[(&str, Category)] = &[
    ("pending", Category::Open),
    ("waiting", Category::Open),
    // One of ours that comes again is made a template there.
    ("recurring", Category::Open),
    ("completed", Category::Done),
];

/// What tells that a task comes again, and of which it is one.
const RECURRENCE: &[&str] = &["recur", "parent", "imask", "mask", "rtype"];

/// The uuids that tickets were imported with, and are exported with again.
pub type Uuids = BTreeMap<TicketId, String>;

/// What the origins of such begin with.
const SPACE: &str = "taskwarrior:";

/// The ticket of a task.
pub(super) fn read(mut fields: Fields, place: Place, zone: &TimeZone) -> Record {
    let Some(uuid) = fields.line("uuid") else {
        return Record::invalid(place, "", "no `uuid`: expected a text");
    };
    let word = fields.text("status");
    let told = fields.line("tkid");
    let earlier = fields.line("tkuuid");
    // Its tasks that come again, and copies, have all but the uuid of what they are made from.
    let is_of = |id: &str, uuid: &str| match &earlier {
        Some(earlier) => earlier.eq_ignore_ascii_case(uuid),
        None => uuid_of(id).eq_ignore_ascii_case(uuid),
    };
    let ours = told.clone().filter(|id| is_of(id, &uuid));
    let template = fields.peek("parent").unwrap_or_default();
    let reason = match word.as_deref() {
        Some("deleted") => Some("it was deleted there"),
        Some("recurring") if ours.is_none() => Some("it is a template of recurring tasks"),
        // It has our attributes from its template.
        _ if ours.is_none() && told.is_some_and(|id| is_of(&id, template)) => {
            Some("it is one of a ticket that comes again, which is there itself")
        }
        _ => None,
    };
    if let Some(reason) = reason {
        let id = uuid;
        return Record::LeftOut { place, id, reason };
    }
    let mut ticket = match fields.ticket("description") {
        Ok(ticket) => ticket,
        Err(message) => return Record::invalid(place, uuid, message),
    };
    fill(&mut fields, &mut ticket, ours.is_some(), zone);
    let mut status = standing(word, STATUSES);
    if let Some(status) = &mut status
        && status.category == Some(Category::Open)
        && ticket.started_at.is_some()
    {
        status.category = Some(Category::Active);
    }
    if let (Some(status), Some(word)) = (&mut status, fields.text("tkstatus")) {
        status.word = word;
    }
    for key in RECURRENCE {
        match ours {
            Some(_) => drop(fields.take(key)),
            None => fields.keep_quietly(key),
        }
    }
    let edges = edges(&mut fields, ours.is_some());
    // One of ours is in that of its epic, as it was written.
    if let Some(project) = fields.line("project")
        && edges.parent.as_ref() != Some(&project)
    {
        ticket.labels.insert(format!("project:{project}"));
    }
    for key in ["id", "urgency"] {
        fields.take(key);
    }
    // A time of change is no more than what has changed.
    fields.time("modified");
    let space = if ours.is_some() { "tk" } else { "taskwarrior" };
    let short = uuid.split('-').next().unwrap_or_default().to_lowercase();
    let kind = fields.line("tktype");
    let origin = earlier.filter(|_| ours.is_some());
    let origin = origin.map(|uuid| toml::Value::from(format!("{SPACE}{uuid}")));
    let named = uuid.to_lowercase();
    let record = fields.finish(Read {
        place,
        space: space.to_owned(),
        id: ours.clone().unwrap_or(uuid),
        ticket,
        status,
        kind,
        edges,
    });
    match record {
        Record::Ticket(mut imported) => {
            imported.own = ours.is_some();
            imported.named = Some(named);
            imported.extra.extend(origin.map(|origin| {
                let from = toml::Table::from_iter([("origin".to_owned(), origin)]);
                ("imported".to_owned(), vec![from].into())
            }));
            imported.wanted = TicketId::parse(&ours.unwrap_or(short)).ok();
            Record::Ticket(imported)
        }
        other => other,
    }
}

/// What the task waits for, and its epic. Of our own tickets, the ids are told as well: those
/// that are still among what the task depends on, with the uuid where that is an earlier one.
fn edges(fields: &mut Fields, ours: bool) -> Edges {
    // Older versions export one text, with commas.
    let depends = fields.lines("depends");
    let depends = depends.iter().flat_map(|ids| ids.split(','));
    let depends: Vec<String> = depends.map(|id| id.trim().to_owned()).collect();
    let told = fields.text("tkblockedby").unwrap_or_default();
    let parent = fields.line("tkparent");
    // Hashing all for each would take its time.
    let told: HashMap<String, &str> = told
        .split_whitespace()
        .filter(|_| ours)
        .map(|id| match id.split_once('=') {
            Some((id, earlier)) => (earlier.to_lowercase(), id),
            None => (uuid_of(id), id),
        })
        .collect();
    let named = |uuid: String| match told.get(&uuid.to_lowercase()) {
        Some(id) => (*id).to_owned(),
        None => uuid,
    };
    Edges {
        parent: parent.filter(|_| ours),
        blocked_by: depends.into_iter().map(named).collect(),
        ..Edges::default()
    }
}

fn fill(fields: &mut Fields, ticket: &mut Ticket, ours: bool, zone: &TimeZone) {
    let coarse = match fields.text("priority").as_deref() {
        None | Some("M") => None,
        Some("H") => Priority::new(1),
        Some("L") => Priority::new(3),
        Some(other) => {
            let message = format!("`priority` is `{}`, not H, M or L", shown(other));
            fields.misfit(MisfitKind::Priority, message);
            fields.keep("priority", other.into());
            None
        }
    };
    let exact = fields.word("tkpriority", MisfitKind::Priority);
    ticket.priority = exact.or(coarse).unwrap_or_default();
    ticket.labels = fields.lines("tags").into_iter().collect();
    ticket.owner = fields.line("tkowner");
    ticket.estimate = fields.word::<Span>("tkestimate", MisfitKind::Field);
    let exact = fields.word::<Repeat>("tkrepeat", MisfitKind::Field);
    let often = fields.peek("recur").map(str::to_owned);
    if let Some(often) = often.filter(|_| exact.is_none()) {
        ticket.repeat = recur::read(&often);
        if ticket.repeat.is_none() {
            let often = shown(&often);
            let message = format!("`recur` is `{often}`, which no ticket comes again by here");
            fields.misfit(MisfitKind::Field, message);
        }
    }
    ticket.repeat = exact.or(ticket.repeat);
    ticket.description = fields.text("tkdescription").unwrap_or_default();
    // What begins a day on the clock there is written in UTC. Of ours, that says no more.
    let due = fields.peek("due").and_then(|due| day_of(due, Some(zone)));
    ticket.due = match due {
        Some((day, true)) if ours => {
            fields.take("due");
            Some(day)
        }
        _ => fields.day("due", Some(zone)),
    };
    ticket.defer_until = fields.time("wait").map(Defer::At);
    ticket.created_at = fields.time("entry");
    ticket.started_at = fields.time("start");
    ticket.closed_at = fields.time("end");
    let keys = Keys {
        list: "annotations",
        at: "entry",
        text: "description",
        known: &[],
    };
    ticket.notes = comments::notes(fields, &keys, ticket.created_at, |_| String::new());
}

/// The uuids among where tickets were imported from. What is none to taskwarrior does not count.
#[must_use]
pub fn uuids(origins: impl IntoIterator<Item = (String, TicketId)>) -> Uuids {
    let mut uuids = Uuids::new();
    for (origin, id) in origins {
        let uuid = origin.strip_prefix(SPACE).unwrap_or_default();
        if is_uuid(uuid) {
            uuids.entry(id).or_insert_with(|| uuid.to_owned());
        }
    }
    uuids
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// The ticket, which that text of its file spells, as a task on one line, without its end.
pub(super) fn write(
    ticket: &Ticket,
    text: &str,
    uuids: &Uuids,
    config: &Config,
    zone: &TimeZone,
) -> String {
    let due = ticket.due.map(|day| due(day, text, zone));
    Value::Object(task(ticket, due, uuids, config)).to_string()
}

/// The moment that stands for that day in that zone: the one that was imported, if it still does.
fn due(day: Date, text: &str, zone: &TimeZone) -> String {
    let told = |told: &String| day_of(told, Some(zone)).is_some_and(|(told, _)| told == day);
    let told = told_due(text).filter(told).as_deref().and_then(moment);
    let begins = || Some(day.to_zoned(zone.clone()).ok()?.timestamp());
    match stamp(told.or_else(begins)) {
        Value::String(text) => text,
        // It is outside of what can be told apart by a zone.
        _ => day.to_string().replace('-', "") + "T000000Z",
    }
}

/// When the task was due that the ticket was imported from, as its file has kept it.
fn told_due(text: &str) -> Option<String> {
    if !text.contains(SPACE) && !text.contains("\"tk:") {
        return None;
    }
    let table: toml::Table = text.parse().ok()?;
    let mut all = table.get("imported")?.as_array()?.iter();
    all.find_map(|from| {
        let origin = from.get("origin")?.as_str()?;
        let is_task = origin.starts_with(SPACE) || origin.starts_with("tk:");
        Some(from.get("due")?.as_str().filter(|_| is_task)?.to_owned())
    })
}

fn task(
    ticket: &Ticket,
    due: Option<String>,
    uuids: &Uuids,
    config: &Config,
) -> Map<String, Value> {
    let earlier = uuids.get(&ticket.id);
    let uuid = |id: &TicketId| {
        let earlier = uuids.get(id).cloned();
        earlier.unwrap_or_else(|| uuid_of(id.as_str()))
    };
    let id = ticket.id.as_str();
    let mut task = Map::new();
    let mut set = |key: &str, value: Value| {
        let nothing = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if !nothing {
            task.insert(key.to_owned(), value);
        }
    };
    set("uuid", uuid(&ticket.id).into());
    set("description", ticket.title.as_str().into());
    let done = config.statuses.is_done(&ticket.status);
    set("status", if done { "completed" } else { "pending" }.into());
    set("entry", stamp(ticket.created_at));
    set("start", stamp(ticket.started_at));
    set("end", stamp(ticket.closed_at.filter(|_| done)));
    // It refuses to let come again what is not due, or is over.
    let again = ticket.repeat.filter(|_| due.is_some() && !done);
    set("recur", again.map(recur::write).into());
    set("due", due.into());
    let wait = ticket.defer_until.and_then(|until| match until {
        Defer::At(at) => Some(at),
        Defer::Day(day) => Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp()),
    });
    set("wait", stamp(wait));
    let letter = ["H", "H", "M", "L", "L"];
    set(
        "priority",
        letter[usize::from(ticket.priority.number()).min(4)].into(),
    );
    let tags: Vec<&str> = ticket.labels.iter().map(String::as_str).collect();
    set("tags", json!(tags));
    let parent = ticket.parent.as_ref().map(ToString::to_string);
    set("project", parent.clone().into());
    let depends: Vec<String> = ticket.blocked_by.iter().map(uuid).collect();
    set("depends", json!(depends));
    let blockers = ticket.blocked_by.iter().map(|id| match uuids.get(id) {
        Some(uuid) => format!("{id}={uuid}"),
        None => id.to_string(),
    });
    let blockers: Vec<String> = blockers.collect();
    set("tkblockedby", blockers.join(" ").into());
    let annotations: Vec<Value> = ticket
        .notes
        .iter()
        // There is no annotation without a time.
        .map(|note| {
            let at = note.at.unwrap_or(Timestamp::UNIX_EPOCH);
            json!({"entry": stamp(Some(at)), "description": note.text})
        })
        .collect();
    set("annotations", annotations.into());
    set("tkid", id.into());
    set("tkuuid", earlier.cloned().into());
    set("tktype", ticket.kind.as_str().into());
    set("tkstatus", ticket.status.as_str().into());
    set("tkpriority", ticket.priority.to_string().into());
    set("tkowner", ticket.owner.clone().into());
    set("tkparent", parent.into());
    set(
        "tkestimate",
        ticket.estimate.map(|span| span.to_string()).into(),
    );
    let often = ticket.repeat.map(|often| often.to_string());
    set("tkrepeat", often.into());
    set("tkdescription", ticket.description.as_str().into());
    task
}

/// `20261120T083850Z`.
fn stamp(at: Option<Timestamp>) -> Value {
    at.map(|at| at.strftime("%Y%m%dT%H%M%SZ").to_string())
        .into()
}

/// The uuid that stands for a ticket: always the same. Of a task that is not there, others name it
/// by its own.
fn uuid_of(id: &str) -> String {
    if is_uuid(id) {
        return id.to_owned();
    }
    let hash = Sha256::digest(format!("tk:{id}"));
    let bytes = <[u8; 16]>::try_from(&hash[..16]).unwrap_or_default();
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}
