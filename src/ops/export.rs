//! Tickets for other programs.

use super::{Error, ErrorCode, Project, Result};
use crate::context::cores;
use crate::model::{Outline, Ticket};
use crate::port::{self, ExportFormat};

/// From so many tickets on they are read by several threads.
const MANY: usize = 200;

/// Tickets as a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many.
    pub total: usize,
    /// The text.
    pub text: String,
}

/// The tickets in that format, in the order of their ids; with `all`, closed ones too.
///
/// # Errors
/// When a ticket cannot be read.
pub fn export(project: &Project, format: ExportFormat, all: bool) -> Result<Exported> {
    let (config, store) = (&project.config, &project.store);
    let index = project.index()?;
    let wanted = |ticket: &&Outline| all || !config.statuses.is_done(&ticket.status());
    let ids: Vec<_> = index
        .tickets
        .iter()
        .filter(wanted)
        .map(|ticket| &ticket.id)
        .collect();
    let parts = cores::spread(&ids, MANY, |ids| {
        let read = ids.iter().map(|id| {
            let stored = store.read(id, config)?;
            Ok((stored.ticket, stored.text))
        });
        read.collect::<Result<Vec<(Ticket, String)>>>()
    });
    let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
    let tickets: Vec<(Ticket, String)> = parts.into_iter().flatten().collect();
    let text = port::write(format, &tickets, config)
        .map_err(|message| Error::new(ErrorCode::Failed, message))?;
    Ok(Exported {
        total: tickets.len(),
        text,
    })
}
