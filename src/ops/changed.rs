//! What became of tickets that a command was to change.

use super::Project;
use super::change::Targets;
use super::differences::differences;
use super::records::{alone, records_among};
use crate::model::{StatusId, Ticket};
use crate::store::{Index, Written};
use crate::wire::{ChangeResult, KeyChange, TicketRecord};

/// What a command changed.
pub struct Changed {
    /// What became of each ticket, in the order they were named.
    pub results: Vec<ChangeResult>,
    /// How many fitted the query, if there was one.
    pub total: Option<usize>,
    /// That is what would be: nothing has been written.
    pub dry_run: bool,
    written: Written,
    /// Every ticket as it then stands, where the command read them all.
    among: Option<Index>,
}

/// What is told of a ticket as it was before a change: of many, not all that they said is there at
/// once with what they are to say.
pub(super) struct Was {
    pub(super) status: StatusId,
    is_changed: bool,
    /// Each single change, where nothing is written.
    changes: Option<Vec<KeyChange>>,
}

impl Was {
    /// Of the ticket that is to be as `new`.
    pub(super) fn new(old: &Ticket, new: &Ticket, dry_run: bool) -> Self {
        Self {
            status: old.status.clone(),
            is_changed: old != new,
            changes: dry_run.then(|| differences(old, new)),
        }
    }
}

impl Changed {
    /// What was changed of these tickets, which are as written now.
    pub(super) fn new(before: Vec<Was>, written: Written, among: Option<Index>) -> Self {
        let pairs = before.into_iter().zip(&written.changed);
        let results = pairs.map(|(old, new)| ChangeResult {
            id: new.id.to_string(),
            changed: old.is_changed,
            closed: None,
            awaiting: new.awaiting.map(|kind| kind.as_str()),
            changes: old.changes,
        });
        Self {
            results: results.collect(),
            total: None,
            dry_run: false,
            written,
            among,
        }
    }

    /// The tickets as they now stand, in the order they were named.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> + Clone {
        self.written.changed.iter()
    }

    /// Their records, then those of the tickets that come after them: among the other tickets
    /// where the command read those, else as far as their own files tell. Made when they are asked
    /// for, since people are told without.
    #[must_use]
    pub fn records(&self, project: &Project) -> Vec<TicketRecord> {
        let all = self.written.all();
        match &self.among {
            Some(index) => records_among(project, index, all.map(|(ticket, _)| ticket)),
            None => all.map(|(ticket, etag)| alone(ticket, etag)).collect(),
        }
    }

    /// With the number of tickets where a query chose them.
    pub(super) fn told(mut self, targets: &Targets) -> Self {
        self.total = targets.query.is_some().then_some(self.results.len());
        self.dry_run = targets.dry_run;
        self
    }

    /// Whether anything is different now.
    #[must_use]
    pub fn any(&self) -> bool {
        self.results.iter().any(|result| result.changed)
    }
}
