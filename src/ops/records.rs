//! Tickets as the public JSON has them, with what follows from all of them together.

use std::iter;

use smol_str::{SmolStr, ToSmolStr};

use super::list::Page;
use super::past::AT_A_TIME;
use super::{Error, ErrorCode, Project, Result};
use crate::cores;
use crate::git::{NamingCommits, TicketCommit};
use crate::graph::Graph;
use crate::model::{Outline, Ticket, TicketId};
use crate::store::{Etag, Index, Stored};
use crate::wire::{CommitRecord, TicketFacts, TicketRecord};

/// The texts of fewer than so many are all there before any is told.
const FEW: usize = 2_000;

/// From so many records on they are made by several threads.
pub const MANY_RECORDS: usize = 400;

/// The same of lines.
pub const MANY_LINES: usize = 2_000;

/// Of fewer, small parts are made, whose memory is soon there again; else such that are worth
/// handing from a thread to another.
const SMALL_PART: usize = 16;
const LARGE_PART: usize = 128;

/// The most commits that a ticket's record names.
const COMMITS: usize = 20;

/// Makes records.
pub(super) struct Records<'r> {
    project: &'r Project,
    index: &'r Index,
    graph: &'r Graph<'r>,
    texts: bool,
    /// Those that name tickets, where they are told.
    commits: Option<NamingCommits>,
}

impl<'r> Records<'r> {
    /// For the tickets of the index. The records are without long texts and commits.
    pub(super) fn new(project: &'r Project, index: &'r Index, graph: &'r Graph<'r>) -> Self {
        Self {
            project,
            index,
            graph,
            texts: false,
            commits: None,
        }
    }

    /// With what the page tells of each.
    ///
    /// # Errors
    /// When it tells the commits, and the history cannot be read.
    pub(super) fn telling(self, page: Page) -> Result<Self> {
        Ok(Self {
            texts: page.texts,
            commits: page.commits.then(|| self.commits(None)).transpose()?,
            ..self
        })
    }

    /// The commits that name tickets, or that one only, up to what the tickets are of.
    fn commits(&self, only: Option<&TicketId>) -> Result<NamingCommits> {
        let repo = &self.project.repo;
        let tip = match &self.project.past {
            Some(past) => Some(past.commit),
            None => repo.home_head()?.commit,
        };
        Ok(match tip {
            Some(tip) => repo.commits_naming(tip, only, COMMITS)?,
            None => NamingCommits::default(),
        })
    }

    /// The record of a ticket that has just been written, without long texts and commits.
    pub(super) fn of(&self, ticket: &Ticket) -> TicketRecord {
        let facts = self.facts(&ticket.id, None);
        TicketRecord::new(ticket, facts)
    }

    /// The records of the tickets, in their order.
    pub(super) fn all(&self, tickets: &[&Outline]) -> Result<Vec<TicketRecord>> {
        self.each(tickets, |ticket| ticket, |listed, _| listed.record())
    }

