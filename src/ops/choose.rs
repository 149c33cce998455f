//! Choosing tickets by a query.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use super::meant::resolve_named;
use super::past::AT_A_TIME;
use super::{Error, ErrorCode, Project, Result};
use crate::cores;
use crate::graph::Graph;
use crate::model::{Config, Outline, TicketId};
use crate::query::{Query, QueryError, Subject};
use crate::search;
use crate::store::{Index, Store, StoreError, Texts};

/// From so many tickets on they are looked at by several threads.
const MANY: usize = 1000;

/// So many tickets are read whole before the words that are kept of all of them are.
const FEW: usize = 64;

/// Which of all tickets a command is about, in words as they were typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Within<'w> {
    /// Those of that epic.
    pub epic: Option<&'w str>,
    /// Those that fit that query.
    pub query: Option<&'w str>,
}

impl<'w> Within<'w> {
    /// What is asked, if anything.
    pub(super) fn chosen(&self, project: &Project) -> Result<Option<Chosen<'w>>> {
        self.query
            .map(|text| Chosen::new(project, text))
            .transpose()
    }
}

/// A query as it was typed, understood.
#[derive(Clone, Debug)]
pub struct Chosen<'c> {
    text: &'c str,
    query: Query,
}

impl<'c> Chosen<'c> {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it cannot be understood, with the place.
    pub fn new(project: &Project, text: &'c str) -> Result<Self> {
        let read = Query::parse(text, &project.config, project.now);
        let query = read.map_err(|error| refused(error, text))?;
        Ok(Self { text, query })
    }

    /// What is asked.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// Those of the tickets that fit, in their order. Files are read only where what is asked
    /// is not in the index, and of many tickets only where the words asked for may be in them.
    ///
    /// # Errors
    /// When it names a ticket that there is not, or a file cannot be read.
    pub fn among<'t>(
        &self,
        project: &Project,
        index: &Index,
        graph: &Graph<'_>,
        tickets: &[&'t Outline],
    ) -> Result<Vec<&'t Outline>> {
        let (store, config) = (&project.store, &project.config);
        let find = |word: &str| resolve_named(index, graph, word);
        let selection = self.query.among(graph, &config.statuses, find);
        let selection = selection.map_err(|(error, at)| error.within(self.text, at))?;
        let trouble = Mutex::new(None);
        let meet = |error: Error| {
            if let Ok(mut trouble) = trouble.lock() {
                trouble.get_or_insert(error);
            }
        };
        let found = match &project.past {
            None => {
                let read = |id: &TicketId| match store.read(id, config) {
                    Ok(stored) => Some(stored.ticket),
                    Err(StoreError::NotFound(_)) => None,
                    Err(error) => {
                        meet(error.into());
                        None
                    }
                };
                let words = Words::of(store, config, index);
                let mentions = |id: &TicketId, parts: &[String]| words.may_mention(id, parts);
                let fits = |ticket: &&'t Outline| {
                    selection.matches(&Subject::new(ticket, &read).mentioning(&mentions))
                };
                let part = |part: &[&'t Outline]| part.iter().copied().filter(fits).collect();
                cores::spread(tickets, MANY, part)
            }
            // The words that are kept are those of today's files.
            Some(past) => {
                let part = |part: &[&'t Outline]| {
                    let texts = OnceCell::new();
                    let all = || {
                        let read = past.read(part.iter().map(|ticket| &ticket.id));
                        let read = read.map_err(meet).into_iter().flatten();
                        read.map(|stored| (stored.ticket.id.clone(), stored.ticket))
                            .collect::<BTreeMap<_, _>>()
                    };
                    let read = |id: &TicketId| texts.get_or_init(all).get(id).cloned();
                    let fits =
                        |ticket: &&'t Outline| selection.matches(&Subject::new(ticket, &read));
                    part.iter().copied().filter(fits).collect()
                };
                cores::stream(tickets, AT_A_TIME, MANY, part, |parts| parts.collect())
            }
        };
        let found: Vec<Vec<&'t Outline>> = found;
        match trouble.into_inner().unwrap_or_default() {
            Some(error) => Err(error),
            None => Ok(found.concat()),
        }
    }
}

/// The words of all tickets, which are looked at once many tickets have been asked about.
struct Words<'w> {
    store: &'w Store,
    config: &'w Config,
    index: &'w Index,
    asked: AtomicUsize,
    texts: OnceLock<Option<Texts>>,
}

impl<'w> Words<'w> {
    const fn of(store: &'w Store, config: &'w Config, index: &'w Index) -> Self {
        Self {
            store,
            config,
            index,
            asked: AtomicUsize::new(0),
            texts: OnceLock::new(),
        }
    }

    /// Whether the ticket's texts may have all of these in them.
    fn may_mention(&self, id: &TicketId, parts: &[String]) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed) < FEW {
            return true;
        }
        let texts = self.texts.get_or_init(|| {
            // A file that cannot be read is told of by whoever reads it for what it says.
            self.store.texts(self.index, self.config).ok()
        });
        let tickets = &self.index.tickets;
        let place = tickets.binary_search_by(|ticket| ticket.id.cmp(id));
        match (texts, place) {
            (Some(texts), Ok(place)) => search::mentions(texts.at(place), parts),
            _ => true,
        }
    }
}

fn refused(error: QueryError, text: &str) -> Error {
    let QueryError { message, hint, at } = error;
    let refused = Error::new(ErrorCode::InvalidArgument, message).within(text, at);
    match hint {
        Some(hint) => refused.hint(hint),
        None => refused,
    }
}
