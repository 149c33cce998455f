//! `tk.resolve.v1`: what became of merges that git had left.

use schemars::JsonSchema;
use serde::Serialize;

/// `tk resolve --json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ResolveDocument {
    /// `tk.resolve.v1`.
    pub schema: &'static str,
    /// Whether anything is different now.
    pub changed: bool,
    /// How many files there were to settle.
    pub total: usize,
    /// How many of them are not settled: then the exit code is 1.
    pub remaining: usize,
    /// The tickets, by id.
    pub tickets: Vec<ResolvedTicket>,
    /// Files in `.ticks/` that are no tickets and are not settled.
    pub others: Vec<String>,
    /// The folder with copies of the files whose marks alone told the sides, if there were any.
    pub backup: Option<String>,
}

/// What became of a ticket's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ResolvedTicket {
    /// The ticket.
    pub id: String,
    /// Its file, from the top of the working tree.
    pub path: String,
    /// What became of it.
    pub outcome: Resolution,
    /// The keys that both sides gave different values.
    pub keys: Vec<String>,
    /// Where two tickets had one id: the new one of the ticket that was made later.
    pub new_id: Option<String>,
    /// Why it is not settled.
    pub message: Option<String>,
}

/// What may become of a file whose merge git has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Merged, key by key.
    Merged,
    /// Settled in the file by hand before: taken as it is.
    AsEdited,
    /// Two tickets had one id; the later one has another now.
    Split,
    /// It stays, though one side deleted it.
    Kept,
    /// It is deleted, though one side changed it.
    Deleted,
    /// Not settled.
    Left,
}
