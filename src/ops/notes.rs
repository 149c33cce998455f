//! What is said about tickets: notes, questions and their answers.

use super::change::Targets;
use super::values;
use super::{Changed, Error, ErrorCode, Project, Result};
use crate::model::{Asked, Awaiting, Note, NoteKind, Ticket};

/// Appends a note to a ticket.
///
/// # Errors
/// When the text is blank, or the ticket cannot be changed.
pub fn note(project: &Project, targets: &Targets, text: &str) -> Result<Changed> {
    let note = say(project, NoteKind::Comment, "note", text)?;
    project.change_alone(targets, |_, tickets| {
        for ticket in tickets {
            ticket.say(&note);
        }
        Ok(())
    })
}

/// Asks a person about a ticket: from then on it awaits input.
///
/// # Errors
/// When the text is blank, or the ticket is closed or awaits something else already.
pub fn ask(project: &Project, targets: &Targets, text: &str) -> Result<Changed> {
    let note = say(project, NoteKind::Question, "question", text)?;
    project.change(targets, |scene, tickets| {
        for ticket in tickets {
            let id = &ticket.id;
            if scene.project.config.statuses.is_done(&ticket.status) {
                return Err(refused(format!(
                    "`{id}` is closed: nobody waits for an answer"
                )));
            }
            match ticket.awaiting {
                None | Some(Awaiting::Input) => ticket.awaiting = Some(Awaiting::Input),
                Some(other) => {
                    return Err(refused(format!("`{id}` already awaits {other}"))
                        .hint(format!("`tk note {id} TEXT` adds to it")));
                }
            }
            ticket.say(&note);
        }
        Ok(())
    })
}

/// Answers what a ticket asks: by the number of an answer that the question offers, or by text.
///
/// # Errors
/// When the text is blank or a number that stands for no answer, the ticket awaits no input, or
/// an agent answers.
pub fn answer(project: &Project, targets: &Targets, text: &str) -> Result<Changed> {
    project.require_human("answer")?;
    let note = say(project, NoteKind::Answer, "answer", text)?;
    project.change(targets, |_, tickets| {
        for ticket in tickets {
            let id = &ticket.id;
            match ticket.awaiting {
                Some(Awaiting::Input) => ticket.awaiting = None,
                Some(other) => {
                    return Err(refused(format!("`{id}` awaits {other}, not input"))
                        .hint(format!("`tk approve {id}` or `tk reject {id} TEXT`")));
                }
                None => {
                    return Err(refused(format!("`{id}` awaits no input"))
                        .hint(format!("`tk note {id} TEXT` adds a note")));
                }
            }
            let text = chosen(ticket, &note.text)?;
            ticket.say(&Note {
                text,
                ..note.clone()
            });
        }
        Ok(())
    })
}

/// The answer as the ticket's last question understands it.
fn chosen(ticket: &Ticket, given: &str) -> Result<String> {
    let Some((question, _)) = ticket.last_question() else {
        return Ok(given.to_owned());
    };
    let asked = Asked::parse(&question.text);
    asked.answer(given).map_err(|error| {
        let offered = asked.parts.iter().flat_map(|part| {
            let numbered = part.options.iter().enumerate();
            numbered.map(|(place, option)| format!("{} {option}", place + 1))
        });
        let offered: Vec<String> = offered.map(|option| values::printable(&option)).collect();
        Error::caused(ErrorCode::InvalidArgument, error)
            .hint(format!("the answers: {}", offered.join(", ")))
            .with("id", ticket.id.as_str())
    })
}

/// A note of the one who gives the command, now.
pub(super) fn say(project: &Project, kind: NoteKind, what: &str, text: &str) -> Result<Note> {
    Ok(Note {
        at: Some(project.now),
        by: project.actor()?.as_str().to_owned(),
        kind,
        text: values::needed_text(what, text)?,
    })
}

/// What is over can be waited for by nobody.
pub(super) fn can_await_nothing(ticket: &Ticket) -> Error {
    let id = &ticket.id;
    refused(format!("`{id}` is closed: it can await nothing"))
        .hint(format!("`tk reopen {id}` opens it again"))
}

pub(super) fn refused(message: String) -> Error {
    Error::new(ErrorCode::Refused, message)
}
