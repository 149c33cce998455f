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
    /// The tickets that are open here, and closed in another clone, or await a person there, which
    /// has yet to be fetched and merged: nobody is to begin them here.
    pub not_arrived: Vec<NotArrived>,
    /// The tickets of which others were told that they were closed here, and that are open again:
    /// others were told that now.
    pub reopened: Vec<String>,
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

/// What became of a ticket in another clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotArrived {
    /// The ticket.
    pub id: String,
    /// When it was closed there, if it was.
    #[schemars(extend("format" = "date-time"))]
    pub closed_at: Option<String>,
    /// Else what a person owes it there.
    pub awaiting: Option<String>,
    /// Who closed it, or worked at it.
    pub by: String,
}

/// A reference on a remote that is no claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnreadableClaim {
    /// Its name, cut to a printable length.
    pub reference: String,
    /// What is wrong with it.
    pub why: String,
}
