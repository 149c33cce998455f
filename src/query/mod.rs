//! The language in which people say which tickets they mean:
//! `type=bug and priority<=1 and (label:api or label:auth) and updated>-7d and "login"`.
//!
//! [`Query::parse`] reads an expression and checks it against the project's configuration:
//! that there are such fields, that the operators fit them, that the values can be.
//! [`Query::among`] looks up the tickets it names, and gives a [`Selection`], whose
//! [`matches`](Selection::matches) tells of each ticket whether it fits. What is wrong is told
//! with its place in the text.
//!
//! Nothing here reads a disk or a clock: the time is given, and so is the function that reads
//! a ticket whole, which is called only for what its outline lacks.

mod condition;
mod error;
mod expression;
mod field;
mod parse;
mod phrase;
mod selection;
mod subject;
mod token;
mod unfinished;
mod value;
mod when;

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;

use crate::model::Config;

pub use error::QueryError;
pub use field::{Field, Flag};
pub use selection::Selection;
pub use subject::Subject;
pub use unfinished::{Expected, conditions, unfinished};

use expression::Expression;

/// The most bytes of an expression.
pub const LONGEST: usize = 1 << 16;

/// An expression that has been understood. Shown, it is an expression that means the same.
#[derive(Clone, Debug)]
pub struct Query {
    expression: Expression,
    /// The tickets that are named, in words, and where.
    tickets: Vec<(String, Range<usize>)>,
    /// The time that relative ones start from.
    now: Timestamp,
}

impl Query {
    /// Reads an expression. Words are those of the configuration; relative times count from
    /// `now`, and days are those of UTC.
    ///
    /// # Errors
    /// When it cannot be understood, with the place.
    pub fn parse(text: &str, config: &Config, now: Timestamp) -> Result<Self, QueryError> {
        parse::parse(text, config, now)
    }

    /// Whether it says something about being closed, so that closed tickets are meant as far
    /// as they fit. Others are about open ones, as everything that lists tickets is.
    #[must_use]
    pub fn names_closed(&self) -> bool {
        self.expression
            .any(&|condition| condition.is_about_closing())
    }

    /// The labels that it asks for.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        let mut labels = Vec::new();
        self.expression
            .each(&mut |condition| labels.extend(condition.labels()));
        labels
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

#[cfg(test)]
mod tests;
