//! The fields of a foreign record, taken one by one; what is not taken is kept.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::imported::{self, Edges, Imported, Place, Record, Standing, wanted};
use crate::format::Kept;
use crate::model::{
    Awaiting, Category, LARGEST_TEXT, LONGEST_LINE, LONGEST_TITLE, Note, NoteKind, StatusId,
    Ticket, TicketId, moment_or_utc,
};
use crate::wire::{Misfit, MisfitKind};

/// The most fields of a record that are kept one by one.
const MOST_FIELDS: usize = 100;

/// A record that is being read.
pub(super) struct Fields {
    map: Map<String, Value>,
    kept: Vec<(String, Kept)>,
    misfits: Vec<Misfit>,
}

impl Fields {
    pub(super) fn new(map: Map<String, Value>) -> Self {
        Self {
            map,
            kept: Vec::new(),
            misfits: Vec::new(),
        }
    }

    /// The field as it is. Null is nothing.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.shift_remove(key).filter(|value| !value.is_null())
    }

    /// The field as it is, where it is a text. It stays to be taken.
    pub(super) fn peek(&self, key: &str) -> Option<&str> {
        self.map.get(key)?.as_str()
    }

    /// Gives the record a field that stands elsewhere.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.map.insert(key.to_owned(), value);
    }

    /// What was not taken.
    pub(super) fn into_rest(self) -> Map<String, Value> {
        self.map
    }

    /// A text that says something.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let value = self.take(key)?;
        match plain(&value) {
            Some(text) if text.trim().is_empty() => None,
            Some(text) => Some(text),
            None => {
                self.wrong(key, value, "a text");
                None
            }
        }
    }

    /// A text of lines, which end as they do here.
    pub(super) fn prose(&mut self, key: &str) -> Option<String> {
        Some(self.text(key)?.replace("\r\n", "\n"))
    }

    /// One line of text. One that has to be changed is kept as it was.
    pub(super) fn line(&mut self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        let line = self.one_line(key, &text, LONGEST_LINE);
        (!line.is_empty()).then_some(line)
    }

    /// Lines of text: a list of them, or one alone.
    pub(super) fn lines(&mut self, key: &str) -> Vec<String> {
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(single) => vec![single],
        };
        let mut lines = Vec::new();
        for item in items {
            match plain(&item) {
                Some(text) => lines.push(self.one_line(key, &text, LONGEST_LINE)),
                None => self.wrong(key, item, "a text"),
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// The text on one line of at most so many characters.
    pub(super) fn one_line(&mut self, key: &str, text: &str, most: usize) -> String {
        let spaced: String = text
            .trim()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let line: String = spaced.trim().chars().take(most).collect();
        if line != text.trim() {
            self.keep(key, Value::from(text));
            let message = format!("`{key}` is not one line of at most {most} characters");
            self.misfit(MisfitKind::Text, message);
        }
        line.trim_end().to_owned()
    }

    /// A moment. One without an offset from UTC is taken to be in UTC.
    pub(super) fn time(&mut self, key: &str) -> Option<Timestamp> {
        let text = self.text(key)?;
        // What Go writes for no time at all.
        if text.starts_with("0001-01-01T00:00:00") {
            return None;
        }
        let time = moment(&text);
        if time.is_none() {
            self.wrong(key, Value::from(text), "a time");
        }
        time
    }

    /// A day; of a moment the one that [`day_of`] says. The moment is kept, and told where it is
    /// not the beginning of the day.
    pub(super) fn day(&mut self, key: &str, zone: Option<&TimeZone>) -> Option<Date> {
        let text = self.text(key)?;
        let day = text.trim().parse().ok().filter(|_| text.trim().len() == 10);
        if day.is_some() {
            return day;
        }
        let Some((day, begins)) = day_of(&text, zone) else {
            self.wrong(key, Value::from(text), "a day");
            return None;
        };
        self.keep(key, Value::from(text));
        if !begins {
            let message = format!("`{key}` has a time of day, which is kept under `imported`");
            self.misfit(MisfitKind::Field, message);
        }
        Some(day)
    }

    /// A word or number with a meaning here; any other is kept, and of that kind of misfit.
    pub(super) fn word<T: FromStr>(&mut self, key: &str, kind: MisfitKind) -> Option<T>
    where
        T::Err: Display,
    {
        let text = self.text(key)?;
        match text.trim().parse() {
            Ok(word) => Some(word),
            Err(error) => {
                let message = error.to_string();
                let message = match message.contains(key) {
                    true => message,
                    false => format!("`{key}`: {message}"),
                };
                self.misfit(kind, message);
                self.keep(key, Value::from(text));
                None
            }
        }
    }

    /// Keeps what has no place in a ticket; whether it says anything.
    pub(super) fn keep(&mut self, key: &str, value: Value) -> bool {
        let Some(kept) = kept(value) else {
            return false;
        };
        imported::keep(&mut self.kept, key, kept);
        true
    }

    /// Drops what says no more than that it says nothing.
    pub(super) fn drop_zeros(&mut self) {
        self.map.retain(|_, value| match value {
            Value::Bool(flag) => *flag,
            Value::Number(number) => number.as_i64() != Some(0),
            Value::String(text) => text != "{}",
            _ => true,
        });
    }

    /// Drops what is counted there, and can be counted here.
    pub(super) fn drop_counts(&mut self, keys: &[&str]) {
        self.map.retain(|key, _| !keys.contains(&key.as_str()));
    }

    /// Keeps the field as it is, without a word about it.
    pub(super) fn keep_quietly(&mut self, key: &str) {
        if let Some(value) = self.take(key) {
            self.keep(key, value);
        }
    }

    pub(super) fn misfit(&mut self, kind: MisfitKind, message: impl Into<String>) {
        self.misfits.push(Misfit {
            kind,
            message: message.into(),
        });
    }

    /// The items of a list. What else is in its place is kept and told.
    pub(super) fn list(&mut self, key: &str) -> Vec<Value> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(Value::Object(fields)) if fields.is_empty() => Vec::new(),
            Some(other) => {
                self.wrong(key, other, "a list");
                Vec::new()
            }
        }
    }

    /// Keeps the field as it is, and says so.
    pub(super) fn wrong(&mut self, key: &str, value: Value, expected: &str) {
        self.keep(key, value);
        let message = format!("`{key}` is not {expected}");
        self.misfit(MisfitKind::Field, message);
    }

    /// The ticket of that title, still without anything else.
    pub(super) fn ticket(&mut self, key: &str) -> Result<Ticket, String> {
        let says_nothing = || format!("`{key}` is blank: expected a text");
        let is_there = self.peek(key).is_some();
        let text = self.text(key).ok_or_else(|| match is_there {
            true => says_nothing(),
            false => format!("no `{key}`: expected a text"),
        })?;
        let title = self.one_line(key, &text, LONGEST_TITLE);
        if title.is_empty() {
            return Err(says_nothing());
        }
        Ok(blank(title))
    }

    /// Lets the ticket wait until a person has said that it is work, for what is so there.
    pub(super) fn hold(&mut self, ticket: &mut Ticket, kind: MisfitKind, what: &str) {
        self.misfit(kind, format!("{what} there: it awaits approval here"));
        ticket.awaiting.get_or_insert(Awaiting::Approval);
    }

    /// A note, if it says something.
    pub(super) fn note(
        &mut self,
        at: Option<Timestamp>,
        by: &str,
        kind: NoteKind,
        text: &str,
    ) -> Option<Note> {
        let text = text.trim_end().replace("\r\n", "\n");
        if text.trim().is_empty() {
            return None;
        }
        Some(Note {
            at: Some(at.unwrap_or(Timestamp::UNIX_EPOCH)),
            by: self.one_line("author", by, LONGEST_LINE),
            kind,
            text,
        })
    }

    /// The record with that ticket and those edges; the rest of the fields is kept.
    pub(super) fn finish(mut self, read: Read) -> Record {
        let Read {
            place,
            space,
            id,
            mut ticket,
            status,
            kind,
            edges,
        } = read;
        // What keeps it from starting is not always an edge. Of ours, it is told by itself.
        let is_blocked = |status: &Standing| status.word.trim().eq_ignore_ascii_case(BLOCKED);
        if space != "tk" && status.as_ref().is_some_and(is_blocked) {
            self.hold(
                &mut ticket,
                MisfitKind::Status,
                &format!("`status` is `{BLOCKED}`"),
            );
        }
        let texts = ticket.notes.iter().map(|note| &note.text);
        if texts
            .chain([&ticket.description])
            .any(|text| text.len() > LARGEST_TEXT)
        {
            let most = LARGEST_TEXT >> 20;
            let message = format!("a text is larger than {most} MiB");
            return Record::invalid(place, id, message);
        }
        let mut rest = std::mem::take(&mut self.map);
        if rest.len() > MOST_FIELDS {
            rest = Map::from_iter([("fields".to_owned(), Value::Object(rest))]);
        }
        let mut names = Vec::new();
        for (key, value) in rest {
            if self.keep(&key, value) {
                names.push(format!("`{}`", shown(&key)));
            }
        }
        if !names.is_empty() {
            let message = format!("kept under `imported`: {}", names.join(", "));
            self.misfit(MisfitKind::Field, message);
        }
        Record::Ticket(Box::new(Imported {
            place,
            own: false,
            named: None,
            wanted: wanted(&space, &id),
            space,
            id,
            ticket,
            status,
            kind,
            edges,
            kept: self.kept,
            lost: Vec::new(),
            extra: toml::Table::new(),
            misfits: self.misfits,
        }))
    }
}

