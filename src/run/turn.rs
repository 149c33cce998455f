//! What one worker process came to, whatever kind of agent it was.

use jiff::Timestamp;

use super::asking::Asking;
use super::desk::{Bill, Stop};

/// How a worker process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TurnEnd {
    /// It says that it is done.
    Done { summary: String },
    /// It says that it is not: blocked or partial.
    NotDone {
        status: String,
        summary: String,
        question: Option<String>,
    },
    /// It asked a person something, nobody answered for long, and it was put aside. The ticket
    /// has the question already.
    Asked(Asking),
    /// It failed.
    Failed {
        class: String,
        reason: String,
        trouble: TurnTrouble,
    },
    /// It was interrupted.
    Interrupted(Stop),
    /// It took longer than it may.
    TimeLimit,
}

/// What can be done about a failed worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnTrouble {
    /// Nothing: the ticket failed.
    Final,
    /// It ended without a result, or went silent: its session can go on.
    Crashed,
    /// Its reservation is used up; with a new one it can go on.
    Budget,
    /// The session to resume does not exist: a fresh one is needed.
    NoSession,
    /// No worker of this account can work before that moment, or for an unknown time; its session
    /// can go on then.
    Limited(Option<Timestamp>),
    /// No worker of this account can work.
    Account,
}

/// What one worker process came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub end: TurnEnd,
    pub bill: Bill,
    /// The session that can be resumed.
    pub session: Option<String>,
    pub model: Option<String>,
    /// Whether it went on with an earlier session.
    pub resumed: bool,
    /// The questions of its own tool, whose answers it hears, as they are in the ticket.
    pub asked: Vec<String>,
}
