//! The words that are asked for, and which words of a text they mean.

use super::words::each_word;

/// As how much of a word the beginning of one counts.
pub(super) const BEGUN: f64 = 0.5;
/// As how much of a word one that is spelled like it counts.
pub(super) const LIKE: f64 = 0.25;

/// The most letters of a word that is taken for a misspelt one.
const LONGEST: usize = 40;

/// The words that are asked for, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    pub(super) all: Vec<Term>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// As words are compared.
    pub(super) word: String,
    letters: usize,
    mask: u64,
    /// How many mistakes may be in it.
    pub(super) mistakes: usize,
}

impl Terms {
    /// The words of what was asked. Of none, nothing is found.
    #[must_use]
    pub fn of(asked: &str) -> Self {
        let mut all: Vec<Term> = Vec::new();
        let mut end = 0;
        each_word(asked, |range, word| {
            // The last sign of a row is a part of the word before.
            let is_rest = range.end <= end;
            end = range.end;
            if !is_rest && !all.iter().any(|term| term.word == word) {
                all.push(Term::new(word));
            }
        });
        Self { all }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The place of the first of them that means that word of a text.
    pub(super) fn meant(&self, word: &str) -> Option<usize> {
        self.all.iter().position(|term| term.value(word) > 0.0)
    }
}

impl Term {
    fn new(word: &str) -> Self {
        Self {
            word: word.to_owned(),
            letters: word.chars().count(),
            mask: mask(word.as_bytes()),
            mistakes: 0,
        }
    }

    /// From now on it also means words that are spelled like it.
    pub(super) fn may_be_misspelt(&mut self) {
        self.mistakes = match self.letters {
            4..8 => 1,
            8..=LONGEST => 2,
            _ => 0,
        };
    }

    /// As how much of a word that word of a text counts; 0 where it is not meant.
    pub(super) fn value(&self, word: &str) -> f64 {
        match word.strip_prefix(&self.word) {
            Some("") => 1.0,
            Some(_) => BEGUN,
            None if self.is_like(word) => LIKE,
            None => 0.0,
        }
    }

    /// Whether it can be told at a glance that a word of so many bytes is not spelled like it.
    pub(super) fn is_far(&self, length: usize) -> bool {
        self.word.len().abs_diff(length) > self.mistakes * 4
    }

    /// Whether the word is spelled like it. Most words are told to be others at a glance.
    pub(super) fn is_like(&self, word: &str) -> bool {
        // A letter has at most four bytes, and leaves at most so many traces.
        let bytes = if word.is_ascii() && self.word.is_ascii() {
            1
        } else {
            4
        };
        let most = self.mistakes * bytes;
        most > 0
            && self.word.len().abs_diff(word.len()) <= most
            && (self.mask ^ mask(word.as_bytes())).count_ones() as usize <= 2 * most
            && strsim::damerau_levenshtein(&self.word, word) <= self.mistakes
    }
}

/// The bytes that are there, as far as 64 bits can tell.
fn mask(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |mask, byte| mask | 1 << (byte & 63))
}
