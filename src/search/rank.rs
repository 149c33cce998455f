//! Which tickets have the words asked for, the best first.

use memchr::memmem::Finder;
use memchr::{memchr_iter, memchr2_iter};

use super::packed::{BEFORE, END, Field, HEAD};
use super::terms::{BEGUN, LIKE, Term, Terms};
use crate::cores;

/// From so many texts on they are looked through by several threads.
const MANY: usize = 1000;

/// How soon more of the same word tells nothing more, and how much it matters how long a text
/// is: the usual values of BM25, but that long texts are forgiven more.
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.5;

/// As how many times a word counts at most in one field, however often it is there: what a log that
/// somebody pasted repeats does not tell more than a title.
const REPEATED: f64 = 2.0;

/// One of so many texts, the longest, is left out of how long a text is usually.
const TENTH: usize = 10;

/// The steps of scores: what is not told apart to a reader is not told apart.
const STEPS: f64 = 1e4;

/// A ticket that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The place of its text.
    pub place: usize,
    /// How well it answers; more is better.
    pub score: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The words that were asked for, and whether they were taken for misspelt ones.
    pub terms: Terms,
    /// The tickets, the best first; of the same score, in the order of their places.
    pub hits: Vec<Hit>,
    /// Whether each of them has all words; else none has.
    pub whole: bool,
}

/// Those of so many texts that are wanted, where no words are asked for.
#[must_use]
pub fn all(count: usize, wanted: impl Fn(usize) -> bool) -> Ranking {
    let places = (0..count).filter(|place| wanted(*place));
    let hit = |place| Hit { place, score: 0.0 };
    Ranking {
        terms: Terms::default(),
        hits: places.map(hit).collect(),
        whole: true,
    }
}

/// Looks through the packed texts, of which those are told that are wanted. The scores are of
/// all texts together, so that they are the same whatever is wanted.
#[must_use]
pub fn rank(mut terms: Terms, texts: &[&[u8]], wanted: impl Fn(usize) -> bool) -> Ranking {
    let mut found: Vec<Found> = terms.all.iter().map(|term| look(term, texts)).collect();
    for (term, found) in terms.all.iter_mut().zip(&mut found) {
        if !found.exactly {
            term.may_be_misspelt();
            look_for_likes(term, texts, &mut found.weights);
        }
    }
    let lengths: Vec<u32> = texts.iter().map(|text| words(text)).collect();
    let usual = usual(lengths.clone());
    let rare: Vec<f64> = found.iter().map(|found| rarity(&found.weights)).collect();
    let score = |place: usize| {
        let long = 1.0 - LENGTH + LENGTH * f64::from(lengths[place]) / usual;
        let of = |(found, rare): (&Found, &f64)| {
            let weight = found.weights[place];
            rare * weight * (SATURATION + 1.0) / (weight + SATURATION * long)
        };
        let sum: f64 = found.iter().zip(&rare).map(of).sum();
        (sum * STEPS).round() / STEPS
    };
    let has = |place: usize| {
        found
            .iter()
            .filter(|found| found.weights[place] > 0.0)
            .count()
    };
    let some: Vec<(usize, usize)> = (0..texts.len())
        .map(|place| (place, has(place)))
        .filter(|(place, count)| *count > 0 && wanted(*place))
        .collect();
    let whole = some.iter().any(|(_, count)| *count == found.len());
    let least = if whole { found.len() } else { 1 };
    let told = some.into_iter().filter(|(_, count)| *count >= least);
    let told = told.map(|(place, _)| Hit {
        place,
        score: score(place),
    });
    let mut hits: Vec<Hit> = told.collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ranking { terms, hits, whole }
}

/// How often a word is in each text, by what each time counts.
struct Found {
    weights: Vec<f64>,
    /// Whether any text has the very word.
    exactly: bool,
}

/// How telling a word is that so many texts have.
fn rarity(weights: &[f64]) -> f64 {
    let all = weights.len() as f64;
    let have = weights.iter().filter(|weight| **weight > 0.0).count() as f64;
    (1.0 + (all - have + 0.5) / (have + 0.5)).ln()
}

