//! Finding tickets by what they mean, where a service is configured that tells.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::Project;
use crate::context::Context;
use crate::embeddings::{EmbeddingsError, Service};
use crate::model::{Outline, Ticket, some_of};
use crate::search;
use crate::store::{TextName, Vectors};

/// So many texts are asked about at once, at first and at most, and so many characters of each.
const FIRST: usize = 8;
const BATCH: usize = 64;
const LONGEST: usize = 6_000;

/// How long an answer is waited for, and how long new texts are asked about in all.
const ANSWER: Duration = Duration::from_secs(5);
const ALL: Duration = Duration::from_secs(20);

/// How long a text is not asked about again about which there was no answer in time.
const LATE: SignedDuration = SignedDuration::from_hours(24);

/// So many of the tickets are named whose texts the service refuses, or does not answer about.
const NAMED: usize = 3;

/// What is near in meaning to what was asked. Nothing, where no service is configured.
#[derive(Debug, Default)]
pub(super) struct Near {
    /// The places of the tickets, the nearest first; none where the service is of no use.
    pub(super) places: Option<Vec<usize>>,
    /// Why meaning does not count, or not of all tickets.
    pub(super) warnings: Vec<String>,
}

/// The tickets nearest to what was asked, of those that are wanted: of all whose texts the
/// service has told, now or before. `texts` are those of the tickets, packed.
pub(super) fn nearest_to(
    project: &Project,
    context: &Context,
    asked: &str,
    tickets: &[Outline],
    texts: &[&[u8]],
    wanted: impl Fn(usize) -> bool,
) -> Near {
    let config = &project.config.search;
    let Some(url) = config.embeddings_url.as_deref() else {
        return Near::default();
    };
    let useless = |error: &EmbeddingsError| Near {
        places: None,
        warnings: vec![format!(
            "`{url}` does not tell what texts mean, so only words count: {error}"
        )],
    };
    let wait = context.answer_wait().unwrap_or(ANSWER);
    let begin = || -> Result<(Service, Vec<f32>), EmbeddingsError> {
        let key = config.embeddings_key_env.as_deref();
        let key = key.and_then(|name| context.var(name));
        let service = Service::new(url, &config.embeddings_model, key)?;
        let to = service.embed(&[asked.to_owned()], wait)?.pop();
        Ok((service, to.unwrap_or_default()))
    };
    let (service, to) = match begin() {
        Ok(begun) => begun,
        Err(error) => return useless(&error),
    };
    let names: Vec<TextName> = texts.iter().map(|text| TextName::of(text)).collect();
    let label = format!("{url} {}", config.embeddings_model);
    let mut vectors = project.store.vectors(&label);
    let before = vectors.len();
    let there: BTreeSet<&TextName> = names.iter().collect();
    let Vectors { told, late } = &mut vectors;
    // Worktrees with tickets of their own ask each about theirs.
    let others = told.keys().filter(|name| !there.contains(name)).count();
    let all = project.store.shares_local_dir() && others <= there.len();
    let is_kept = |name: &TextName| all || there.contains(name);
    told.retain(|name, vector| vector.len() == to.len() && is_kept(name));
    late.retain(|name, until| is_kept(name) && project.now < *until);
    let left = vectors.len();
    let questions = Questions {
        project,
        service: &service,
        wait,
        tickets,
        names: &names,
        size: to.len(),
    };
    let trouble = questions.ask(&mut vectors).err();
    if left < before || vectors.len() > left {
        project.store.keep_vectors(&label, &vectors);
    }

    let (mut known, mut refused, mut late, mut unknown) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (place, name) in names.iter().enumerate() {
        match vectors.told.get(name) {
            Some(vector) if is_refused(vector) => refused.push(&tickets[place]),
            Some(vector) => known.push((place, vector.as_slice())),
            None if vectors.late.contains_key(name) => late.push(&tickets[place]),
            None => unknown += 1,
        }
    }
    let mean = match unknown {
        1 => "one ticket means".to_owned(),
        _ => format!("{unknown} tickets mean"),
    };
    let mut warnings = Vec::new();
    match trouble {
        Some(error) if known.is_empty() => return useless(&error),
        Some(error) if unknown > 0 => {
            warnings.push(format!("`{url}` does not tell what {mean}: {error}"));
        }
        Some(_) => {}
        None if unknown > 0 => warnings.push(format!(
            "what {mean} is not known yet: the next search asks on"
        )),
        None => {}
    }
    let say = |tickets: &[&Outline]| match tickets.len() {
        1 => ("says", "find it"),
        _ => ("say", "find them"),
    };
    if let Some(named) = named(&refused) {
        let (say, find) = say(&refused);
        warnings.push(format!(
            "`{url}` refuses what {named} {say}, so only words {find}"
        ));
    }
    if let Some(named) = named(&late) {
        let (say, find) = say(&late);
        let until = names.iter().filter_map(|name| vectors.late.get(name)).min();
        let until = until.map_or_else(String::new, |until| format!(" until {until}"));
        warnings.push(format!(
            "`{url}` did not answer in time about what {named} {say}, so only words {find}, and it \
             is not asked again{until}"
        ));
    }
    let is_of_use = !known.is_empty() || warnings.is_empty();
    Near {
        places: is_of_use.then(|| search::nearest(&to, known.into_iter(), wanted)),
        warnings,
    }
}

