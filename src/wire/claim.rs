//! `tk.claim.v1`: a ticket taken.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ChangeResult, TicketFields, TicketRecord};

/// What `tk claim` did.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ClaimDocument {
    /// `tk.claim.v1`.
    pub schema: &'static str,
    /// Whether anything is different now, the lease included.
    pub changed: bool,
    /// Who holds the ticket.
    pub holder: String,
    /// Until when.
    pub lease_until: String,
    /// The remote, where it holds between clones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The fencing number there: one more at every new holding of the ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// What became of the ticket itself.
    pub results: Vec<ChangeResult>,
    /// The ticket as it now stands.
    #[schemars(with = "Vec<TicketRecord>")]
    pub tickets: Vec<TicketFields>,
}