/// How many words a text has.
fn words(text: &[u8]) -> u32 {
    let head = text.get(..HEAD).and_then(|head| head.try_into().ok());
    head.map_or(0, u32::from_le_bytes)
}

/// How long a text is usually, in words: the mean without the longest tenth, in which a log
/// that somebody pasted would make all others short.
fn usual(mut lengths: Vec<u32>) -> f64 {
    let counted = lengths.len() - lengths.len().div_ceil(TENTH);
    if counted > 0 {
        lengths.select_nth_unstable(counted);
        lengths.truncate(counted);
    }
    let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
    (total as f64 / lengths.len().max(1) as f64).max(1.0)
}

fn body(text: &[u8]) -> &[u8] {
    text.get(HEAD..).unwrap_or_default()
}

/// The texts in which there is the word, or one that begins so.
fn look(term: &Term, texts: &[&[u8]]) -> Found {
    let needle = [&[BEFORE], term.word.as_bytes()].concat();
    let finder = Finder::new(&needle);
    let parts = cores::spread(texts, MANY, |part| {
        let mut exactly = false;
        let weigh = |text: &&[u8]| {
            let text = body(text);
            let mut fields = Fields::of(text);
            let each = finder.find_iter(text).map(|at| {
                let behind = text.get(at + needle.len());
                let whole = behind.is_none_or(|byte| matches!(*byte, BEFORE | END));
                exactly |= whole;
                fields.add(at, if whole { 1.0 } else { BEGUN })
            });
            each.sum::<f64>()
        };
        let weights: Vec<f64> = part.iter().map(weigh).collect();
        Found { weights, exactly }
    });
    let exactly = parts.iter().any(|part| part.exactly);
    let weights = parts.into_iter().flat_map(|part| part.weights).collect();
    Found { weights, exactly }
}

/// Adds the words to what each text has that are spelled like the one asked for.
fn look_for_likes(term: &Term, texts: &[&[u8]], weights: &mut [f64]) {
    if term.mistakes == 0 {
        return;
    }
    let parts = cores::spread(texts, MANY, |part| {
        let weigh = |text: &&[u8]| {
            let text = body(text);
            let (mut weight, mut fields) = (0.0, Fields::of(text));
            let mut start = None;
            for at in memchr2_iter(BEFORE, END, text) {
                let word = start.map_or(&[][..], |start: usize| &text[start..at]);
                // What begins so has been counted.
                if !term.is_far(word.len())
                    && !word.starts_with(term.word.as_bytes())
                    && std::str::from_utf8(word).is_ok_and(|word| term.is_like(word))
                {
                    weight += fields.add(at - 1, LIKE);
                }
                start = (text[at] == BEFORE).then_some(at + 1);
            }
            weight
        };
        part.iter().map(weigh).collect::<Vec<f64>>()
    });
    for (weight, more) in weights.iter_mut().zip(parts.into_iter().flatten()) {
        *weight += more;
    }
}

/// The fields of a text, one after the other.
struct Fields<'t> {
    ends: memchr::Memchr<'t>,
    /// Where the field ends that is the first of the rest.
    end: usize,
    rest: std::slice::Iter<'static, Field>,
    weight: f64,
    /// What the words of that field have come to.
    sum: f64,
}

impl<'t> Fields<'t> {
    fn of(text: &'t [u8]) -> Self {
        const FIELDS: &[Field] = &Field::ALL;
        Self {
            ends: memchr_iter(END, text),
            end: 0,
            rest: FIELDS.iter(),
            weight: 0.0,
            sum: 0.0,
        }
    }

    /// As how many times a word counts that is there, and is that much of the one asked for. Places
    /// come in order.
    fn add(&mut self, at: usize, share: f64) -> f64 {
        while at >= self.end {
            let (Some(end), Some(field)) = (self.ends.next(), self.rest.next()) else {
                break;
            };
            self.end = end;
            self.weight = field.weight();
            self.sum = 0.0;
        }
        let more = (self.weight * share).min(self.weight * REPEATED - self.sum);
        self.sum += more;
        more
    }
}
