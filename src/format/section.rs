//! Typed reading of one table: a value of the right form, or what is wrong with it and where.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use toml_edit::{Datetime, Offset};

use crate::model::{Defer, InvalidWord, TicketId, Usd};

use super::table::{Placed, Table, Value};
use super::value::untext;

const TIME: &str = "a time such as `2026-11-20T08:38:50Z`, without quotes";
const DATE: &str = "a date such as `2026-11-20`, without quotes";

/// A value that is not of its form.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The offset at which it stands.
    pub(super) at: usize,
    /// The key, with the path to it.
    pub(super) key: String,
    /// What is wrong.
    pub(super) message: String,
    /// What would have been right.
    pub(super) expected: String,
}

/// A table of the file: the whole of it, or an element of a list.
pub(super) struct Section<'a> {
    table: &'a Table<'a>,
    /// The list it is in and its place there; none for the whole file.
    element: Option<(&'a str, usize)>,
    /// Where to point for what is missing.
    at: usize,
}

impl<'a> Section<'a> {
    pub(super) fn root(table: &'a Table<'a>) -> Self {
        Self {
            table,
            element: None,
            at: 0,
        }
    }

    fn key(&self, key: &str) -> String {
        match self.element {
            None => key.to_owned(),
            Some((list, index)) => format!("{list}[{}].{key}", index + 1),
        }
    }

    fn item(&self, key: &str) -> Option<&'a Placed<Value<'a>>> {
        self.table.get(key)
    }

    /// An error about the value of `key`, or about its absence.
    pub(super) fn error(
        &self,
        key: &str,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> Wrong {
        Wrong {
            at: self.item(key).map_or(self.at, |item| item.at),
            key: self.key(key),
            message: message.into(),
            expected: expected.into(),
        }
    }

    fn wrong_type(&self, key: &str, value: &Value<'_>, expected: impl Into<String>) -> Wrong {
        self.error(key, format!("it is {}", type_name(value)), expected)
    }

    fn value<T>(
        &self,
        key: &str,
        expected: &str,
        take: impl FnOnce(&'a Value<'a>) -> Option<T>,
    ) -> Result<Option<T>, Wrong> {
        match self.item(key) {
            None => Ok(None),
            Some(item) => match take(&item.it) {
                Some(value) => Ok(Some(value)),
                None => Err(self.wrong_type(key, &item.it, expected)),
            },
        }
    }

    fn string(&self, key: &str) -> Result<Option<&'a str>, Wrong> {
        self.value(key, "a string in quotes", as_str)
    }

