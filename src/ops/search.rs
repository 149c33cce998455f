//! Finding tickets by words.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::list::{ListRequest, Words, urgency};
use super::meaning::{self, Near};
use super::records::Records;
use super::values::{invalid, printable};
use super::{Chosen, Error, Project, Result};
use crate::context::Context;
use crate::cores;
use crate::model::{Outline, TicketId};
use crate::search::{self, Terms};
use crate::wire::{SnippetRecord, TicketRecord};

/// From so many tickets on their texts are read by several threads.
const MANY: usize = 50;

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRequest {
    /// The words; they may be missing where there is a query.
    pub words: Vec<String>,
    /// Among which tickets, and what is told of them.
    pub among: ListRequest,
}

/// Tickets found by words, the best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// How many there are, also those that a limit left out.
    pub total: usize,
    /// Whether those found by words have all of them; else none has, and these have some.
    pub all_words: bool,
    /// Whether what the texts mean counts, too.
    pub by_meaning: bool,
    /// Why not, where it should, or not of all tickets.
    pub warnings: Vec<String>,
    /// The tickets.
    pub tickets: Vec<Hit>,
}

/// A ticket that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The ticket.
    pub ticket: TicketRecord,
    /// How well it answers.
    pub score: f64,
    /// Where the words are.
    pub snippets: Vec<SnippetRecord>,
}

/// Looks for the words in all tickets that are wanted. Where there is a query and no word, those
/// that fit it are found, the most urgent first.
///
/// # Errors
/// When there are no words, a word of the filters means nothing, the query cannot be understood,
/// or a file cannot be read.
pub fn search(project: &Project, context: &Context, request: &SearchRequest) -> Result<Search> {
    let asked = request.words.join(" ");
    let terms = Terms::of(&asked);
    let query = request.among.query.as_deref();
    let any = request.words.is_empty() && query.is_some();
    if terms.is_empty() && !any {
        let shown = printable(&asked);
        let message = format!("there is no word in `{shown}`: expected letters or digits");
        let hint = "`--query` finds other signs, between quotes, as in `--query '\"->\"'`";
        return Err(invalid(message).hint(hint));
    }
    if asked.split_whitespace().any(is_of_queries) {
        project.hint(
            "`search` looks for each word by itself: quotes, AND, OR, NOT and a leading minus mean \
             something in `--query`, as in `--query '\"log in\" and not (label:api or \"draft\")'`",
        );
    }
    let filter = Words::new(&project.config, &request.among)?;
    let chosen = query.map(|text| Chosen::new(project, text)).transpose()?;
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let wanted = filter.among(project, &index, &graph, &request.among)?;
    let texts = project.store.texts(&index, &project.config)?;
    let texts = texts.all();
    let fitting = chosen.map(|chosen| {
        let all = index.tickets.iter().filter(|ticket| wanted.has(ticket));
        let found = chosen.among(project, &index, &graph, &all.collect::<Vec<_>>())?;
        let ids = found.into_iter().map(|ticket| &ticket.id);
        Ok::<BTreeSet<&TicketId>, Error>(ids.collect())
    });
    let fitting = fitting.transpose()?;
    let is_wanted = |place: usize| {
        let ticket = &index.tickets[place];
        match &fitting {
            Some(fitting) => fitting.contains(&ticket.id),
            None => wanted.has(ticket),
        }
    };
    let (mut found, near) = if any {
        (search::all(texts.len(), is_wanted), Near::default())
    } else {
        let near = meaning::nearest_to(project, context, &asked, &index.tickets, &texts, is_wanted);
        (search::rank(terms, &texts, is_wanted), near)
    };
    let ticket = |hit: &search::Hit| &index.tickets[hit.place];
    found.hits.sort_by_cached_key(|hit| {
        let score = (hit.score * 1e6) as u64;
        (Reverse(score), urgency(ticket(hit)), hit.place)
    });
    let Near { places, warnings } = near;
    warnings.iter().for_each(|warning| project.warn(warning));
    let by_meaning = places.is_some();
    if let Some(places) = places {
        found.hits = search::mixed(&places, &found.hits);
    }
    if found.hits.is_empty() {
        wanted.tell_of_unknown_labels(std::iter::empty());
        if !any {
            project.hint("no such ticket has any of the words");
        }
    } else if !found.whole && !by_meaning {
        project.hint("no ticket has all of the words; these have some");
    }
    let page = request.among.page;
    let hits = page.of(&found.hits);
    let shown: Vec<&Outline> = hits.iter().map(ticket).collect();
    let records = Records::new(project, &index, &graph).telling(page)?;
    let snippets = snippets(project, &found.terms, &shown);
    let told = records.all(&shown)?.into_iter().zip(hits).zip(snippets);
    Ok(Search {
        total: found.hits.len(),
        all_words: found.whole,
        by_meaning,
        warnings,
        tickets: told
            .map(|((ticket, hit), snippets)| Hit {
                ticket,
                score: hit.score,
                snippets,
            })
            .collect(),
    })
}

/// Whether who types that seems to mean more by it than a word, as other searches take it.
fn is_of_queries(word: &str) -> bool {
    let excluded = word.strip_prefix('-').unwrap_or_default();
    matches!(word, "AND" | "OR" | "NOT")
        || word.contains('"')
        || excluded.starts_with(char::is_alphanumeric)
}

/// Where the words are in each of the tickets; nowhere in one that went away meanwhile.
fn snippets(project: &Project, terms: &Terms, tickets: &[&Outline]) -> Vec<Vec<SnippetRecord>> {
    let (store, config) = (&project.store, &project.config);
    let of = |id: &TicketId| {
        let Ok(stored) = store.read(id, config) else {
            return Vec::new();
        };
        let snippets = search::snippets(terms, &stored.ticket).into_iter();
        let record = |snippet: search::Snippet| SnippetRecord {
            field: snippet.field.as_str(),
            text: snippet.text,
            matches: snippet.matches,
        };
        snippets.map(record).collect()
    };
    let parts = cores::spread(tickets, MANY, |part| {
        part.iter().map(|ticket| of(&ticket.id)).collect::<Vec<_>>()
    });
    parts.into_iter().flatten().collect()
}
