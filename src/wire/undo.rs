//! `tk.undo.v1`: what was taken back.

use schemars::JsonSchema;
use serde::Serialize;

use super::{KeyChange, TicketFields, TicketRecord};

/// What `tk undo` took back.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UndoDocument {
    /// `tk.undo.v1`.
    pub schema: &'static str,
    /// For --dry-run: true; nothing is written, and all else is what would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Always true: what cannot be taken back is an error.
    pub changed: bool,
    /// When it had been done.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// By whom.
    pub by: String,
    /// What became of each ticket.
    pub results: Vec<UndoneTicket>,
    /// Those that there are, as they now stand.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<TicketFields>,
}

/// What became of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UndoneTicket {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What became of it.
    pub outcome: TakenBack,
    /// For --dry-run: the keys that would be different.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<KeyChange>>,
}

/// What taking back does to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TakenBack {
    /// It says again what it said before.
    Restored,
    /// It was deleted and is there again.
    Recreated,
    /// It was new and is gone.
    Removed,
}

impl TakenBack {
    /// The word used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Recreated => "recreated",
            Self::Removed => "removed",
        }
    }
}
