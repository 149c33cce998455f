//! Trying a ticket again.

use super::change::Targets;
use super::notes::{refused, say};
use super::{Changed, Error, ErrorCode, Project, Result};
use crate::model::{Awaiting, Category, NoteKind, Ticket};

/// Puts tickets back that a run has tried, so that a run tries them again: what they await of a
/// person is settled by that. A note becomes feedback, with which the session goes on.
///
/// # Errors
/// When an agent does it; when nobody has tried one of them, somebody works at it, it is closed,
/// or it awaits what another try does not give.
pub fn retry(project: &Project, targets: &Targets, note: Option<&str>) -> Result<Changed> {
    project.require_human("retry")?;
    let note = note
        .map(|text| say(project, NoteKind::Feedback, "note", text))
        .transpose()?;
    project.change(targets, |scene, tickets| {
        let statuses = &project.config.statuses;
        for ticket in tickets {
            refuse(project, ticket)?;
            if let Some(claim) = scene.locked.claim(&ticket.id, project.now)? {
                let message = format!("{} works at `{}`", claim.actor, ticket.id);
                return Err(Error::new(ErrorCode::Held, message)
                    .hint(format!("`tk stop {}` ends that", ticket.id))
                    .with("id", ticket.id.as_str()));
            }
            if statuses.category(&ticket.status) != Category::Open {
                ticket.status = statuses.initial().clone();
            }
            ticket.awaiting = None;
            ticket.verdict = None;
            if let Some(note) = &note {
                ticket.say(note);
            }
        }
        Ok(())
    })
}

fn refuse(project: &Project, ticket: &Ticket) -> Result<()> {
    let id = &ticket.id;
    let wrong = |what: String, hint: String| Err(refused(format!("`{id}` {what}")).hint(hint));
    if project.config.statuses.is_done(&ticket.status) {
        let hint = format!("`tk reopen {id} --note TEXT` opens it again");
        return wrong("is closed".to_owned(), hint);
    }
    if ticket.runs.is_empty() {
        let hint = format!("`tk run {id}` does");
        return wrong("has not been tried by a run".to_owned(), hint);
    }
    match ticket.awaiting {
        Some(Awaiting::Input) => wrong(
            "awaits input".to_owned(),
            format!("`tk answer {id} TEXT` answers it"),
        ),
        Some(Awaiting::Work) => wrong(
            "awaits a person's work".to_owned(),
            format!("`tk close {id}` when it is done"),
        ),
        Some(awaiting)
            if ticket.open_question_of_agent().is_some()
                || ticket
                    .requires
                    .is_some_and(|gate| gate.awaiting() == awaiting) =>
        {
            wrong(
                format!("awaits {awaiting}"),
                format!("`tk approve {id}` lets it pass, `tk reject {id} TEXT` sends it back"),
            )
        }
        _ => Ok(()),
    }
}
