//! Work that is done without a difference: how a run says so in a ticket, and how that is known
//! again.

use super::{Actor, Note, Outcome, RunRecord, Ticket};

/// What the note begins with that a run leaves in a ticket whose worker changed nothing.
pub const NO_CHANGES: &str = "Agent failed: no_changes:";

impl Ticket {
    /// Whether its last attempt ended done without a difference: nothing of it can be merged,
    /// and all that it waits for is a person's word.
    #[must_use]
    pub fn ended_without_changes(&self) -> bool {
        let Some(last) = self.runs.last() else {
            return false;
        };
        last.outcome == Some(Outcome::Awaiting) && self.notes.iter().any(|note| says_so(note, last))
    }
}

fn says_so(note: &Note, last: &RunRecord) -> bool {
    // The note of an earlier end of the attempt tells nothing of the last one.
    last.ended_at.is_some_and(|ended| note.at >= ended)
        && note.by == Actor::agent(&last.agent).as_str()
        && note.text.starts_with(NO_CHANGES)
}
