//! A list of places for each place, all of them in one piece of memory, in four bytes each:
//! there are never four thousand million tickets.

use std::iter::{Copied, Map};
use std::slice;

/// The lists, each by the place it is of.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    ends: Vec<u32>,
    items: Vec<u32>,
}

/// The places in a list.
pub(super) type Places<'l> = Map<Copied<slice::Iter<'l, u32>>, fn(u32) -> usize>;

impl Lists {
    /// No lists yet, with room for so many.
    pub(super) fn with_capacity(lists: usize) -> Self {
        Self {
            ends: Vec::with_capacity(lists),
            items: Vec::with_capacity(lists),
        }
    }

    /// So many lists, with these items of the lists at these places, in the order they come in.
    pub(super) fn grouped(
        lists: usize,
        placed: impl Iterator<Item = (usize, usize)> + Clone,
    ) -> Self {
        let mut ends = vec![0_u32; lists];
        for (list, _) in placed.clone() {
            ends[list] += 1;
        }
        let mut before = 0;
        for end in &mut ends {
            let length = *end;
            *end = before;
            before += length;
        }
        // Each is the beginning of its list until all of its items are in.
        let mut items = vec![0; before as usize];
        for (list, item) in placed {
            items[ends[list] as usize] = item as u32;
            ends[list] += 1;
        }
        Self { ends, items }
    }

    /// Puts an item at the end of the list that comes next.
    pub(super) fn push(&mut self, item: usize) {
        self.items.push(item as u32);
    }

    /// Ends that list, which may be empty.
    pub(super) fn end(&mut self) {
        self.ends.push(self.items.len() as u32);
    }

    /// The list of that place.
    pub(super) fn of(&self, place: usize) -> Places<'_> {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        let items = &self.items[start as usize..self.ends[place] as usize];
        items.iter().copied().map(|item| item as usize)
    }

    /// The lists that each place is in, in their order. Every item must be a list's place.
    pub(super) fn turned(&self) -> Self {
        let lists = 0..self.ends.len();
        let all = lists.flat_map(|list| self.of(list).map(move |item| (item, list)));
        Self::grouped(self.ends.len(), all)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn they_are_as_lists_of_their_own(
            expected in prop::collection::vec(prop::collection::vec(0..9_usize, 0..4), 9)
        ) {
            let mut lists = Lists::with_capacity(expected.len());
            for list in &expected {
                list.iter().for_each(|&item| lists.push(item));
                lists.end();
            }
            let turned = lists.turned();
            for (place, list) in expected.iter().enumerate() {
                prop_assert!(lists.of(place).eq(list.iter().copied()));
                let naming = expected.iter().enumerate().flat_map(|(at, list)| {
                    let times = list.iter().filter(|&&item| item == place).count();
                    std::iter::repeat_n(at, times)
                });
                prop_assert!(turned.of(place).eq(naming));
            }
        }
    }
}
