//! Reopening closed tickets.

use std::collections::BTreeSet;

use super::change::Targets;
use super::new::check_parent;
use super::notes::{add, say};
use super::{Changed, Project, Result};
use crate::model::{NoteKind, StatusId, Ticket, TicketId};

/// Opens the tickets again; open ones stay as they are.
///
/// # Errors
/// When an agent reopens, the parent is closed, or the transition is not allowed.
pub fn reopen(project: &Project, targets: &Targets, note: Option<&str>) -> Result<Changed> {
    project.require_human("reopen")?;
    let note = note
        .map(|text| say(project, NoteKind::Comment, "note", text))
        .transpose()?;
    project.change(targets, |scene, tickets| {
        let to = project.config.statuses.initial();
        for ticket in tickets.iter_mut() {
            if let Some(note) = &note {
                add(ticket, note);
            }
            if project.config.statuses.is_done(&ticket.status) {
                super::close::allow(project, ticket, to)?;
                open(ticket, to);
            }
        }
        // A parent that is reopened by the same command is open.
        let opened: BTreeSet<TicketId> = tickets.iter().map(|ticket| ticket.id.clone()).collect();
        let elsewhere =
            |ticket: &&mut Ticket| !ticket.parent.as_ref().is_some_and(|id| opened.contains(id));
        for ticket in tickets.iter_mut().filter(elsewhere) {
            check_parent(ticket, scene.loaded()?, project)?;
        }
        Ok(())
    })
}

/// Puts a closed ticket into the status, with nothing left of its closing. A gate has to be
/// passed again.
pub(super) fn open(ticket: &mut Ticket, to: &StatusId) {
    ticket.status = to.clone();
    ticket.closed_at = None;
    ticket.closed_by = None;
    ticket.reason = None;
    ticket.verdict = None;
}
