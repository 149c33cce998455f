//! From what a person types to the ticket that is meant.

use serde_json::{Value, json};

use super::{Error, ErrorCode, Result};
use crate::graph::Graph;
use crate::model::TicketId;
use crate::store::Loaded;

/// The most tickets that a message lists.
const LISTED: usize = 8;

/// The least likeness at which an id is offered for an unknown one.
const LIKENESS: f64 = 0.7;

/// The ticket that `given` means: by its exact id, else the unique prefix or part of one,
/// else the unique prefix of an epic's title as a slug.
///
/// # Errors
/// When there is none, more than one, or its file is no ticket.
pub fn resolve(loaded: &Loaded, graph: &Graph<'_>, given: &str) -> Result<TicketId> {
    let word = given.trim().to_lowercase();
    if word.is_empty() {
        let message = "an id is blank: expected one such as `k7m`";
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    }
    let valid = loaded.tickets.iter().map(|ticket| &ticket.id);
    let invalid = loaded.invalid.iter().filter_map(|file| file.id.as_ref());
    let ids: Vec<&TicketId> = valid.chain(invalid).collect();
    let by = |fits: &dyn Fn(&str) -> bool| -> Vec<&TicketId> {
        let fitting = ids.iter().filter(|id| fits(id.as_str()));
        fitting.copied().collect()
    };
    let slugs = || -> Vec<&TicketId> {
        let epics = loaded.tickets.iter().filter(|t| graph.is_epic(&t.id));
        let fitting = epics.filter(|epic| slug(&epic.title).starts_with(&word));
        fitting.map(|epic| &epic.id).collect()
    };
    let fitting = [
        by(&|id| id == word),
        by(&|id| id.starts_with(&word)),
        by(&|id| id.contains(&word)),
        slugs(),
    ];
    match fitting
        .iter()
        .find(|ids| !ids.is_empty())
        .map(Vec::as_slice)
    {
        None => Err(unknown(loaded, given, &word)),
        Some([id]) => match loaded.invalid(id) {
            Some(file) => Err(file.clone().into()),
            None => Ok((*id).clone()),
        },
        Some(several) => Err(ambiguous(loaded, given, several)),
    }
}

/// Every ticket that the words mean, each once, in their order; a word may hold several
/// separated by commas.
///
/// # Errors
/// As [`resolve`], for the first that fails.
pub fn resolve_all(
    loaded: &Loaded,
    graph: &Graph<'_>,
    given: &[impl AsRef<str>],
) -> Result<Vec<TicketId>> {
    let mut ids = Vec::new();
    for word in given.iter().flat_map(|words| words.as_ref().split(',')) {
        let id = resolve(loaded, graph, word)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn ambiguous(loaded: &Loaded, given: &str, ids: &[&TicketId]) -> Error {
    let mut message = format!("`{}` fits {} tickets:", printable(given), ids.len());
    for id in ids.iter().take(LISTED) {
        let title = loaded.get(id).map_or("", |ticket| &ticket.title);
        message.push_str(&format!("\n  {id}  {}", printable(title)));
    }
    if ids.len() > LISTED {
        message.push_str(&format!("\n  and {} more", ids.len() - LISTED));
    }
    Error::new(ErrorCode::AmbiguousId, message)
        .hint("use more of the id")
        .with("given", given)
        .with("matches", named(loaded, ids))
}

fn unknown(loaded: &Loaded, given: &str, word: &str) -> Error {
    let mut near: Vec<(f64, &TicketId)> = loaded
        .tickets
        .iter()
        .map(|ticket| {
            let by_id = strsim::jaro_winkler(word, ticket.id.as_str());
            let by_title = strsim::jaro_winkler(word, &slug(&ticket.title));
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
        .with("near", named(loaded, &near))
}

fn named(loaded: &Loaded, ids: &[&TicketId]) -> Value {
    let listed = ids.iter().take(LISTED).map(|id| {
        let title = loaded.get(id).map_or("", |ticket| &ticket.title);
        json!({ "id": id.as_str(), "title": title })
    });
    listed.collect()
}

fn printable(text: &str) -> String {
    text.chars()
        .take(60)
        .flat_map(|c| c.escape_debug())
        .collect()
}

/// A title as lower case words with dashes between them.
fn slug(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}
