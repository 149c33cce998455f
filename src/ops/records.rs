//! Tickets as the public JSON has them, with what follows from all of them together.

use super::{Error, ErrorCode, Project, Result};
use crate::context::cores;
use crate::graph::Graph;
use crate::model::{Ticket, TicketId};
use crate::store::{Loaded, Stored};
use crate::wire::{CommitRecord, TicketFacts, TicketRecord};

/// From so many records on they are made by several threads.
const MANY: usize = 1000;

/// The most commits that a ticket's record names.
const COMMITS: usize = 20;

/// Makes records.
pub(super) struct Records<'r> {
    loaded: &'r Loaded,
    graph: &'r Graph<'r>,
    texts: bool,
}

impl<'r> Records<'r> {
    /// For the tickets that were loaded. The records are without long texts.
    pub(super) fn new(loaded: &'r Loaded, graph: &'r Graph<'r>) -> Self {
        let texts = false;
        Self {
            loaded,
            graph,
            texts,
        }
    }

    /// With descriptions, notes and attempts, if so.
    pub(super) fn with_texts(self, texts: bool) -> Self {
        Self { texts, ..self }
    }

    /// The ticket's record, without its commits.
    pub(super) fn of(&self, ticket: &Ticket) -> TicketRecord {
        self.with_commits(ticket, Vec::new())
    }

    /// The records of the tickets, in their order, without their commits; many are made on all
    /// cores.
    pub(super) fn all(&self, tickets: &[&Ticket]) -> Vec<TicketRecord> {
        let make = |part: &[&Ticket]| part.iter().map(|t| self.of(t)).collect::<Vec<_>>();
        let parts = cores::spread(tickets, MANY, make);
        parts.into_iter().flatten().collect()
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
        let facts = TicketFacts {
            etag: self
                .loaded
                .etag(&ticket.id)
                .map_or_else(String::new, |etag| etag.to_string()),
            standing: Some(self.graph.standing(&ticket.id)),
            commits,
            texts: self.texts,
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
