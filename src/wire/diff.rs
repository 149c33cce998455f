//! The document of `tk diff`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{FieldChange, TicketChange};

/// `tk diff --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DiffDocument {
    /// `tk.diff.v1`.
    pub schema: &'static str,
    /// What it was compared with.
    pub from: DiffSide,
    /// What was compared.
    pub to: DiffSide,
    /// How many tickets are different.
    pub total: usize,
    /// How many are new, and not done.
    pub opened: usize,
    /// How many are done, and were not.
    pub closed: usize,
    /// How many were done, and are no more.
    pub reopened: usize,
    /// How many are different otherwise.
    pub changed: usize,
    /// How many are there no more.
    pub deleted: usize,
    /// How many are different, and cannot be read on one side.
    pub unreadable: usize,
    /// The tickets: opened ones first, then closed, reopened, changed, deleted and unreadable
    /// ones, each by id. Two may have one id, where that was another ticket's before.
    pub tickets: Vec<DiffTicket>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DiffSide {
    /// As it was named; null for the working tree.
    pub revision: Option<String>,
    /// The commit; null for the working tree, and for `HEAD` where nothing is committed yet.
    pub commit: Option<String>,
}

/// A ticket that is different.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DiffTicket {
    /// Its id, the new one where it has another now.
    pub id: String,
    /// Its title, the last one where it is deleted.
    pub title: Option<String>,
    /// What became of it.
    pub change: TicketChange,
    /// The id that it had before.
    pub renamed_from: Option<String>,
    /// Its status before; null where it was not there.
    pub status_before: Option<String>,
    /// Its status after; null where it is not there.
    pub status: Option<String>,
    /// Why a version could not be read as a ticket.
    pub problem: Option<String>,
    /// What is different in it.
    pub changes: Vec<FieldChange>,
}
