//! `tk.restore.v1`: what is kept of a ticket's work, and what of it is back.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{TicketFields, TicketRecord};

/// `tk restore --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RestoreDocument {
    /// `tk.restore.v1`.
    pub schema: &'static str,
    /// Whether anything was brought back.
    pub changed: bool,
    /// The ticket.
    pub id: String,
    /// The number of the backup that is back.
    pub from: Option<u64>,
    /// The branch that has it.
    pub branch: Option<String>,
    /// The commit that has it.
    pub commit: Option<String>,
    /// The files that the commit changed.
    pub files: Vec<String>,
    /// What is kept, newest first, but for what is part of another.
    pub backups: Vec<BackupRecord>,
    /// The ticket, which stays as it was; none if it was deleted.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<TicketFields>,
}

/// A backup, and what bringing it back changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BackupRecord {
    /// Its number among those of the ticket.
    pub number: u64,
    /// The reference's full name.
    pub reference: String,
    /// The commit.
    pub commit: String,
    /// When that was made.
    #[schemars(with = "Option<String>")]
    pub at: Option<Timestamp>,
    /// What bringing it back comes to.
    pub state: BackupState,
    /// The files that it changes, or that are in conflict.
    pub files: Vec<String>,
}

/// What bringing a backup back comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    /// All of it was there.
    There,
    /// It changes files.
    Missing,
    /// The same lines were changed since.
    Conflict,
}
