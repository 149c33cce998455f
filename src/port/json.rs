//! Files of JSON objects: one a line, or all in an array.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::fields::Fields;
use super::imported::{Place, Record, Source};

/// The records of a file with an object a line, which `read` is given as well.
pub(super) fn lines(
    source: &Source,
    bytes: &[u8],
    read: impl Fn(Fields, Place, &str) -> Record,
) -> Vec<Record> {
    each_line(source, bytes, &[], |text, line| {
        let read = |fields, place| read(fields, place, text);
        one(source, text, line, &read)
    })
}

/// The records of the lines on which more stands than those marks behind it. Where one is no text,
/// it alone is wrong.
fn each_line(
    source: &Source,
    bytes: &[u8],
    marks: &[char],
    read: impl Fn(&str, usize) -> Record,
) -> Vec<Record> {
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    let records = lines.filter_map(|(bytes, line)| match source.text(bytes, line) {
        Ok(text) => {
            let text = text.trim().trim_end_matches(marks);
            (!text.is_empty()).then(|| read(text, line))
        }
        Err(wrong) => Some(wrong),
    });
    records.collect()
}

/// The first whole number of a JSON text that is none of 64 bits. Those are read as if they had a
/// fraction.
pub(super) fn too_large(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        rest = &rest[start..];
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = behind_quote(quoted);
            continue;
        }
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        if !word.contains(['.', 'e', 'E']) && word.parse::<i64>().is_err() {
            return Some(word);
        }
    }
    None
}

/// What follows the string's end.
fn behind_quote(text: &str) -> &str {
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        let (stop, behind) = rest[at..].split_at(1);
        if stop == "\"" {
            return behind;
        }
        // What it takes the meaning of is one character of ASCII.
        rest = behind.get(1..).unwrap_or_default();
    }
    ""
}

/// The records of a file with an object a line, with commas or without, or with an array of objects:
/// one, several one after the other, or one of such, as programs write that ask for page after page.
pub(super) fn objects(
    source: &Source,
    bytes: &[u8],
    read: impl Fn(Fields, Place) -> Record,
) -> Vec<Record> {
    if !bytes.trim_ascii_start().starts_with(b"[") {
        return each_line(source, bytes, &[','], |text, line| {
            one(source, text, line, &read)
        });
    }
    let text = match source.text(bytes, 1) {
        Ok(text) => text,
        Err(wrong) => return vec![wrong],
    };
    let elements = match elements(text) {
        Ok(elements) => elements,
        Err(error) => return vec![source.invalid(error.line(), said(&error))],
    };
    let (mut line, mut seen) = (1, 0);
    let records = elements.into_iter().map(|element| {
        let element = element.get();
        // It is a part of the text, so that the two addresses tell where it begins.
        let start = (element.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let passed = text.as_bytes().get(seen..start).unwrap_or_default();
        line += passed.iter().filter(|byte| **byte == b'\n').count();
        seen = start.max(seen);
        one(source, element, line, &read)
    });
    records.collect()
}

/// The elements of the arrays, and of those within.
fn elements(text: &str) -> serde_json::Result<Vec<&RawValue>> {
    let mut elements = Vec::new();
    for array in serde_json::Deserializer::from_str(text).into_iter::<Vec<&RawValue>>() {
        for element in array? {
            match element.get().starts_with('[') {
                true => elements.extend(serde_json::from_str::<Vec<&RawValue>>(element.get())?),
                false => elements.push(element),
            }
        }
    }
    Ok(elements)
}

/// The record of the object that begins at that line.
pub(super) fn one(
    source: &Source,
    text: &str,
    line: usize,
    read: &impl Fn(Fields, Place) -> Record,
) -> Record {
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(map) => read(Fields::new(map), source.at(line)),
        Err(error) => source.invalid(line + error.line().saturating_sub(1), said(&error)),
    }
}

/// What is wrong, without the line that it counts from the record's first.
fn said(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let said = message.rsplit_once(" at line ").map(|(said, _)| said);
    format!("not a JSON object: {}", said.unwrap_or(&message))
}
