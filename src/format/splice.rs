//! Replacements of parts of a text.

use std::ops::Range;

/// Replacements to be made in one text, each of a range by a new text.
#[derive(Default)]
pub(super) struct Splices(Vec<Splice>);

struct Splice {
    range: Range<usize>,
    text: String,
    /// Whether it begins with the header of a table.
    is_table: bool,
}

impl Splices {
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.0.push(Splice {
            range,
            text: text.into(),
            is_table: false,
        });
    }

    /// Inserts tables with their headers: behind what else is inserted at that place, which they
    /// would swallow.
    pub(super) fn insert_table(&mut self, at: usize, text: impl Into<String>) {
        self.0.push(Splice {
            range: at..at,
            text: text.into(),
            is_table: true,
        });
    }

    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    pub(super) fn remove(&mut self, range: Range<usize>) {
        self.replace(range, String::new());
    }

    /// The replacements from the text's beginning to its end. Insertions at one place come
    /// in the order in which they were made, tables behind the others, and before what is
    /// replaced there.
    pub(super) fn in_order(mut self) -> impl DoubleEndedIterator<Item = (Range<usize>, String)> {
        let place = |splice: &Splice| (splice.range.start, splice.range.end, splice.is_table);
        self.0.sort_by_key(place);
        let splices = self.0.into_iter();
        splices.map(|splice| (splice.range, splice.text))
    }
}
