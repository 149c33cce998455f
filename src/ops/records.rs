//! Tickets as the public JSON has them, with what follows from all of them together.

use std::collections::BTreeMap;

use super::{Error, ErrorCode, Project, Result};
use crate::graph::Graph;
use crate::model::{Ticket, TicketId};
use crate::store::{Loaded, Stored};
use crate::wire::{CommitRecord, Standing, TicketFacts, TicketRecord};

/// The most commits that a ticket's record names.
const COMMITS: usize = 20;

/// Makes records.
pub(super) struct Records<'r> {
    loaded: &'r Loaded,
    graph: &'r Graph<'r>,
    blocks: BTreeMap<&'r TicketId, Vec<&'r TicketId>>,
}

impl<'r> Records<'r> {
    /// For the tickets that were loaded.
    pub(super) fn new(loaded: &'r Loaded, graph: &'r Graph<'r>) -> Self {
        Self {
            loaded,
            graph,
            blocks: graph.all_blocks(),
        }
    }

    /// The ticket's record, without its commits.
    pub(super) fn of(&self, ticket: &Ticket) -> TicketRecord {
        self.with_commits(ticket, Vec::new())
    }

    /// The ticket's record with the commits that name it.
    pub(super) fn full(&self, project: &Project, ticket: &Ticket) -> Result<TicketRecord> {
        let commits = project.repo.commits_of_ticket(&ticket.id, COMMITS)?;
        let commits = commits.into_iter().map(|commit| CommitRecord {
            id: commit.id.to_string(),
            subject: commit.subject,
            author: commit.author,
            at: commit.at.map(|at| at.to_string()),
        });
        Ok(self.with_commits(ticket, commits.collect()))
    }

    /// The record of the ticket of that id, without its commits.
    pub(super) fn by_id(&self, id: &TicketId) -> Result<TicketRecord> {
        Ok(self.of(self.ticket(id)?))
    }

    /// The ticket of that id, which was resolved against the same tickets.
    pub(super) fn ticket(&self, id: &TicketId) -> Result<&'r Ticket> {
        self.loaded
            .get(id)
            .ok_or_else(|| Error::new(ErrorCode::TicketNotFound, format!("no ticket `{id}`")))
    }

    fn with_commits(&self, ticket: &Ticket, commits: Vec<CommitRecord>) -> TicketRecord {
        let blocks = self.blocks.get(&ticket.id);
        let texts = |ids: &[&TicketId]| ids.iter().map(ToString::to_string).collect();
        let facts = TicketFacts {
            etag: self
                .loaded
                .etag(&ticket.id)
                .map_or_else(String::new, |etag| etag.to_string()),
            standing: Some(Standing {
                blocks: blocks.map(|ids| texts(ids)).unwrap_or_default(),
                open_blockers: self
                    .graph
                    .open_blockers(&ticket.id)
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                ready: self.graph.is_ready(&ticket.id),
            }),
            commits,
        };
        TicketRecord::new(ticket, facts)
    }
}

/// The ticket's record as far as its own file tells.
pub(super) fn alone(stored: &Stored) -> TicketRecord {
    let facts = TicketFacts {
        etag: stored.etag.to_string(),
        ..TicketFacts::default()
    };
    TicketRecord::new(&stored.ticket, facts)
}
