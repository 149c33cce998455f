//! `tk.delete.v1`: tickets removed.

use schemars::JsonSchema;
use serde::Serialize;

use super::{TicketFields, TicketRecord};

/// What `tk delete` did.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DeleteDocument {
    /// `tk.delete.v1`.
    pub schema: &'static str,
    /// Always true: what cannot be deleted is an error.
    pub changed: bool,
    /// The tickets that are gone.
    pub results: Vec<DeletedTicket>,
    /// The tickets that referred to them, as they now stand.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<TicketFields>,
}

/// A ticket that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeletedTicket {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The tickets whose references to it were cleared.
    pub cleared_in: Vec<String>,
}
