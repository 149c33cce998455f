//! The human gates: what only people may answer.

use super::change::{Scene, Targets};
use super::notes::{can_await_nothing, refused, say};
use super::values::printable;
use super::{Changed, Error, Project, Result};
use crate::model::{APPROVED, Awaiting, Note, NoteKind, Ticket, Verdict};

/// Lets the tickets pass what they await. A run or `tk land` then lands what it has kept, and
/// closes what was done without a change; any other that nothing is kept of is closed by
/// `tk close`.
///
/// # Errors
/// When an agent approves, or a ticket is closed or awaits nothing that can be approved.
pub fn approve(project: &Project, targets: &Targets, note: Option<&str>) -> Result<Changed> {
    project.require_human("approve")?;
    let note = note
        .map(|text| say(project, NoteKind::Comment, "note", text))
        .transpose()?;
    let changed = project.change(targets, |scene, tickets| {
        for ticket in tickets {
            let is_approved =
                ticket.awaiting.is_none() && ticket.verdict == Some(Verdict::Approved);
            if !is_approved {
                refuse_closed(scene, ticket)?;
            }
            if asks_permission(ticket) {
                let text = match &note {
                    Some(note) => format!("{APPROVED}: {}", note.text),
                    None => APPROVED.to_owned(),
                };
                ticket.say(&say(project, NoteKind::Answer, "note", &text)?);
                ticket.awaiting = None;
                continue;
            }
            if let Some(note) = &note {
                ticket.say(note);
            }
            if is_approved {
                continue;
            }
            let awaited = gate(ticket)?;
            // An approval to begin is no review of what comes of it; when work begins, it is
            // forgotten again.
            if awaited == Awaiting::Approval && ticket.is_proposal()
                || ticket.ended_unlanded()
                || ticket
                    .requires
                    .is_none_or(|gate| gate.awaiting() == awaited)
            {
                ticket.verdict = Some(Verdict::Approved);
            }
            ticket.awaiting = None;
        }
        Ok(())
    })?;
    let approved = changed.results.iter().zip(changed.tickets());
    let approved = approved.filter(|(r, t)| r.changed && t.verdict.is_some());
    let approved: Vec<&Ticket> = approved.map(|(_, ticket)| ticket).collect();
    if approved.iter().any(|ticket| {
        ticket.requires.is_some() || is_to_land(ticket) || ticket.ended_without_changes()
    }) {
        tell_what_follows(project, &approved)?;
    }
    Ok(changed)
}

/// Whether what a run has kept of it lands once a person says so.
fn is_to_land(ticket: &Ticket) -> bool {
    let is_kept = ticket.requires.is_some() && !ticket.runs.is_empty();
    is_kept || ticket.ended_unlanded()
}

/// Warns where what a run has kept of the ticket is approved, and this clone has no branch of it;
/// whether that is so.
pub(super) fn tell_of_work_elsewhere(project: &Project, ticket: &Ticket) -> Result<bool> {
    let id = &ticket.id;
    let is_kept = ticket.verdict == Some(Verdict::Approved) && is_to_land(ticket);
    let (true, Some(run)) = (is_kept, ticket.runs.last()) else {
        return Ok(false);
    };
    if !project.repo.git().branches_of_ticket(id)?.is_empty() {
        return Ok(false);
    }
    project.warn(format!(
        "this clone has no branch with what run `{}` has kept of `{id}`: it is in the clone where \
         that ran, and whoever begins `{id}` in another one does it once more",
        printable(&run.run)
    ));
    project.hint(format!(
        "`tk land {id}` merges it there, when the approval has come there"
    ));
    Ok(true)
}

