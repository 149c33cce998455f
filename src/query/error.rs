//! What is wrong with an expression, and where.

use std::ops::Range;

use crate::model::likeliest;

/// Why an expression cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// What is wrong, and what was expected; one line, lower case.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The faulty part of the text, in bytes; empty at its end where something is missing.
    pub at: Range<usize>,
}

impl QueryError {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            at,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a hint at the known word that is most like the given one, if one is.
    pub(super) fn suggest<'w>(self, given: &str, known: impl IntoIterator<Item = &'w str>) -> Self {
        match likeliest(&given.to_lowercase(), known) {
            Some(word) => self.hint(format!("did you mean `{word}`?")),
            None => self,
        }
    }
}