/// What a reader has made of a record.
pub(super) struct Read {
    pub(super) place: Place,
    pub(super) space: String,
    pub(super) id: String,
    pub(super) ticket: Ticket,
    pub(super) status: Option<Standing>,
    pub(super) kind: Option<String>,
    pub(super) edges: Edges,
}

/// A ticket of that title, whose id, type and status are still to come.
pub(super) fn blank(title: String) -> Ticket {
    let id = TicketId::known("imported");
    Ticket::new(id, title, String::new(), StatusId::new(""))
}

/// The status of what cannot start, wherever there is one.
const BLOCKED: &str = "blocked";

/// What words mean wherever they are used: statuses that people have configured, and those of
/// programs that write another's format.
const STATUSES: &[(&str, Category)] = &[
    ("todo", Category::Open),
    ("to do", Category::Open),
    ("backlog", Category::Open),
    ("new", Category::Open),
    ("ready", Category::Open),
    (BLOCKED, Category::Open),
    ("in progress", Category::Active),
    ("doing", Category::Active),
    ("started", Category::Active),
    ("in review", Category::Active),
    ("review", Category::Active),
    ("done", Category::Done),
    ("completed", Category::Done),
    ("closed", Category::Done),
    ("resolved", Category::Done),
    ("merged", Category::Done),
    ("cancelled", Category::Done),
    ("canceled", Category::Done),
    ("wontfix", Category::Done),
    ("abandoned", Category::Done),
    ("archived", Category::Done),
];