/// Hints at what brings the approved tickets to their ends.
fn tell_what_follows(project: &Project, approved: &[&Ticket]) -> Result<()> {
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    for ticket in approved {
        let id = &ticket.id;
        if graph.is_epic(id) {
            // One with open children closes with the last of them.
            if graph.epic_is_complete(id) {
                project.hint(format!("`tk close {id}` closes it"));
            }
        } else if ticket.ended_without_changes() {
            project.hint(format!(
                "the next run closes `{id}`, as does `tk land {id}`"
            ));
        } else if is_to_land(ticket) && !tell_of_work_elsewhere(project, ticket)? {
            project.hint(format!(
                "what a run has kept of `{id}`, `tk land {id}` merges"
            ));
        } else if ticket.requires.is_some() && !is_to_land(ticket) {
            // No run has been at it: it was done by hand.
            project.hint(format!("`tk close {id}` closes it"));
        }
    }
    Ok(())
}

/// Sends the tickets back with what is wrong with them.
///
/// A ticket that an agent has filed and nobody has begun is thereby declined and closed, and does
/// not come again; every other one goes back to the initial status.
///
/// # Errors
/// When an agent rejects, the text is blank, or a ticket is closed or awaits nothing that can be
/// rejected.
pub fn reject(project: &Project, targets: &Targets, text: &str) -> Result<Changed> {
    project.require_human("reject")?;
    let note = say(
        project,
        NoteKind::Feedback,
        "reason for the rejection",
        text,
    )?;
    project.change(targets, |scene, tickets| {
        for ticket in tickets {
            turn_down(scene, ticket, &note)?;
        }
        Ok(())
    })
}

fn turn_down(scene: &Scene<'_>, ticket: &mut Ticket, note: &Note) -> Result<()> {
    refuse_closed(scene, ticket)?;
    if asks_permission(ticket) {
        // The worker hears it and goes on without.
        ticket.awaiting = None;
        ticket.say(note);
        return Ok(());
    }
    let awaited = gate(ticket)?;
    let statuses = &scene.project.config.statuses;
    let proposed = awaited == Awaiting::Approval && ticket.is_proposal();
    let done = statuses.first(crate::model::Category::Done);
    match done.filter(|_| proposed && ticket.requires.is_none()) {
        Some(done) => {
            ticket.status = done.clone();
            ticket.closed_at = note.at;
            ticket.closed_by = Some(note.by.clone());
            ticket.reason = Some("declined".to_owned());
            // Of what nobody wants, no more comes.
            ticket.repeat = None;
        }
        None => ticket.status = statuses.initial().clone(),
    }
    ticket.verdict = Some(Verdict::Rejected);
    ticket.awaiting = None;
    ticket.say(note);
    Ok(())
}

/// What is over stays as it was closed, whoever filed it and whatever its file says it awaits.
fn refuse_closed(scene: &Scene<'_>, ticket: &Ticket) -> Result<()> {
    match scene.project.config.statuses.is_done(&ticket.status) {
        true => Err(can_await_nothing(ticket)),
        false => Ok(()),
    }
}

/// Whether a worker wants to be allowed something: that is no verdict on its work.
fn asks_permission(ticket: &Ticket) -> bool {
    ticket.awaiting == Some(Awaiting::Approval) && ticket.open_question_of_agent().is_some()
}

/// What the ticket awaits, if it can be approved or rejected.
fn gate(ticket: &Ticket) -> Result<Awaiting> {
    let id = &ticket.id;
    let wrong =
        |what: &str, hint: String| -> Error { refused(format!("`{id}` {what}")).hint(hint) };
    match ticket.awaiting {
        Some(Awaiting::Input) => Err(wrong(
            "awaits input",
            format!("`tk answer {id} TEXT` answers it"),
        )),
        Some(Awaiting::Work) => Err(wrong(
            "awaits a person's work",
            format!("`tk close {id}` when it is done"),
        )),
        Some(other) => Ok(other),
        // No run takes what an agent filed before a person has approved it, whatever its
        // file says.
        None if ticket.verdict.is_none() && ticket.is_proposal() => Ok(Awaiting::Approval),
        None => Err(wrong(
            "awaits nothing",
            format!("`tk show {id}` tells how it stands"),
        )),
    }
}
