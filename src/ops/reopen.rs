//! Reopening closed tickets.

use std::collections::BTreeSet;

use super::change::{Scene, Targets};
use super::new::{allow_under, check_parent};
use super::notes::say;
use super::{Changed, Project, Result};
use crate::model::{NoteKind, StatusId, Ticket, TicketId};

/// Opens the tickets again; open ones stay as they are. A query means closed ones, unless it says
/// something about that.
///
/// # Errors
/// When an agent reopens, the parent is closed, or the transition is not allowed.
pub fn reopen(project: &Project, targets: &Targets, note: Option<&str>) -> Result<Changed> {
    project.require_human("reopen")?;
    let note = note
        .map(|text| say(project, NoteKind::Comment, "note", text))
        .transpose()?;
    let targets = Targets {
        closed: true,
        ..targets.clone()
    };
    project.change(&targets, |scene, tickets| {
        let to = project.config.statuses.initial();
        let closed = closed_ones(project, tickets);
        for ticket in tickets.iter_mut() {
            if let Some(note) = &note {
                ticket.say(note);
            }
            if closed.contains(&ticket.id) {
                super::close::allow(project, ticket, to)?;
                open(ticket, to);
            }
        }
        check_parents(scene, tickets, |ticket| closed.contains(&ticket.id))
    })
}

/// Those of the tickets that are closed.
pub(super) fn closed_ones(project: &Project, tickets: &[Ticket]) -> BTreeSet<TicketId> {
    let statuses = &project.config.statuses;
    let closed = tickets
        .iter()
        .filter(|ticket| statuses.is_done(&ticket.status));
    closed.map(|ticket| ticket.id.clone()).collect()
}

/// Refuses those of the tickets that would be open under a closed epic. An epic that the same
/// command opens or closes counts as it is to be.
pub(super) fn check_parents(
    scene: &Scene<'_>,
    tickets: &[Ticket],
    which: impl Fn(&Ticket) -> bool,
) -> Result<()> {
    let statuses = &scene.project.config.statuses;
    let is_open = |ticket: &&Ticket| !statuses.is_done(&ticket.status);
    for ticket in tickets.iter().filter(is_open).filter(|it| which(it)) {
        let Some(parent) = &ticket.parent else {
            continue;
        };
        match tickets.iter().find(|other| other.id == *parent) {
            Some(parent) => allow_under(&parent.id, &parent.status, ticket, scene.project)?,
            None => check_parent(ticket, scene.index()?, scene.project)?,
        }
    }
    Ok(())
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
