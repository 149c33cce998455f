//! Files of many new tickets.

use serde::Deserialize;

use crate::ops::{Error, ErrorCode, NewTicket, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ticket: Vec<NewTicket>,
}

/// The tickets of a TOML file with `[[ticket]]` tables, or of JSON Lines.
pub(super) fn parse(name: &str, text: &str) -> Result<Vec<NewTicket>> {
    let invalid = |line: usize, message: &str| {
        let message = format!("{name}:{line}: {message}");
        Error::new(ErrorCode::InvalidArgument, message)
    };
    let tickets: Vec<NewTicket> = if text.trim_start().starts_with('{') {
        let lines = text
            .lines()
            .zip(1..)
            .filter(|(line, _)| !line.trim().is_empty());
        lines
            .map(|(line, number)| {
                serde_json::from_str(line).map_err(|error| invalid(number, &error.to_string()))
            })
            .collect::<Result<_>>()?
    } else {
        let file: File = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(1, |before| before.matches('\n').count() + 1);
            invalid(line, error.message())
        })?;
        file.ticket
    };
    if tickets.is_empty() {
        return Err(invalid(1, "there is no ticket in it"));
    }
    Ok(tickets)
}