    /// A string of one line; blank is absent.
    pub(super) fn line(&self, key: &str) -> Result<Option<String>, Wrong> {
        let Some(text) = self.string(key)? else {
            return Ok(None);
        };
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            return Err(self.error(key, control(c), "one line without control characters"));
        }
        Ok((!text.trim().is_empty()).then(|| text.to_owned()))
    }

    /// A string of one line that must be there.
    pub(super) fn required_line(&self, key: &str) -> Result<String, Wrong> {
        let expected = "one line of text";
        match self.line(key)? {
            Some(text) => Ok(text),
            None if self.item(key).is_some() => Err(self.error(key, "it is blank", expected)),
            None => Err(self.error(key, "it is missing", expected)),
        }
    }

    /// A text of any number of lines; empty is absent.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Wrong> {
        let text = self.string(key)?.map(untext);
        Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// A text that must be there.
    pub(super) fn required_text(&self, key: &str) -> Result<String, Wrong> {
        let expected = "a text";
        match self.text(key)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            Some(_) => Err(self.error(key, "it is blank", expected)),
            None if self.item(key).is_some() => Err(self.error(key, "it is blank", expected)),
            None => Err(self.error(key, "it is missing", expected)),
        }
    }

    /// A text that must be there and is taken as it is, also with a line feed at its end.
    pub(super) fn required_text_as_written(&self, key: &str) -> Result<String, Wrong> {
        self.required_text(key)?;
        Ok(self.string(key)?.unwrap_or_default().to_owned())
    }

    /// A shell command; empty is absent.
    pub(super) fn command(&self, key: &str) -> Result<Option<String>, Wrong> {
        let Some(text) = self.string(key)? else {
            return Ok(None);
        };
        if text.contains('\0') {
            return Err(self.error(key, control('\0'), "a shell command"));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// A word of a closed set; blank is absent.
    pub(super) fn word<T>(&self, key: &str) -> Result<Option<T>, Wrong>
    where
        T: FromStr<Err = InvalidWord>,
    {
        let Some(text) = self.line(key)? else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|wrong: InvalidWord| {
            let message = format!("unknown {} `{}`", wrong.what, wrong.given);
            self.error(key, message, format!("one of {}", wrong.expected))
        })
    }

    /// A value that is written as a string and says itself what is wrong with it; blank is
    /// absent.
    pub(super) fn parsed<T>(&self, key: &str, expected: &str) -> Result<Option<T>, Wrong>
    where
        T: FromStr,
    {
        let Some(text) = self.line(key)? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| self.error(key, format!("`{}` is none", shown(&text)), expected))
    }

    pub(super) fn id(&self, key: &str) -> Result<Option<TicketId>, Wrong> {
        self.parsed(key, "the id of a ticket, such as `k7m`")
    }

    /// Strings, each with where it stands.
    fn strings(&self, key: &str) -> Result<Vec<(&'a str, usize)>, Wrong> {
        let expected = "an array of strings, such as `[\"a\", \"b\"]`";
        let Some(array) = self.value(key, expected, as_array)? else {
            return Ok(Vec::new());
        };
        array
            .iter()
            .enumerate()
            .map(|(index, Placed { at, it })| {
                let text = as_str(it).ok_or_else(|| {
                    let message = format!("it is {}", type_name(it));
                    self.element_error(key, index, *at, message, "a string in quotes")
                })?;
                Ok((text, *at))
            })
            .collect()
    }

    fn element_error(
        &self,
        key: &str,
        index: usize,
        at: usize,
        message: impl Into<String>,
        expected: &str,
    ) -> Wrong {
        Wrong {
            at,
            key: format!("{}[{}]", self.key(key), index + 1),
            message: message.into(),
            expected: expected.to_owned(),
        }
    }

    /// Strings of one line each, none blank.
    pub(super) fn lines(&self, key: &str) -> Result<Vec<String>, Wrong> {
        let expected = "one line of text without control characters";
        let check = |(index, (text, at)): (usize, (&str, usize))| {
            if let Some(c) = text.chars().find(|c| c.is_control()) {
                return Err(self.element_error(key, index, at, control(c), expected));
            }
            if text.trim().is_empty() {
                return Err(self.element_error(key, index, at, "it is blank", expected));
            }
            Ok(text.to_owned())
        };
        self.strings(key)?
            .into_iter()
            .enumerate()
            .map(check)
            .collect()
    }

    /// Shell commands, none blank.
    pub(super) fn commands(&self, key: &str) -> Result<Vec<String>, Wrong> {
        let check = |(index, (text, at)): (usize, (&str, usize))| {
            let wrong = if text.contains('\0') {
                control('\0')
            } else if text.trim().is_empty() {
                "it is blank".to_owned()
            } else {
                return Ok(text.to_owned());
            };
            Err(self.element_error(key, index, at, wrong, "a shell command"))
        };
        self.strings(key)?
            .into_iter()
            .enumerate()
            .map(check)
            .collect()
    }

    pub(super) fn ids(&self, key: &str) -> Result<BTreeSet<TicketId>, Wrong> {
        let check = |(index, (text, at)): (usize, (&str, usize))| {
            TicketId::parse(text).map_err(|wrong| {
                let expected = "the id of a ticket, such as `k7m`";
                self.element_error(key, index, at, wrong.to_string(), expected)
            })
        };
        self.strings(key)?
            .into_iter()
            .enumerate()
            .map(check)
            .collect()
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, Wrong> {
        let flag = self.value(key, "`true` or `false`", as_flag)?;
        Ok(flag.unwrap_or(false))
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, key: &str) -> Result<Option<u64>, Wrong> {
        let expected = "a whole number that is not negative";
        let Some(number) = self.value(key, expected, as_whole)? else {
            return Ok(None);
        };
        u64::try_from(number)
            .map(Some)
            .map_err(|_| self.error(key, format!("it is {number}"), expected))
    }

    pub(super) fn money(&self, key: &str) -> Result<Option<Usd>, Wrong> {
        let expected = "an amount in dollars from 0 to 1000000000, such as `2.50`";
        let Some(dollars) = self.value(key, expected, as_number)? else {
            return Ok(None);
        };
        Usd::from_dollars(dollars).map(Some).map_err(|_| {
            let wrong = match dollars.abs() < 1e15 {
                true => format!("it is {dollars}"),
                false => format!("it is {dollars:e}"),
            };
            self.error(key, wrong, expected)
        })
    }

    pub(super) fn time(&self, key: &str) -> Result<Option<Timestamp>, Wrong> {
        let Some(value) = self.value(key, TIME, as_time)? else {
            return Ok(None);
        };
        moment(value)
            .map(Some)
            .ok_or_else(|| self.error(key, lacking(value), TIME))
    }

    pub(super) fn date(&self, key: &str) -> Result<Option<Date>, Wrong> {
        let Some(value) = self.value(key, DATE, as_time)? else {
            return Ok(None);
        };
        day(value)
            .filter(|_| value.time.is_none())
            .map(Some)
            .ok_or_else(|| self.error(key, "it has a time of day", DATE))
    }

    /// A day or a moment.
    pub(super) fn defer(&self, key: &str) -> Result<Option<Defer>, Wrong> {
        let expected = || format!("{DATE}, or {TIME}");
        let Some(item) = self.item(key) else {
            return Ok(None);
        };
        let Some(value) = as_time(&item.it) else {
            return Err(self.wrong_type(key, &item.it, expected()));
        };
        let read = if value.time.is_none() {
            day(value).map(Defer::Day)
        } else {
            moment(value).map(Defer::At)
        };
        read.map(Some)
            .ok_or_else(|| self.error(key, lacking(value), expected()))
    }

    /// The tables of a list, however they are written.
    pub(super) fn sections(&self, key: &'a str) -> Result<Vec<Section<'a>>, Wrong> {
        let section = |index: usize, at: usize, table: &'a Table<'a>| Section {
            table,
            element: Some((key, index)),
            at,
        };
        match self.item(key).map(|item| &item.it) {
            None => Ok(Vec::new()),
            Some(Value::Tables(tables)) => Ok(tables
                .iter()
                .enumerate()
                .map(|(index, Placed { at, it })| section(index, *at, it))
                .collect()),
            Some(Value::Array(array)) => array
                .iter()
                .enumerate()
                .map(|(index, Placed { at, it })| match it {
                    Value::Table(table) => Ok(section(index, *at, table)),
                    other => {
                        let message = format!("it is {}", type_name(other));
                        Err(self.element_error(key, index, *at, message, "a table"))
                    }
                })
                .collect(),
            Some(other) => {
                let expected = format!("tables, each under a line `[[{key}]]`");
                Err(self.wrong_type(key, other, expected))
            }
        }
    }
}

fn as_str<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn as_array<'v, 'a>(value: &'v Value<'a>) -> Option<&'v [Placed<Value<'a>>]> {
    match value {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

fn as_flag(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Boolean(flag) => Some(*flag),
        _ => None,
    }
}

fn as_whole(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}

fn as_number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        #[expect(
            clippy::cast_precision_loss,
            reason = "whole numbers of dollars within the allowed range are exact"
        )]
        Value::Integer(number) => Some(*number as f64),
        _ => None,
    }
}

