//! Finding tickets by what they mean, where a service is configured that tells.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Project;
use crate::context::Context;
use crate::embeddings::{EmbeddingsError, Service};
use crate::model::{Outline, Ticket};
use crate::search;
use crate::store::{TextName, Vectors};

/// So many texts are asked about at once, and so many characters of each.
const BATCH: usize = 64;
const LONGEST: usize = 6_000;

/// How long an answer is waited for, and how long new texts are asked about in all.
const ANSWER: Duration = Duration::from_secs(5);
const ALL: Duration = Duration::from_secs(20);

/// The places of the tickets nearest to what was asked, of those that are wanted, the nearest
/// first. `None` where no service is configured; where it is of no use, why.
pub(super) fn nearest_to(
    project: &Project,
    context: &Context,
    asked: &str,
    tickets: &[Outline],
    texts: &[&[u8]],
    wanted: impl Fn(usize) -> bool,
) -> Option<Result<Vec<usize>, String>> {
    let config = &project.config.search;
    let url = config.embeddings_url.as_deref()?;
    let ask = || -> Result<Vec<usize>, EmbeddingsError> {
        let key = config.embeddings_key_env.as_deref();
        let key = key.and_then(|name| context.var(name));
        let service = Service::new(url, &config.embeddings_model, key)?;
        let wait = context.answer_wait().unwrap_or(ANSWER);
        let mut to = service.embed(&[asked.to_owned()], wait)?;
        let to = to.pop().unwrap_or_default();
        let names: Vec<TextName> = texts.iter().map(|text| TextName::of(text)).collect();
        let label = format!("{url} {}", config.embeddings_model);
        let mut vectors = project.store.vectors(&label);
        let before = vectors.len();
        let there: BTreeSet<&TextName> = names.iter().collect();
        vectors.retain(|name, vector| vector.len() == to.len() && there.contains(name));
        let pruned = vectors.len() < before;
        let filled = fill(
            project,
            &service,
            wait,
            tickets,
            &names,
            to.len(),
            &mut vectors,
        );
        if pruned || !matches!(filled, Ok(0)) {
            project.store.keep_vectors(&label, &vectors);
        }
        filled?;
        let known = names.iter().enumerate();
        let known = known.filter_map(|(place, name)| Some((place, vectors.get(name)?.as_slice())));
        Ok(search::nearest(&to, known, wanted))
    };
    Some(ask().map_err(|error| {
        format!("`{url}` does not tell what texts mean, so only words count: {error}")
    }))
}

/// Asks about the texts that are not known yet, as long as there is time; how many it was.
fn fill(
    project: &Project,
    service: &Service,
    wait: Duration,
    tickets: &[Outline],
    names: &[TextName],
    size: usize,
    vectors: &mut Vectors,
) -> Result<usize, EmbeddingsError> {
    let begun = Instant::now();
    let unknown: Vec<usize> = (0..names.len())
        .filter(|place| !vectors.contains_key(&names[*place]))
        .collect();
    let mut known = 0;
    for batch in unknown.chunks(BATCH) {
        if begun.elapsed() > ALL {
            let left = unknown.len() - known;
            project.warn(format!(
                "what {left} tickets mean is not known yet: the next search asks on"
            ));
            break;
        }
        let read = |place: &usize| {
            let id = &tickets[*place].id;
            let stored = project.store.read(id, &project.config).ok()?;
            // It may have changed since its words were read.
            let name = TextName::of(&search::pack(&stored.ticket));
            Some((name, text(&stored.ticket)))
        };
        let (names, texts): (Vec<TextName>, Vec<String>) = batch.iter().filter_map(read).unzip();
        if texts.is_empty() {
            continue;
        }
        let told = service.embed(&texts, wait)?;
        if let Some(other) = told.iter().map(Vec::len).find(|other| *other != size) {
            let message = format!("vectors of {size} and of {other} numbers");
            return Err(EmbeddingsError::Answer(message));
        }
        known += told.len();
        vectors.extend(names.into_iter().zip(told));
    }
    Ok(known)
}

/// What the service is asked about: the title and what is said of the ticket, its beginning.
fn text(ticket: &Ticket) -> String {
    let acceptance = ticket.acceptance.iter().map(|item| item.text.as_str());
    let notes = ticket.notes.iter().map(|note| note.text.as_str());
    let parts = [ticket.title.as_str(), ticket.description.as_str()].into_iter();
    let parts: Vec<&str> = parts.chain(acceptance).chain(notes).collect();
    parts.join("\n").chars().take(LONGEST).collect()
}
