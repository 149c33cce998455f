//! `tk.blocked.v1`: what cannot be done now, and why.

use schemars::JsonSchema;
use serde::Serialize;

use super::{TicketFields, TicketRecord};
use crate::model::Awaiting;

/// What `tk blocked` found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BlockedDocument {
    /// `tk.blocked.v1`.
    pub schema: &'static str,
    /// How many there are.
    pub total: usize,
    /// Whether a limit has left some out.
    pub truncated: bool,
    /// The tickets, each with its reasons.
    pub tickets: Vec<BlockedTicket>,
}

/// A ticket that has to wait.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BlockedTicket {
    /// The ticket.
    #[serde(flatten)]
    #[schemars(with = "TicketRecord")]
    pub ticket: TicketFields,
    /// What it waits for; at least one thing.
    pub reasons: Vec<ReasonRecord>,
}

/// One thing a ticket waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReasonRecord {
    /// What kind of thing.
    pub kind: ReasonKind,
    /// The tickets it is about: the blocker; the work left in the epic that blocks; those of
    /// the cycle.
    pub ids: Vec<String>,
    /// The epic that blocks.
    pub epic: Option<String>,
    /// What a person owes.
    #[schemars(with = "Option<Awaiting>")]
    pub awaiting: Option<&'static str>,
    /// Until when it is put off, a day or a time; or held.
    pub until: Option<String>,
    /// Who else holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// The epic above the ticket that waits for it, where the ticket itself does not.
    pub above: Option<String>,
}

/// The kinds of things a ticket can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// A blocker is not done.
    Blocker,
    /// A blocker is an epic with work left.
    Epic,
    /// A blocker does not exist.
    Missing,
    /// A person owes something.
    Awaiting,
    /// It is put off.
    Deferred,
    /// It waits for itself; of a long cycle the first hundred tickets are named.
    Cycle,
    /// Somebody else holds it.
    Held,
}

impl ReasonRecord {
    /// A reason of that kind about those tickets.
    #[must_use]
    pub const fn new(kind: ReasonKind, ids: Vec<String>) -> Self {
        Self {
            kind,
            ids,
            epic: None,
            awaiting: None,
            until: None,
            holder: None,
            above: None,
        }
    }
}
