//! Long texts: as they stand, from standard input, or from a file.

use std::fs;
use std::io::Read;

use super::{Failure, Session};
use crate::ops::{Error, ErrorCode};

/// The text that is meant: that of standard input for `-`, that of a file for `@file` (with
/// `@@` for a text that begins with `@`), else the given one. A text with white space in it is
/// never taken for a file's name.
pub(super) fn read(session: &Session, given: &str) -> Result<String, Failure> {
    let failed = |what: &str, error: &std::io::Error| {
        let message = format!("cannot read {what}: {error}");
        Failure::Error(Error::new(ErrorCode::InvalidArgument, message))
    };
    if given == "-" {
        let mut text = String::new();
        let read = std::io::stdin().lock().read_to_string(&mut text);
        read.map_err(|error| failed("standard input", &error))?;
        return Ok(text);
    }
    match given.strip_prefix('@') {
        Some(rest) if rest.starts_with('@') => Ok(rest.to_owned()),
        Some(file) if !file.is_empty() && !file.contains(char::is_whitespace) => {
            fs::read_to_string(session.context.cwd.join(file))
                .map_err(|error| failed(&format!("`{file}`"), &error))
        }
        _ => Ok(given.to_owned()),
    }
}

/// As [`read`], where there is a text.
pub(super) fn read_some(
    session: &Session,
    given: Option<String>,
) -> Result<Option<String>, Failure> {
    given.map(|given| read(session, &given)).transpose()
}