    /// What `make` makes of items with a ticket each, in their order; of many on all cores.
    fn each<I: Sync, T: Send>(
        &self,
        items: &[I],
        ticket: fn(&I) -> &Outline,
        make: impl Fn(&Listed<'_>, &I) -> T + Sync,
    ) -> Result<Vec<T>> {
        let add = |all: &mut Vec<T>, listed: &Listed<'_>, item: &I| {
            all.push(make(listed, item));
            Ok(())
        };
        let parts = cores::spread(items, MANY_RECORDS, self.part_of(ticket, add));
        let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// What makes a part of several items, to which `add` adds them one after the other; in any
    /// thread.
    fn part_of<I: Sync, P: Default + Send, E: From<Error>>(
        &self,
        ticket: fn(&I) -> &Outline,
        add: impl Fn(&mut P, &Listed<'_>, &I) -> Result<(), E> + Sync,
    ) -> impl Fn(&[I]) -> Result<P, E> + Sync {
        let (index, graph, texts) = (self.index, self.graph, self.texts);
        let (store, config) = (&self.project.store, &self.project.config);
        let (past, commits) = (self.project.past.as_ref(), self.commits.as_ref());
        move |items: &[I]| {
            let of_revision = match past {
                Some(past) if texts => past.read(items.iter().map(|item| &ticket(item).id))?,
                _ => Vec::new(),
            };
            let mut of_revision = of_revision.into_iter();
            let mut part = P::default();
            for item in items {
                let outline = ticket(item);
                let stored = match past {
                    _ if !texts => None,
                    Some(_) => of_revision.next(),
                    None => Some(store.read(&outline.id, config).map_err(Error::from)?),
                };
                let listed = Listed {
                    outline,
                    graph,
                    index,
                    stored,
                    commits,
                };
                add(&mut part, &listed, item)?;
            }
            Ok(part)
        }
    }

    /// The ticket's record with its texts and the commits that name it.
    pub(super) fn full(&self, id: &TicketId) -> Result<TicketRecord> {
        let stored = self.project.store.read(id, &self.project.config)?;
        let commits = self.commits(Some(id))?;
        let facts = TicketFacts {
            commits: Some(commit_records(&commits, id)),
            commits_truncated: Some(commits.may_miss(id, stored.ticket.created_at)),
            texts: true,
            ..self.facts(id, Some(stored.etag))
        };
        Ok(TicketRecord::new(&stored.ticket, facts))
    }

    /// The records of the tickets of those ids, as [`Records::all`].
    pub(super) fn by_ids(&self, ids: &[TicketId]) -> Result<Vec<TicketRecord>> {
        self.all(&self.known(ids)?)
    }

    /// The tickets of those ids.
    pub(super) fn known(&self, ids: &[TicketId]) -> Result<Vec<&'r Outline>> {
        let tickets = ids.iter().map(|id| {
            let message = || Error::new(ErrorCode::TicketNotFound, format!("no ticket `{id}`"));
            self.index.get(id).ok_or_else(message)
        });
        tickets.collect()
    }

    fn facts(&self, id: &TicketId, read: Option<Etag>) -> TicketFacts {
        facts(self.graph, self.index, id, read)
    }
}

/// Tickets that were found, and are to be told.
pub struct Found<'f, I> {
    records: Records<'f>,
    total: usize,
    items: &'f [I],
    ticket: fn(&I) -> &Outline,
}

impl<'f, I: Sync> Found<'f, I> {
    /// Of the items that were found, which have a ticket each, those of that page.
    ///
    /// # Errors
    /// As [`Records::telling`].
    pub(super) fn new(
        records: Records<'f>,
        found: &'f [I],
        page: Page,
        ticket: fn(&I) -> &Outline,
    ) -> Result<Self> {
        Ok(Self {
            records: records.telling(page)?,
            total: found.len(),
            items: page.of(found),
            ticket,
        })
    }

    /// How many there are, also those that a limit left out.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// How many are told.
    #[must_use]
    pub const fn shown(&self) -> usize {
        self.items.len()
    }

