//! Replacements of parts of a text.

use std::ops::Range;

/// Replacements to be made in one text, each of a range by a new text.
#[derive(Default)]
pub(super) struct Splices(Vec<(Range<usize>, String)>);

impl Splices {
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.0.push((range, text.into()));
    }

    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    pub(super) fn remove(&mut self, range: Range<usize>) {
        self.replace(range, String::new());
    }

    /// The replacements from the text's beginning to its end. Insertions at one place come
    /// in the order in which they were made, and before what is replaced there.
    pub(super) fn in_order(mut self) -> Vec<(Range<usize>, String)> {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        self.0
    }
}