/// What is kept of a text that the service refused: no text's vector is of length 0.
fn refused(size: usize) -> Vec<f32> {
    vec![0.0; size]
}

fn is_refused(vector: &[f32]) -> bool {
    vector.iter().all(|number| *number == 0.0)
}

/// The tickets as a warning names them, if there are any.
fn named(tickets: &[&Outline]) -> Option<String> {
    let named = tickets.iter().map(|ticket| format!("`{}`", ticket.id));
    (!tickets.is_empty()).then(|| some_of(named, NAMED))
}

/// What the service is to be asked.
struct Questions<'q> {
    project: &'q Project,
    service: &'q Service,
    /// How long each answer is waited for.
    wait: Duration,
    tickets: &'q [Outline],
    /// The names of their texts.
    names: &'q [TextName],
    /// How many numbers a vector has.
    size: usize,
}

impl Questions<'_> {
    /// Asks about the texts that are not known yet, as long as there is time. A text that is
    /// refused alone is put down as such, and so is one about which alone there is no answer in
    /// time: who searches again need not wait for it again.
    ///
    /// # Errors
    /// When the service fails otherwise, or does not answer in time about two single texts in a
    /// row. What it told before is there.
    fn ask(&self, vectors: &mut Vectors) -> Result<(), EmbeddingsError> {
        let begun = Instant::now();
        let unknown: Vec<usize> = (0..self.names.len())
            .filter(|place| !vectors.has(&self.names[*place]))
            .collect();
        let (mut left, mut pace) = (unknown.as_slice(), Pace::default());
        let mut again = false;
        while !left.is_empty() && begun.elapsed() <= ALL {
            let (batch, rest) = left.split_at(pace.size.min(left.len()));
            let read = batch.iter().filter_map(|place| self.read(*place));
            let (names, texts): (Vec<TextName>, Vec<String>) = read.unzip();
            if texts.is_empty() {
                left = rest;
                continue;
            }
            let asked = Instant::now();
            match self.told(&texts) {
                Ok(told) => {
                    vectors.told.extend(names.into_iter().zip(told));
                    pace.answered(asked.elapsed(), self.wait);
                    (left, again) = (rest, false);
                }
                Err(error) if batch.len() > 1 && error.is_of_texts() => {
                    pace.failed(batch.len(), &error);
                }
                Err(error @ EmbeddingsError::Slow(_)) => {
                    let until = self
                        .project
                        .now
                        .saturating_add(LATE)
                        .unwrap_or(Timestamp::MAX);
                    vectors
                        .late
                        .extend(names.into_iter().map(|name| (name, until)));
                    if again {
                        return Err(error);
                    }
                    pace.found_out();
                    (left, again) = (rest, true);
                }
                Err(error) if error.is_refusal() => {
                    let none = names.into_iter().map(|name| (name, refused(self.size)));
                    vectors.told.extend(none);
                    pace.found_out();
                    (left, again) = (rest, false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn told(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbeddingsError> {
        let told = self.service.embed(texts, self.wait)?;
        match told.iter().map(Vec::len).find(|other| *other != self.size) {
            None => Ok(told),
            Some(other) => {
                let message = format!("vectors of {} and of {other} numbers", self.size);
                Err(EmbeddingsError::Answer(message))
            }
        }
    }

    /// The name of the ticket's text, which may have changed since its words were read, and what
    /// the service is asked about.
    fn read(&self, place: usize) -> Option<(TextName, String)> {
        let project = self.project;
        let id = &self.tickets[place].id;
        let stored = project.store.read(id, &project.config).ok()?;
        let name = TextName::of(&search::pack(&stored.ticket));
        Some((name, text(&stored.ticket)))
    }
}

/// How many texts are asked about at once: more while the answers come soon.
#[derive(Debug)]
struct Pace {
    size: usize,
    most: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            size: FIRST,
            most: BATCH,
        }
    }
}

impl Pace {
    /// After an answer that took so long, of so long as it is waited for.
    fn answered(&mut self, took: Duration, wait: Duration) {
        if took * 4 <= wait {
            self.size = (self.size * 2).min(self.most);
        } else if took * 2 > wait {
            self.size = (self.size / 2).max(1);
        }
    }

    /// After a failure for these texts together.
    fn failed(&mut self, size: usize, error: &EmbeddingsError) {
        self.most = (size / 2).max(1);
        self.size = match error {
            // Each further try may take as long.
            EmbeddingsError::Slow(_) => 1,
            _ => self.most,
        };
    }

    /// After it has been found out that a single text was what failed.
    fn found_out(&mut self) {
        self.most = BATCH;
    }
}

/// What the service is asked about: the title and what is said of the ticket, its beginning.
fn text(ticket: &Ticket) -> String {
    let acceptance = ticket.acceptance.iter().map(|item| item.text.as_str());
    let notes = ticket.notes.iter().map(|note| note.text.as_str());
    let parts = [ticket.title.as_str(), ticket.description.as_str()].into_iter();
    let parts: Vec<&str> = parts.chain(acceptance).chain(notes).collect();
    parts.join("\n").chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_asked_about_at_once_as_are_told_in_time() {
        let wait = Duration::from_secs(5);
        // How long a text takes, in milliseconds, and the sizes that come of it.
        for (each, expected) in [
            (1, [8, 16, 32, 64, 64]),
            (100, [8, 16, 16, 16, 16]),
            (500, [8, 4, 4, 4, 4]),
            (4_000, [8, 1, 1, 1, 1]),
        ] {
            let (mut pace, mut sizes) = (Pace::default(), Vec::new());
            for _ in expected {
                sizes.push(pace.size);
                let took = Duration::from_millis(each) * u32::try_from(pace.size).unwrap();
                match took < wait {
                    true => pace.answered(took, wait),
                    false => pace.failed(pace.size, &EmbeddingsError::Slow(wait)),
                }
            }
            assert_eq!(sizes, expected, "{each}");
        }
    }

    #[test]
    fn a_limit_of_the_service_is_kept_to_and_a_single_text_leaves_none() {
        let mut pace = Pace::default();
        let (soon, wait) = (Duration::ZERO, Duration::from_secs(5));
        pace.failed(8, &EmbeddingsError::Status(422));
        assert_eq!(pace.size, 4);
        pace.answered(soon, wait);
        assert_eq!(pace.size, 4);
        for size in [4, 2] {
            pace.failed(size, &EmbeddingsError::Status(400));
        }
        assert_eq!(pace.size, 1);
        pace.found_out();
        pace.answered(soon, wait);
        pace.answered(soon, wait);
        assert_eq!(pace.size, 4);
    }
}