    /// What `make` makes of each, in their order; of many on all cores.
    ///
    /// # Errors
    /// When their texts are told and a file cannot be read.
    pub fn each<T: Send>(&self, make: impl Fn(&Listed<'_>, &I) -> T + Sync) -> Result<Vec<T>> {
        self.records.each(self.items, self.ticket, make)
    }

    /// Hands parts of what was found to `tell`, one after the other, so that they need not all be
    /// there at once; `add` has added each to its part, in their order. Where the texts of few are
    /// told, all are made before the first is told: that nothing is told where a file cannot be
    /// read. From `many` on several threads make them: [`MANY_RECORDS`] of what takes as long as a
    /// record, [`MANY_LINES`] of lines.
    ///
    /// # Errors
    /// As `tell`; each part may be an error as of [`Found::each`], or of `add`.
    pub fn in_parts<P: Default + Send, E: From<Error> + Send, R>(
        &self,
        many: usize,
        add: impl Fn(&mut P, &Listed<'_>, &I) -> Result<(), E> + Sync,
        tell: impl FnOnce(&mut dyn Iterator<Item = Result<P, E>>) -> R,
    ) -> R {
        let count = self.items.len();
        let part_of = self.records.part_of(self.ticket, add);
        if count < FEW && self.records.texts {
            let parts = cores::spread(self.items, MANY_RECORDS, part_of);
            return match parts.into_iter().collect::<Result<Vec<_>, E>>() {
                Ok(parts) => tell(&mut parts.into_iter().map(Ok)),
                Err(error) => tell(&mut iter::once(Err(error))),
            };
        }
        let most = match (self.records.project.past.is_some(), count < many) {
            (true, _) if self.records.texts => AT_A_TIME,
            (_, true) => SMALL_PART,
            (_, false) => LARGE_PART,
        };
        cores::stream(self.items, most, many, part_of, tell)
    }
}

/// A ticket of a list. Its record, which takes the most of telling it, is made only for who wants
/// all of it.
pub struct Listed<'l> {
    outline: &'l Outline,
    graph: &'l Graph<'l>,
    index: &'l Index,
    /// All of it, where its texts are told.
    stored: Option<Stored>,
    /// Those that name tickets, where they are told.
    commits: Option<&'l NamingCommits>,
}

impl Listed<'_> {
    /// Its record, with description, notes and attempts, and commits, where they are asked for.
    #[must_use]
    pub fn record(&self) -> TicketRecord {
        let id = &self.outline.id;
        let read = self.stored.as_ref().map(|stored| stored.etag);
        let filed = self.outline.created_at();
        let facts = TicketFacts {
            commits: self.commits.map(|commits| commit_records(commits, id)),
            commits_truncated: self.commits.map(|commits| commits.may_miss(id, filed)),
            texts: self.stored.is_some(),
            ..facts(self.graph, self.index, id, read)
        };
        match &self.stored {
            Some(stored) => TicketRecord::new(&stored.ticket, facts),
            None => TicketRecord::listed(self.outline, facts),
        }
    }

    /// What it says, without long texts.
    #[must_use]
    pub fn outline(&self) -> &Outline {
        self.outline
    }

    /// Whether it can be started now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.graph.is_ready(&self.outline.id)
    }

    /// The ids in its own `blocked_by` that still hold it back, in order.
    #[must_use]
    pub fn open_blockers(&self) -> Vec<TicketId> {
        self.graph.open_blockers(&self.outline.id)
    }

    /// Whether it is not over, and deferred to a time that has not come.
    #[must_use]
    pub fn is_deferred(&self) -> bool {
        self.graph.is_deferred(&self.outline.id)
    }

    /// Who else holds it.
    #[must_use]
    pub fn held_by(&self) -> Option<&str> {
        self.graph.held_by(&self.outline.id)
    }
}

/// What follows of the ticket, whose text has the name that was read with it or is in the index.
fn facts(graph: &Graph<'_>, index: &Index, id: &TicketId, read: Option<Etag>) -> TicketFacts {
    let place = graph.place(id);
    let standing = place.map(|place| graph.standing(place));
    let etag = read.or_else(|| index.etag(id, place));
    TicketFacts {
        etag: etag.map_or_else(SmolStr::default, |etag| etag.to_smolstr()),
        standing: Some(standing.unwrap_or_default()),
        ..TicketFacts::default()
    }
}

/// The commits that name that ticket, as its record has them.
fn commit_records(commits: &NamingCommits, id: &TicketId) -> Vec<CommitRecord> {
    let record = |commit: &TicketCommit| CommitRecord {
        id: commit.id.to_string(),
        subject: commit.subject.clone(),
        author: commit.author.clone(),
        at: commit.at.map(|at| at.to_string()),
    };
    commits.of(id).iter().map(record).collect()
}

/// The records of tickets that have just been written, which the index has as they are now;
/// without long texts and commits.
pub(super) fn records_among<'t>(
    project: &Project,
    index: &Index,
    written: impl Iterator<Item = &'t Ticket>,
) -> Vec<TicketRecord> {
    let graph = project.graph(&index.tickets);
    let records = Records::new(project, index, &graph);
    written.map(|ticket| records.of(ticket)).collect()
}

/// The ticket's record as far as its own file tells, whose text has that name.
pub(super) fn alone(ticket: &Ticket, etag: Etag) -> TicketRecord {
    let facts = TicketFacts {
        etag: etag.to_smolstr(),
        ..TicketFacts::default()
    };
    TicketRecord::new(ticket, facts)
}
