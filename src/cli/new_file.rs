//! Files of many new tickets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::ops::{NewTicket, Place, Result, in_file};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ticket: Vec<NewTicket>,
}

/// The same file, for where its keys are.
#[derive(Deserialize)]
struct Keys {
    ticket: Vec<BTreeMap<Spanned<String>, IgnoredAny>>,
}

/// The tickets of a TOML file with `[[ticket]]` tables, or of JSON Lines.
pub(super) fn parse(name: &str, text: &str) -> Result<Vec<NewTicket>> {
    let name = if name == "-" { "standard input" } else { name };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    let tickets = if start.starts_with('{') {
        json_lines(name, text)?
    } else if is_json_array(start) {
        let line = text[..text.len() - start.len()].matches('\n').count() + 1;
        let message = "a JSON array: expected one object a line, without the array";
        return Err(in_file(name, line, message).hint("`jq -c '.[]'` makes that of it"));
    } else {
        toml_tables(name, text)?
    };
    if tickets.is_empty() {
        return Err(in_file(name, 1, "there is no ticket in it"));
    }
    Ok(tickets)
}

/// Whether it begins as a JSON array of objects does, and no TOML.
fn is_json_array(text: &str) -> bool {
    let inside = text.strip_prefix('[');
    inside.is_some_and(|inside| inside.trim_start().starts_with('{'))
}

fn json_lines(name: &str, text: &str) -> Result<Vec<NewTicket>> {
    let lines = text.lines().zip(1..);
    let full = lines.filter(|(line, _)| !line.trim().is_empty());
    full.map(|(text, line)| {
        let mut ticket: NewTicket = serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            // The line that it names is that of this one object.
            let said = message.rsplit_once(" at line ").map(|(said, _)| said);
            in_file(name, line, said.unwrap_or(&message))
        })?;
        ticket.place = Some(Place {
            file: name.to_owned(),
            line,
            ..Place::default()
        });
        Ok(ticket)
    })
    .collect()
}

fn toml_tables(name: &str, text: &str) -> Result<Vec<NewTicket>> {
    let line_of = |place: usize| {
        let before = text.get(..place).unwrap_or_default();
        before.matches('\n').count() + 1
    };
    let refused = |error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(span.start));
        in_file(name, line, error.message())
    };
    let mut file: File = toml::from_str(text).map_err(refused)?;
    let keys: Keys = toml::from_str(text).map_err(refused)?;
    for (ticket, keys) in file.ticket.iter_mut().zip(keys.ticket) {
        let lines = keys.into_keys().map(|key| {
            let line = line_of(key.span().start);
            (key.into_inner(), line)
        });
        let keys: BTreeMap<String, usize> = lines.collect();
        ticket.place = Some(Place {
            file: name.to_owned(),
            line: keys.values().min().copied().unwrap_or(1),
            keys,
            ..Place::default()
        });
    }
    Ok(file.ticket)
}