fn as_time<'v>(value: &'v Value<'_>) -> Option<&'v Datetime> {
    match value {
        Value::Datetime(time) => Some(time),
        _ => None,
    }
}

fn type_name(value: &Value<'_>) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "`true` or `false`",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
        Value::Tables(_) => "an array of tables",
    }
}

fn control(c: char) -> String {
    format!("it contains the control character U+{:04X}", u32::from(c))
}

/// What is wrong with a date or time that is not a moment.
fn lacking(value: &Datetime) -> &'static str {
    match (value.date, value.time, value.offset) {
        (None, ..) => "it has no date",
        (_, None, _) => "it has no time of day",
        (.., None) => "it has no offset from UTC, such as `Z`",
        _ => "it is out of range",
    }
}

fn day(value: &Datetime) -> Option<Date> {
    let date = value.date?;
    let year = i16::try_from(date.year).ok()?;
    let month = i8::try_from(date.month).ok()?;
    let day = i8::try_from(date.day).ok()?;
    Date::new(year, month, day).ok()
}

fn moment(value: &Datetime) -> Option<Timestamp> {
    let time = value.time?;
    let seconds = match value.offset? {
        Offset::Z => 0,
        Offset::Custom { minutes } => i32::from(minutes) * 60,
    };
    // A leap second is taken as the second before it.
    let second = time.second.unwrap_or(0).min(59);
    let civil = day(value)?.at(
        i8::try_from(time.hour).ok()?,
        i8::try_from(time.minute).ok()?,
        i8::try_from(second).ok()?,
        i32::try_from(time.nanosecond.unwrap_or(0)).ok()?,
    );
    let offset = jiff::tz::Offset::from_seconds(seconds).ok()?;
    offset.to_timestamp(civil).ok()
}

/// A text for a message: printable, and not long.
pub(super) fn shown(text: &str) -> String {
    crate::model::escaped(text, 60)
}
