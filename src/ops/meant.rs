//! From what a person types to the ticket that is meant.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Error, ErrorCode, Result};
use crate::graph::Graph;
use crate::model::{Outline, TicketId, printable};
use crate::store::Index;

/// The most tickets that a message lists.
const LISTED: usize = 8;

/// The least likeness at which an id is offered for an unknown one.
const LIKENESS: f64 = 0.7;

/// The ticket that `given` means: by its exact id, else the unique prefix or part of one,
/// else the unique prefix of an epic's title as a slug.
///
/// # Errors
/// When there is none, more than one, or its file is no ticket.
pub fn resolve(index: &Index, graph: &Graph<'_>, given: &str) -> Result<TicketId> {
    readable(index, resolve_any(index, graph, given)?)
}

/// The ticket that `given` means, as [`resolve`], also one that is not there and whose whole id
/// another names as its parent, its blocker or what it comes after.
///
/// # Errors
/// When there is none, more than one, or its file is no ticket.
pub(super) fn resolve_named(index: &Index, graph: &Graph<'_>, given: &str) -> Result<TicketId> {
    let is_named = |id: &TicketId| {
        index.tickets.iter().any(|ticket| {
            let edges = ticket.edges();
            let mut blockers = edges.blocked_by.chain(edges.after);
            edges.parent == Some(id.as_str().as_bytes())
                || blockers.any(|named| named == id.as_str())
        })
    };
    resolve(index, graph, given).or_else(|error| match by_exact_id(given, is_named) {
        Some(id) if error.code == ErrorCode::TicketNotFound => Ok(id),
        _ => Err(error),
    })
}

/// The ticket that `given` means, as [`resolve`], also one whose file is no ticket.
///
/// # Errors
/// When there is none, or more than one.
pub(super) fn resolve_any(index: &Index, graph: &Graph<'_>, given: &str) -> Result<TicketId> {
    let is_known = |id: &TicketId| index.get(id).is_some() || index.invalid(id).is_some();
    if let Some(id) = by_exact_id(given, is_known) {
        return Ok(id);
    }
    let word = word(given);
    if word.is_empty() {
        let message = "an id is blank: expected one such as `k7m`";
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    let valid = index.tickets.iter().map(|ticket| &ticket.id);
    let invalid = index.invalid.iter().filter_map(|file| file.id.as_ref());
    let mut fitting = by_part_of_id(given, valid.chain(invalid));
    if fitting.is_empty() {
        let epics = index.tickets.iter().filter(|t| graph.is_epic(&t.id));
        let named = epics.filter(|epic| slug(epic.title()).starts_with(&word));
        fitting = named.map(|epic| &epic.id).collect();
    }
    match fitting.as_slice() {
        [] => Err(unknown(index, given, &word)),
        [id] => Ok((*id).clone()),
        several => Err(ambiguous(index, given, several)),
    }
}

/// The id, unless its file is no ticket.
fn readable(index: &Index, id: TicketId) -> Result<TicketId> {
    match index.invalid(&id) {
        Some(file) => Err(file.clone().into()),
        None => Ok(id),
    }
}

/// The ticket whose whole id was given, if it is known.
pub(super) fn by_exact_id(
    given: &str,
    is_known: impl FnOnce(&TicketId) -> bool,
) -> Option<TicketId> {
    whole_id(given).filter(is_known)
}

/// The id that was given, if it can be one, though there may be no such ticket.
pub(super) fn whole_id(given: &str) -> Option<TicketId> {
    TicketId::parse(&word(given)).ok()
}

/// The tickets of whose ids the beginning was given; if there is none, a part.
pub(super) fn by_part_of_id<'i>(
    given: &str,
    ids: impl IntoIterator<Item = &'i TicketId>,
) -> Vec<&'i TicketId> {
    let word = word(given);
    if word.is_empty() {
        return Vec::new();
    }
    let holding = ids.into_iter().filter(|id| id.as_str().contains(&word));
    let (begun, other): (Vec<_>, Vec<_>) = holding.partition(|id| id.as_str().starts_with(&word));
    if begun.is_empty() { other } else { begun }
}

fn word(given: &str) -> String {
    given.trim().to_lowercase()
}

/// Every ticket that the words mean, each once, in their order; a word may hold several
/// separated by commas.
///
/// # Errors
/// As [`resolve`], for the first that fails.
pub fn resolve_all(
    index: &Index,
    graph: &Graph<'_>,
    given: &[impl AsRef<str>],
) -> Result<Vec<TicketId>> {
    named(given, |word| resolve(index, graph, word))
}

/// Every ticket that the words mean to `find`, as [`resolve_all`].
pub(super) fn named(
    given: &[impl AsRef<str>],
    mut find: impl FnMut(&str) -> Result<TicketId>,
) -> Result<Vec<TicketId>> {
    let mut ids = Vec::new();
    let mut seen = HashSet::new();
    for word in given.iter().flat_map(|words| words.as_ref().split(',')) {
        let id = find(word)?;
        if seen.insert(id.clone()) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn ambiguous(index: &Index, given: &str, ids: &[&TicketId]) -> Error {
    let mut message = format!("`{}` fits {} tickets:", printable(given), ids.len());
    for id in ids.iter().take(LISTED) {
        let title = index.get(id).map_or("", Outline::title);
        message.push_str(&format!("\n  {id}  {}", printable(title)));
    }
    if ids.len() > LISTED {
        message.push_str(&format!("\n  and {} more", ids.len() - LISTED));
    }
    Error::new(ErrorCode::AmbiguousId, message)
        .hint("use more of the id")
        .with("given", given)
        .with("matches", listed(index, ids))
}

fn unknown(index: &Index, given: &str, word: &str) -> Error {
    let mut near: Vec<(f64, &TicketId)> = index
        .tickets
        .iter()
        .map(|ticket| {
            let by_id = strsim::jaro_winkler(word, ticket.id.as_str());
            let by_title = strsim::jaro_winkler(word, &slug(ticket.title()));
            (by_id.max(by_title), &ticket.id)
        })
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .collect();
    near.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    let near: Vec<&TicketId> = near.into_iter().take(3).map(|(_, id)| id).collect();
    let message = format!("no ticket `{}`", printable(given));
    let hint = if near.is_empty() {
        "`tk list --all` shows every ticket".to_owned()
    } else {
        let near: Vec<String> = near.iter().map(|id| format!("`{id}`")).collect();
        format!("did you mean {}?", near.join(" or "))
    };
    Error::new(ErrorCode::TicketNotFound, message)
        .hint(hint)
        .with("given", given)
        .with("near", listed(index, &near))
}

fn listed(index: &Index, ids: &[&TicketId]) -> Value {
    let those = ids.iter().take(LISTED).map(|id| {
        let title = index.get(id).map_or("", Outline::title);
        json!({ "id": id.as_str(), "title": title })
    });
    those.collect()
}

/// A title as lower case words with dashes between them.
fn slug(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}
