//! What the fuzz targets look at and nobody else outside: both readers side by side, and what
//! a file holds beyond its ticket.

use crate::model::{Config, Ticket, TicketId};

use super::error::ParseError;
use super::extras::extras;
use super::parse::{Rules, full_ticket, plain_ticket};

/// What each reader makes of a text.
#[derive(Debug)]
pub struct Readers {
    /// The one of plain files; nothing where it leaves the text to the other.
    pub plain: Option<Ticket>,
    /// The one of any file.
    pub full: Result<Ticket, ParseError>,
}

/// Reads the text with both.
#[must_use]
pub fn readers(id: &TicketId, text: &str, config: &Config) -> Readers {
    let rules = Rules::known(config);
    Readers {
        plain: plain_ticket(id, text, &rules),
        full: full_ticket(id, text, &rules),
    }
}

/// The comments and unknown keys of a ticket's file, sorted.
///
/// # Errors
/// When the text is not TOML.
pub fn additions(text: &str, ticket: &Ticket) -> Result<Vec<String>, ParseError> {
    extras(text, ticket)
}
