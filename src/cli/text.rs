//! Long texts: as they stand, from standard input, or from a file.

use std::fs::File;
use std::io::Read;

use super::{Failure, Session};
use crate::model::LARGEST_TEXT;
use crate::ops::{Error, ErrorCode};

/// The text that is meant: that of standard input for `-`, that of a file for `@file` (with
/// `@@` for a text that begins with `@`), else the given one. A text with white space in it is
/// never taken for a file's name.
pub(super) fn read(session: &Session, given: &str) -> Result<String, Failure> {
    match given.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => Ok(rest.to_owned()),
        Some(name) if !name.is_empty() && !name.contains(char::is_whitespace) => {
            let what = format!("`{name}`");
            decoded(file(session, name, &what, LARGEST_TEXT)?, &what)
        }
        None if given == "-" => read_file(session, given, LARGEST_TEXT),
        _ => Ok(given.to_owned()),
    }
}

/// The text of the file of that name, or of standard input for `-`, of at most `most` bytes, a
/// whole number of MiB.
pub(super) fn read_file(session: &Session, name: &str, most: usize) -> Result<String, Failure> {
    decoded(read_bytes(session, name, most)?, &called(name))
}

/// As [`read_file`], of what need not be text.
pub(super) fn read_bytes(session: &Session, name: &str, most: usize) -> Result<Vec<u8>, Failure> {
    let what = called(name);
    match name {
        "-" => bounded(std::io::stdin().lock(), &what, most),
        name => file(session, name, &what, most),
    }
}

fn called(name: &str) -> String {
    match name {
        "-" => "standard input".to_owned(),
        name => format!("`{name}`"),
    }
}

fn file(session: &Session, name: &str, what: &str, most: usize) -> Result<Vec<u8>, Failure> {
    let file = File::open(session.context.cwd.join(name));
    bounded(file.map_err(|error| failed(what, &error))?, what, most)
}

fn decoded(bytes: Vec<u8>, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let message = format!("{what}: line {line} is not UTF-8 text");
        Error::new(ErrorCode::InvalidArgument, message).into()
    })
}

/// No more than `most` bytes are ever held in memory, whatever the other end of a pipe says.
fn bounded(from: impl Read, what: &str, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = from.take(limit).read_to_end(&mut bytes);
    read.map_err(|error| failed(what, &error))?;
    if bytes.len() > most {
        let message = format!(
            "{what} is larger than {} MiB: expected at most that",
            most >> 20
        );
        return Err(Error::new(ErrorCode::InvalidArgument, message).into());
    }
    Ok(bytes)
}

fn failed(what: &str, error: &std::io::Error) -> Failure {
    let message = format!("cannot read {what}: {error}");
    Failure::Error(Error::new(ErrorCode::InvalidArgument, message))
}

/// As [`read`], where there is a text.
pub(super) fn read_some(
    session: &Session,
    given: Option<String>,
) -> Result<Option<String>, Failure> {
    given.map(|given| read(session, &given)).transpose()
}
