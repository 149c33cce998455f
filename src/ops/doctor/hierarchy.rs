//! Tickets whose status does not fit what is around them.

use super::Exam;
use super::found::Found;
use crate::model::{Actor, Category, Outline, TicketId, some_of};
use crate::wire::{FindingKind, Severity};

/// Closed epics with open children, and work in progress that nobody holds.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Vec<Found<'a>> {
    if !exam.configured {
        // Which statuses there are, and what they mean, is not known.
        return Vec::new();
    }
    let statuses = &exam.project.config.statuses;
    let mut found = Vec::new();
    for ticket in &exam.loaded.tickets {
        let id = &ticket.id;
        match ticket.category(statuses) {
            Category::Done => found.extend(open_children(exam, id)),
            Category::Active if !exam.graph.is_epic(id) => found.extend(unclaimed(exam, ticket)),
            Category::Active | Category::Open => {}
        }
    }
    found
}

fn open_children<'a>(exam: &Exam<'a>, id: &TicketId) -> Option<Found<'a>> {
    const SHOWN: usize = 5;
    let children = exam.graph.children(id);
    let open = children.iter().filter(|child| exam.is_open(child.as_str()));
    let open: Vec<&str> = open.map(TicketId::as_str).collect();
    if open.is_empty() {
        return None;
    }
    let shown = some_of(open.iter(), SHOWN);
    let message = format!("it is closed, and open are still {shown}");
    let found = Found::new(FindingKind::OpenChildren, Severity::Warning, message);
    Some(found.ticket(id).command(format!("tk reopen {id}")))
}

/// Work in progress that a person owns is that person's; work of nobody's, or of an agent's
/// that holds no claim, may be forgotten.
fn unclaimed<'a>(exam: &Exam<'a>, ticket: &Outline) -> Option<Found<'a>> {
    let id = &ticket.id;
    let owner = ticket.owner().map(Actor::new);
    let by_person = owner.as_ref().is_some_and(|owner| !owner.is_agent());
    let now = exam.project.now;
    let held = exam.claims.iter().any(|file| {
        let live = file
            .claim
            .as_ref()
            .is_ok_and(|claim| now < claim.lease_until);
        live && file.id.as_ref() == Some(id)
    });
    if by_person || held || exam.runs.is_theirs(id) {
        return None;
    }
    let message = match owner {
        Some(owner) => format!("in progress with {owner}, who holds no claim on it"),
        None => "in progress, and nobody holds it".to_owned(),
    };
    let hint = format!("`tk claim {id}` takes it, `tk update {id} --status STATUS` puts it back");
    let found = Found::new(FindingKind::Unclaimed, Severity::Note, message);
    Some(found.ticket(id).hint(hint))
}