/// A status whose word is one of a few that are known there, or that mean the same everywhere.
pub(super) fn standing(word: Option<String>, known: &[(&str, Category)]) -> Option<Standing> {
    let word = word?;
    let lower = word.trim().to_lowercase();
    let spaced = lower.replace(['_', '-'], " ");
    let found = known.iter().find(|(name, _)| *name == lower);
    let found = found.or_else(|| STATUSES.iter().find(|(name, _)| *name == spaced));
    Some(Standing {
        category: found.map(|(_, category)| *category),
        word,
    })
}

/// The text cut to a printable length.
pub(super) fn shown(text: &str) -> String {
    crate::model::escaped(text, 60)
}

/// A moment, in one of the spellings that trackers have for it.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = moment_or_utc(text)?;
    // A file can hold no others.
    let year = at.to_zoned(TimeZone::UTC).year();
    (1..=9999).contains(&year).then_some(at)
}

/// The day of a moment, and whether it is the beginning of that: the day that the text names,
/// whatever its offset, or the one that it is in that zone.
pub(super) fn day_of(text: &str, zone: Option<&TimeZone>) -> Option<(Date, bool)> {
    let at = moment(text)?;
    let (day, begins) = match zone {
        Some(zone) => {
            let at = at.to_zoned(zone.clone());
            (at.date(), at.start_of_day().is_ok_and(|start| start == at))
        }
        None => {
            let pieces = Pieces::parse(text.trim()).ok()?;
            let time = pieces.time().unwrap_or(Time::midnight());
            (pieces.date(), time == Time::midnight())
        }
    };
    // A file can hold no others.
    (1..=9999).contains(&day.year()).then_some((day, begins))
}

/// What a single value says as a text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The value as a file keeps it; nothing where it says nothing.
fn kept(value: Value) -> Option<Kept> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Object(fields) if fields.is_empty() => None,
        Value::String(text) => Some(Kept::Text(text)),
        Value::Bool(flag) => Some(Kept::Plain(flag.to_string())),
        Value::Number(number) if number.is_i64() => Some(Kept::Plain(number.to_string())),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let texts = items.into_iter().filter_map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            });
            Some(Kept::Texts(texts.collect()))
        }
        other => Some(Kept::Text(other.to_string())),
    }
}
