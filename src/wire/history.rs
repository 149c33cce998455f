//! The document of `tk history`, and what became of tickets.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// `tk history --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct HistoryDocument {
    /// `tk.history.v1`.
    pub schema: &'static str,
    /// How many entries there are.
    pub total: usize,
    /// Whether a limit has left some out.
    pub truncated: bool,
    /// What changed the ticket, newest first.
    pub entries: Vec<HistoryEntry>,
    /// The ticket.
    pub tickets: Vec<HistoryTicket>,
}

/// The ticket that a history is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HistoryTicket {
    /// Its id.
    pub id: String,
    /// Its title, the last one where it is deleted; null where no version could be read.
    pub title: Option<String>,
    /// Whether there is no such ticket any more.
    pub deleted: bool,
}

/// A commit that changed a ticket; or, without one, what is not committed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct HistoryEntry {
    /// The commit; null for what is not committed yet.
    pub commit: Option<String>,
    /// When it was committed.
    #[schemars(with = "Option<Timestamp>")]
    pub at: Option<String>,
    /// Its author's name.
    pub author: Option<String>,
    /// Its author's address.
    pub email: Option<String>,
    /// The run that made it, by the commit's trailer.
    pub run: Option<String>,
    /// The agent that worked for that run, such as `agent:claude`, by the ticket's own record.
    pub actor: Option<String>,
    /// The first line of its message.
    pub subject: Option<String>,
    /// What became of the ticket.
    pub change: TicketChange,
    /// The id that it had before.
    pub renamed_from: Option<String>,
    /// Why a version could not be read as a ticket.
    pub problem: Option<String>,
    /// What changed in it. Of a merge, only what none of its sides had.
    pub changes: Vec<FieldChange>,
}

/// What became of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketChange {
    /// It is new, and not done.
    Opened,
    /// It is done, and was not.
    Closed,
    /// It was done, and is no more.
    Reopened,
    /// Something else.
    Changed,
    /// It is there no more.
    Deleted,
    /// Its file cannot be read as a ticket.
    Unreadable,
}

impl TicketChange {
    /// Every one, in the order in which they are told.
    pub const ALL: &'static [Self] = &[
        Self::Opened,
        Self::Closed,
        Self::Reopened,
        Self::Changed,
        Self::Deleted,
        Self::Unreadable,
    ];

    /// The word in JSON and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One thing that is different in a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FieldChange {
    /// The key.
    pub field: String,
    /// What happened to it.
    pub change: ChangeWord,
    /// What it was; of a list, the element. Null for a description.
    pub from: Value,
    /// What it is.
    pub to: Value,
    /// Of a description: how many lines are new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines_added: Option<usize>,
    /// Of a description: how many lines are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines_removed: Option<usize>,
}

/// What happened to a key, or to an element of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeWord {
    /// It had no value, and has one.
    Set,
    /// It has another value.
    Changed,
    /// It had a value, and has none.
    Cleared,
    /// The element is new.
    Added,
    /// The element is gone.
    Removed,
}

impl ChangeWord {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Changed => "changed",
            Self::Cleared => "cleared",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}
