//! `tk.sync.v1`: what is claimed on a remote.

use schemars::JsonSchema;
use serde::Serialize;

use super::{TicketFields, TicketRecord};

/// What `tk sync` saw.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SyncDocument {
    /// `tk.sync.v1`.
    pub schema: &'static str,
    /// The remote.
    pub remote: String,
    /// What is held there now, by ticket.
    pub claims: Vec<SyncedClaim>,
    /// The tickets that this clone still held there, and nobody in it: they were given back.
    pub given_back: Vec<String>,
    /// What is there and cannot be read as a claim.
    pub unreadable: Vec<UnreadableClaim>,
    /// Of the held tickets, those that there are here.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<TicketFields>,
}

/// A ticket that is held on a remote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SyncedClaim {
    /// The ticket.
    pub id: String,
    /// Who holds it.
    pub holder: String,
    /// Until when.
    #[schemars(extend("format" = "date-time"))]
    pub lease_until: String,
    /// The fencing number: one more at every new holding of the ticket.
    pub number: u64,
    /// Whether it is this clone's.
    pub here: bool,
}

/// A reference on a remote that is no claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnreadableClaim {
    /// Its name, cut to a printable length.
    pub reference: String,
    /// What is wrong with it.
    pub why: String,
}
