//! The parts of a ticket's texts that were found.

use std::ops::Range;

use super::packed::Field;
use super::terms::Terms;
use super::words::each_word;
use crate::model::Ticket;

/// The most characters of a snippet, and of them before what was found.
const WIDTH: usize = 120;
const BEFORE: usize = 30;

/// What a text begins or ends with that is cut.
const CUT: char = '…';

/// A part of a text, on one line, with the words that were found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// Where it is from.
    pub field: Field,
    /// What it says.
    pub text: String,
    /// Where the words begin and end, in characters.
    pub matches: Vec<(usize, usize)>,
}

/// The best part of every field of the ticket that has any of the words.
#[must_use]
pub fn snippets(terms: &Terms, ticket: &Ticket) -> Vec<Snippet> {
    let best = |field: Field| {
        let parts = field.texts(ticket).into_iter();
        let parts = parts.filter_map(|text| Part::best(terms, text));
        // Of equal ones the first.
        let best = parts.reduce(|best, part| if part.worth > best.worth { part } else { best });
        let is_short = matches!(field, Field::Title | Field::Id | Field::Labels);
        best.map(|part| part.cut(field, if is_short { usize::MAX } else { WIDTH }))
    };
    Field::ALL.into_iter().filter_map(best).collect()
}

/// A text with the words that were found in it.
struct Part<'t> {
    text: &'t str,
    matches: Vec<Range<usize>>,
    /// The place of the one that the snippet begins with.
    first: usize,
    /// How many different words are near.
    worth: usize,
}

impl<'t> Part<'t> {
    fn best(terms: &Terms, text: &'t str) -> Option<Self> {
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        each_word(text, |range, word| {
            if let Some(term) = terms.meant(word) {
                found.push((range, term));
            }
        });
        let worth = |first: usize| {
            let room = found[first].0.start + WIDTH - BEFORE;
            let near = found[first..].iter();
            let near = near.take_while(|(range, _)| range.end <= room);
            let mut terms: Vec<usize> = near.take(WIDTH).map(|(_, term)| *term).collect();
            terms.sort_unstable();
            terms.dedup();
            terms.len().max(1)
        };
        let (mut first, mut most) = (0, 0);
        for place in 0..found.len() {
            let worth = worth(place);
            if worth > most {
                (first, most) = (place, worth);
            }
            if most == terms.all.len() {
                break;
            }
        }
        let matches: Vec<Range<usize>> = found.into_iter().map(|(range, _)| range).collect();
        (most > 0).then_some(Self {
            text,
            matches,
            first,
            worth: most,
        })
    }

    /// So many characters of it, in whole words where that can be.
    fn cut(self, field: Field, width: usize) -> Snippet {
        let text = self.text;
        let found = self.matches[self.first].start;
        let is_far = text[..found].chars().nth(BEFORE).is_some();
        let mut start = match text.chars().nth(width) {
            Some(_) if is_far => {
                let back = text[..found].char_indices().rev().take(BEFORE);
                back.last().map_or(found, |(at, _)| at)
            }
            _ => 0,
        };
        if start > 0 && !text[..start].ends_with(char::is_whitespace) {
            let next = text[start..found].find(char::is_whitespace);
            start += next.unwrap_or(0);
        }
        start += text[start..found].len() - text[start..found].trim_start().len();
        let rest = &text[start..];
        let mut end = match rest.char_indices().nth(width) {
            Some((at, _)) => start + at,
            None => text.len(),
        };
        if end < text.len() && !text[end..].starts_with(char::is_whitespace) {
            let space = text[found..end].rfind(char::is_whitespace);
            end = space.map_or(end, |at| found + at);
        }
        self.on_one_line(field, start, end)
    }

    fn on_one_line(&self, field: Field, start: usize, end: usize) -> Snippet {
        let mut shown = String::new();
        let mut count = 0;
        let mut matches: Vec<(usize, usize)> = Vec::new();
        let mut rest = self
            .matches
            .iter()
            .filter(|range| range.end > start)
            .peekable();
        let mut push = |c: char, count: &mut usize| {
            shown.push(c);
            *count += 1;
        };
        let within = self.text[start..end].trim_end();
        if start > 0 {
            push(CUT, &mut count);
        }
        let mut spaced = true;
        for (at, c) in within.char_indices() {
            let at = start + at;
            if c.is_whitespace() {
                if !spaced {
                    push(' ', &mut count);
                }
                spaced = true;
                continue;
            }
            spaced = false;
            let from = count;
            push(c, &mut count);
            while rest.next_if(|range| range.end <= at).is_some() {}
            if rest.peek().is_some_and(|range| range.start <= at) {
                match matches.last_mut() {
                    // Words may overlap, and then are one; of neighbours each is itself.
                    Some(last) if last.1 == from && !self.begins(at) => last.1 = count,
                    _ => matches.push((from, count)),
                }
            }
        }
        if start + within.len() < self.text.trim_end().len() {
            push(CUT, &mut count);
        }
        Snippet {
            field,
            text: shown,
            matches,
        }
    }

    /// Whether a word that was found begins there that does not overlap the one before.
    fn begins(&self, at: usize) -> bool {
        let place = self.matches.binary_search_by_key(&at, |range| range.start);
        place.is_ok_and(|place| place == 0 || self.matches[place - 1].end <= at)
    }
}
