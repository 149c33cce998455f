//! What a worker asks of a person through its ticket, and what the person says to it.
//!
//! The question is a note, and the ticket awaits somebody; who answers clears the one and
//! writes a note after the other. Nothing else carries an answer, so that any program that
//! changes the ticket can give one, while the worker lives and long after.

use jiff::Timestamp;

use super::job::Job;
use super::shared::Shared;
use super::tickets;
use crate::model::{APPROVED, Awaiting, Note, NoteKind, Ticket};
use crate::store::StoreError;

/// A question of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asking {
    /// What the ticket awaits meanwhile.
    pub awaiting: Awaiting,
    /// The note's text.
    pub text: String,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nobody has answered.
    Nothing,
    /// The answer, or the approval.
    Answer(String),
    /// The refusal.
    Refusal(String),
    /// A person took the question away without a word.
    Withdrawn,
}

/// Puts the question into the ticket. The run keeps the ticket.
pub(super) fn ask(shared: &Shared, job: &Job, asking: &Asking) -> Result<(), StoreError> {
    let note = Note {
        at: Some(shared.ctx.now()),
        by: tickets::actor(job).to_string(),
        kind: NoteKind::Question,
        text: asking.text.clone(),
    };
    let ask = |ticket: &mut Ticket| {
        ticket.awaiting = Some(asking.awaiting);
        ticket.say(&note);
    };
    tickets::change(shared, &job.ticket.id, ask).map(drop)
}

/// Whether the question is in the ticket, asked by the asker at that time or after.
pub(super) fn was_asked(ticket: &Ticket, asker: &str, asking: &Asking, since: Timestamp) -> bool {
    ticket.notes.iter().any(|note| {
        note.kind == NoteKind::Question
            && note.by == asker
            && note.text == asking.text
            && note.at >= Some(since)
    })
}

/// Whether the ticket awaits what the asker asked for itself.
pub(super) fn is_open(ticket: &Ticket, asker: &str) -> bool {
    let wanted = matches!(ticket.awaiting, Some(Awaiting::Input | Awaiting::Approval));
    let asked = ticket
        .notes
        .iter()
        .rfind(|note| note.kind == NoteKind::Question);
    wanted && asked.is_some_and(|note| note.by == asker)
}

/// Takes back a question that needs no answer any more, if it is still open.
pub(super) fn withdraw(shared: &Shared, job: &Job, asking: &Asking) -> Result<(), StoreError> {
    let withdraw = |ticket: &mut Ticket| {
        if said(ticket, &tickets::actor(job).to_string(), asking) == Said::Nothing {
            ticket.awaiting = None;
        }
    };
    tickets::change(shared, &job.ticket.id, withdraw).map(drop)
}

/// What people have said to the question by now.
pub(super) fn said(ticket: &Ticket, asker: &str, asking: &Asking) -> Said {
    if ticket.awaiting == Some(asking.awaiting) {
        return Said::Nothing;
    }
    let is_it = |note: &Note| {
        note.kind == NoteKind::Question && note.by == asker && note.text == asking.text
    };
    let after = ticket.notes.iter().rposition(is_it).map_or(0, |at| at + 1);
    let by_people = ticket.notes[after..].iter().filter(|n| n.is_by_person());
    let mut said = by_people.filter(|note| match note.kind {
        NoteKind::Answer => asking.awaiting == Awaiting::Input || is_approval(note),
        kind => kind == NoteKind::Feedback,
    });
    match said.next_back() {
        Some(note) if note.kind == NoteKind::Answer => Said::Answer(note.text.clone()),
        Some(note) => Said::Refusal(note.text.clone()),
        None => Said::Withdrawn,
    }
}

/// The requests for permission that people have approved.
pub(super) fn granted(ticket: &Ticket, asker: &str) -> Vec<String> {
    let mut asked = None;
    let mut granted = Vec::new();
    for note in &ticket.notes {
        if note.kind == NoteKind::Question {
            asked = (note.by == asker).then_some(&note.text);
        } else if note.is_by_person() && is_approval(note) {
            granted.extend(asked.take().cloned());
        }
    }
    granted
}

/// What a worker that wants to be allowed something asks.
pub(super) fn permission(tool: &str, what: &str) -> Asking {
    // A shell's command stands for itself; of other tools the name is a part of it.
    let what = what.strip_prefix(tool).unwrap_or(what).trim_start();
    Asking {
        awaiting: Awaiting::Approval,
        text: format!("permission: {tool}: {what}"),
    }
}

fn is_approval(note: &Note) -> bool {
    let rest = note.text.strip_prefix(APPROVED);
    note.kind == NoteKind::Answer
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{StatusId, TicketId};

    fn ticket(notes: &[(&str, NoteKind, &str)]) -> Ticket {
        let id = TicketId::parse("abc").unwrap();
        let mut ticket = Ticket::new(id, "One".into(), "task".into(), StatusId::new("open"));
        for (by, kind, text) in notes {
            ticket.say(&Note {
                at: Some("2026-11-20T09:00:00Z".parse().unwrap()),
                by: (*by).to_owned(),
                kind: *kind,
                text: (*text).to_owned(),
            });
        }
        ticket
    }

    #[test]
    fn only_people_answer_and_only_an_approval_allows() {
        let agent = "agent:claude";
        let asking = permission("Bash", "touch a");
        let question = (agent, NoteKind::Question, asking.text.as_str());
        for (by, kind, text, expected) in [
            (
                "dana",
                NoteKind::Answer,
                "approved",
                Said::Answer("approved".into()),
            ),
            (
                "dana",
                NoteKind::Answer,
                "approved: once",
                Said::Answer("approved: once".into()),
            ),
            ("dana", NoteKind::Answer, "approvedly not", Said::Withdrawn),
            ("dana", NoteKind::Feedback, "no", Said::Refusal("no".into())),
            ("agent:other", NoteKind::Answer, "approved", Said::Withdrawn),
            ("dana", NoteKind::Comment, "approved", Said::Withdrawn),
        ] {
            let ticket = ticket(&[question, (by, kind, text)]);
            assert_eq!(said(&ticket, agent, &asking), expected, "{by} {text}");
            let allowed = matches!(expected, Said::Answer(_));
            assert_eq!(
                granted(&ticket, agent).len(),
                usize::from(allowed),
                "{by} {text}"
            );
        }
        let mut open = ticket(&[question]);
        open.awaiting = Some(Awaiting::Approval);
        assert_eq!(said(&open, agent, &asking), Said::Nothing);
        assert!(granted(&open, agent).is_empty());
    }
}
