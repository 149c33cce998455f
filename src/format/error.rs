//! Why a text is not a ticket, and why an edit was not made.

use std::fmt;

/// Why a text is not a ticket: what is wrong, where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key, such as `status` or `notes[2].at`, where it is known.
    pub key: Option<String>,
    /// What is wrong, without the place.
    pub message: String,
    /// What would have been right, where that can be said.
    pub expected: Option<String>,
}

impl ParseError {
    /// What is wrong and what was expected, for where the place is told apart.
    #[must_use]
    pub fn without_place(&self) -> String {
        let mut text = String::new();
        if let Some(key) = &self.key {
            text.push_str(&format!("`{key}`: "));
        }
        text.push_str(&self.message);
        if let Some(expected) = &self.expected {
            text.push_str(&format!(": expected {expected}"));
        }
        text
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = (self.line, self.column);
        write!(f, "line {line}, column {column}: {}", self.without_place())
    }
}

impl std::error::Error for ParseError {}

/// Why a file's text was not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not a ticket, and nothing is written over what does not parse.
    #[error("the file cannot be read as a ticket: {0}")]
    Unreadable(#[source] ParseError),
    /// The text does not say what the caller takes it to say.
    #[error("the file is no longer what was read")]
    Stale,
    /// The new ticket holds a value that no file can hold.
    #[error("the change cannot be written: {0}")]
    Unwritable(#[source] ParseError),
    /// The edited text would not read as the new ticket.
    #[error("the change cannot be written so that it reads back the same")]
    Unfaithful,
}
