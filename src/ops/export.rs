//! Tickets for other programs.

use std::path::Path;

use super::values::invalid;
use super::{Chosen, Error, ErrorCode, Project, Result};
use crate::context::cores;
use crate::model::{Outline, Shown, Ticket};
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

/// Refuses to put an export where tickets, or what git keeps, would be lost by it.
///
/// # Errors
/// When the file is in `.ticks/` or in git's folder.
pub fn refuse_own_file(project: &Project, path: &Path) -> Result<()> {
    match project.store.is_around(path) {
        false => Ok(()),
        true => {
            let message = format!("`{}` is in a folder of tickets or of git", Shown(path));
            Err(invalid(message).hint("an export goes beside them"))
        }
    }
}

/// The tickets in that format, in the order of their ids; those that fit the query, if there is
/// one. Closed ones too, with `all` and where the query says something about that.
///
/// # Errors
/// When the query cannot be understood, or a ticket cannot be read.
pub fn export(
    project: &Project,
    format: ExportFormat,
    all: bool,
    query: Option<&str>,
) -> Result<Exported> {
    let (config, store) = (&project.config, &project.store);
    let chosen = query.map(|text| Chosen::new(project, text)).transpose()?;
    let names_closed = |chosen: &Chosen<'_>| chosen.query().names_closed();
    let closed_too = all || chosen.as_ref().is_some_and(names_closed);
    let index = project.index()?;
    let wanted = |ticket: &&Outline| closed_too || !ticket.is_done(&config.statuses);
    let mut found: Vec<&Outline> = index.tickets.iter().filter(wanted).collect();
    if let Some(chosen) = &chosen {
        let graph = project.graph(&index.tickets);
        found = chosen.among(project, &index, &graph, &found)?;
    }
    let ids: Vec<_> = found.into_iter().map(|ticket| &ticket.id).collect();
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
