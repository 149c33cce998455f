//! How an attempt ended that the next run goes on from without a worker: what a run says of it
//! in the ticket, and how that is known again.

use super::{Actor, Note, Outcome, RunRecord, Ticket};

/// What the note begins with that a run leaves in a ticket whose worker changed nothing.
pub const NO_CHANGES: &str = "Agent failed: no_changes:";

/// What the note begins with that a run leaves in a ticket whose worker was done when the run
/// was stopped.
pub const DONE: &str = "Done, and stopped before it had landed:";

/// What the note begins with that a run leaves in a ticket whose work conflicts with what has
/// landed.
pub const CONFLICT: &str = "Agent failed: merge_conflict:";

/// What the note begins with that a run leaves in a ticket whose approved work does not pass its
/// gate.
pub const RED: &str = "Agent failed: check:";

impl Ticket {
    /// Whether its last attempt was done and could not land as things were, for a conflict or a
    /// red check: when a person says so, it is to land after all.
    #[must_use]
    pub fn ended_unlanded(&self) -> bool {
        let so = |word| self.ended_so(Outcome::Awaiting, word);
        so(CONFLICT) || so(RED)
    }

    /// Whether its last attempt ended done without a difference: nothing of it can be merged,
    /// and all that it waits for is a person's word.
    #[must_use]
    pub fn ended_without_changes(&self) -> bool {
        self.ended_so(Outcome::Awaiting, NO_CHANGES)
    }

    /// Whether its last attempt was stopped when its worker was done, and before it had landed.
    #[must_use]
    pub fn ended_done(&self) -> bool {
        self.ended_so(Outcome::Stopped, DONE)
    }

    /// Whether people wrote about it since that attempt ended.
    #[must_use]
    pub fn has_feedback_since(&self, run: &RunRecord) -> bool {
        let since = |note: &Note| run.ended_at.is_some_and(|ended| note.at > Some(ended));
        let mut by_people = self.notes.iter().filter(|note| note.is_by_person());
        by_people.any(since)
    }

    fn ended_so(&self, outcome: Outcome, word: &str) -> bool {
        self.runs.last().is_some_and(|last| {
            last.outcome == Some(outcome) && self.notes.iter().any(|note| is_of(note, last, word))
        })
    }
}

/// Whether the note is what the run said when that attempt ended.
fn is_of(note: &Note, last: &RunRecord, word: &str) -> bool {
    // The note of an earlier end of the attempt tells nothing of the last one.
    last.ended_at.is_some_and(|ended| note.at >= Some(ended))
        && note.by == Actor::agent(&last.agent).as_str()
        && note.text.starts_with(word)
}
