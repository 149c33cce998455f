//! The documents that commands about tickets answer with.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::TicketRecord;
use crate::model::Awaiting;

/// A ticket's keys and values, as far as they were asked for.
pub type TicketFields = Map<String, Value>;

/// What `list`, `ready`, `next` and `show` found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "TicketsDocument")]
pub struct TicketsDocument<T = TicketRecord> {
    /// `tk.<command>.v1`.
    pub schema: String,
    /// How many there are.
    pub total: usize,
    /// Whether a limit has left some out.
    pub truncated: bool,
    /// The tickets.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<T>,
}

/// What a command changed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChangesDocument {
    /// `tk.<command>.v1`.
    pub schema: String,
    /// For --dry-run: true; all else is then what would be, and nothing is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// For --query: how many tickets fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// Whether anything is different now.
    pub changed: bool,
    /// For `close`: whether all of them are closed now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<bool>,
    /// What became of each.
    pub results: Vec<ChangeResult>,
    /// The tickets as they now stand; then those that come after recurring ones that were closed.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<TicketFields>,
}

/// `tk retry --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RetryDocument {
    /// `tk.retry.v1`.
    pub schema: &'static str,
    /// Whether anything of the ticket is different now.
    pub changed: bool,
    /// The live run that tries it again at once.
    pub run: Option<String>,
    /// The command that tries it again, where no run is live.
    pub command: Option<String>,
    /// What became of the ticket.
    pub results: Vec<ChangeResult>,
    /// The ticket as it now stands.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<TicketFields>,
}

/// What became of one ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChangeResult {
    /// The ticket.
    pub id: String,
    /// Whether it is different now.
    pub changed: bool,
    /// For `close`: whether it is closed now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<bool>,
    /// What a person owes it now.
    #[schemars(with = "Option<Awaiting>")]
    pub awaiting: Option<&'static str>,
    /// For --dry-run: the keys of the ticket that would be different.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<KeyChange>>,
}

/// A key of a ticket whose value is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyChange {
    /// The key, as in the ticket's JSON.
    pub field: String,
    /// Its value before.
    pub from: Value,
    /// Its value after.
    pub to: Value,
}

/// What `tk init` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InitDocument {
    /// `tk.init.v1`.
    pub schema: &'static str,
    /// Whether anything is different now.
    pub changed: bool,
    /// The folder of the tickets.
    pub path: String,
    /// What was done, one step each.
    pub steps: Vec<InitStep>,
}

/// One thing that `tk init` sees to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct InitStep {
    /// What it is about: a file, or a setting.
    pub what: String,
    /// Whether it had to be done.
    pub changed: bool,
}
