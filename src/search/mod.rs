//! Finding tickets by words: what words are, what is kept of a ticket's texts, how well a text
//! answers, and which parts of it to show. Pure functions; nothing here knows where texts are
//! kept.
//!
//! A ticket is found where each word asked for is a word of its texts, or the beginning of one;
//! a word that no ticket has is also taken for a misspelt one. How well it answers is BM25 over
//! the texts of all tickets, in which a word of the title counts more than one of a note, a
//! whole word more than a beginning, and that more than a likeness.

mod likeness;
mod mention;
mod mixed;
mod packed;
mod rank;
mod snippet;
mod terms;
mod words;

pub use likeness::{ALIKE, Title};
pub use mention::{mentions, parts};
pub use mixed::{mixed, nearest};
pub use packed::{Field, PACKING, pack};
pub use rank::{Hit, Ranking, all, rank};
pub use snippet::{Snippet, snippets};
pub use terms::Terms;
pub use words::{each_word, fold_text};

#[cfg(test)]
mod tests;
