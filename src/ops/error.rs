//! The one error that commands end with, and the table from its code to the exit code.

use std::error::Error as StdError;
use std::fmt;
use std::ops::Range;

use serde_json::{Map, Value};

/// What went wrong, as a stable code: `TICKET_NOT_FOUND` and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// It did not work, for a reason none of the others names.
    Failed,
    /// The answer is no.
    No,
    /// A value that cannot be.
    InvalidArgument,
    /// No ticket of that id.
    TicketNotFound,
    /// More than one ticket fits.
    AmbiguousId,
    /// A run of that name does not exist.
    RunNotFound,
    /// A ticket file that cannot be read as one.
    InvalidTicket,
    /// The configuration or an agent's file cannot be read as one.
    InvalidConfig,
    /// Tickets that wait for one another.
    Cycle,
    /// The rules do not allow it.
    Refused,
    /// Only people may.
    HumansOnly,
    /// Another process has the store's lock, or wrote without it.
    Locked,
    /// Another actor or run has the ticket.
    Held,
    /// The ticket is no longer what the caller saw.
    Changed,
    /// There is no git repository with a working tree here.
    NoRepository,
    /// There is no `.ticks/` here.
    NotInitialised,
    /// A `git` command failed.
    Git,
    /// A run ended with failed tickets.
    RunFailed,
    /// A run was stopped.
    RunStopped,
    /// A run waits for a person.
    RunWaiting,
    /// A run reached its budget.
    BudgetReached,
    /// A bug in `tk`.
    Bug,
}

impl ErrorCode {
    /// The stable name and the exit code.
    const fn row(self) -> (&'static str, u8) {
        match self {
            Self::Failed => ("FAILED", 1),
            Self::No => ("NO", 1),
            Self::InvalidArgument => ("INVALID_ARGUMENT", 2),
            Self::TicketNotFound => ("TICKET_NOT_FOUND", 3),
            Self::AmbiguousId => ("AMBIGUOUS_ID", 3),
            Self::RunNotFound => ("RUN_NOT_FOUND", 3),
            Self::InvalidTicket => ("INVALID_TICKET", 4),
            Self::InvalidConfig => ("INVALID_CONFIG", 4),
            Self::Cycle => ("CYCLE", 4),
            Self::Refused => ("REFUSED", 4),
            Self::HumansOnly => ("HUMANS_ONLY", 4),
            Self::Locked => ("LOCKED", 5),
            Self::Held => ("HELD", 5),
            Self::Changed => ("CHANGED", 5),
            Self::NoRepository => ("NO_REPOSITORY", 6),
            Self::NotInitialised => ("NOT_INITIALISED", 6),
            Self::Git => ("GIT", 6),
            Self::RunFailed => ("RUN_FAILED", 7),
            Self::RunStopped => ("RUN_STOPPED", 8),
            Self::RunWaiting => ("RUN_WAITING", 9),
            Self::BudgetReached => ("BUDGET_REACHED", 10),
            Self::Bug => ("BUG", 70),
        }
    }

    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        self.row().1
    }

    /// Whether the same command may succeed later without anything being changed.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Locked | Self::Held)
    }
}

/// What went wrong, with hints on what to do and the facts a program needs.
#[derive(Debug)]
pub struct Error {
    /// The code.
    pub code: ErrorCode,
    /// What is wrong, where, what was expected; lower case, one line or more.
    pub message: String,
    /// What to do.
    pub hints: Vec<String>,
    /// Facts: what was given, near matches.
    pub context: Box<Map<String, Value>>,
    /// The part of an expression that is at fault, if one is.
    pub fault: Option<Box<Fault>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The part of an expression that is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The whole expression.
    pub text: String,
    /// The part, in bytes; empty where something is missing.
    pub at: Range<usize>,
}

/// A result, with the edge's error unless told otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of that code and message.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hints: Vec::new(),
            context: Box::default(),
            fault: None,
            source: None,
        }
    }

    /// An error whose message is that of `source`, kept as its cause.
    #[must_use]
    pub fn caused(code: ErrorCode, source: impl StdError + Send + Sync + 'static) -> Self {
        let mut error = Self::new(code, source.to_string());
        error.source = Some(Box::new(source));
        error
    }

    /// With a hint on what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With a fact for programs.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.context.insert(key.to_owned(), value.into());
        self
    }

    /// With the part of an expression that is at fault, in bytes. Programs are told it in
    /// characters.
    #[must_use]
    pub fn within(mut self, text: &str, at: Range<usize>) -> Self {
        let characters = |part: Option<&str>| part.unwrap_or_default().chars().count();
        let offset = characters(text.get(..at.start));
        let length = characters(text.get(at.clone()));
        let text = text.to_owned();
        self.fault = Some(Box::new(Fault { text, at }));
        self.with("offset", offset).with("length", length)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
