//! Which of several tickets is started first.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Priority, TicketId};

/// What decides between tickets that could start: the longest remaining path first, then
/// priority, then the older one, then id. The smaller key goes first; no two tickets of a
/// project have equal keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunKey {
    /// Minutes on the longest weighted path from the ticket, itself included, to the end.
    pub bottom_minutes: u64,
    /// Its priority.
    pub priority: Priority,
    /// When it was filed; one that does not tell goes last.
    pub created_at: Option<Timestamp>,
    /// Its id.
    pub id: TicketId,
}

impl Ord for RunKey {
    fn cmp(&self, other: &Self) -> Ordering {
        fn key(k: &RunKey) -> (Reverse<u64>, Priority, bool, Option<Timestamp>, &TicketId) {
            let RunKey {
                bottom_minutes,
                priority,
                created_at,
                id,
            } = k;
            let undated = created_at.is_none();
            (
                Reverse(*bottom_minutes),
                *priority,
                undated,
                *created_at,
                id,
            )
        }
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for RunKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Sorts by key, except that an item comes behind those of the others that it prefers to
/// follow (`after`). Preferences that go round in a circle are ignored.
pub fn sort_softly<T>(
    items: &mut Vec<T>,
    key: impl Fn(&T) -> &RunKey,
    after: impl Fn(&T) -> &BTreeSet<TicketId>,
) {
    items.sort_by(|a, b| key(a).cmp(key(b)));
    if items.iter().all(|item| after(item).is_empty()) {
        return;
    }
    let place: BTreeMap<&TicketId, usize> = items
        .iter()
        .enumerate()
        .map(|(place, item)| (&key(item).id, place))
        .collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    let mut waits = vec![0_usize; items.len()];
    for (follower, item) in items.iter().enumerate() {
        for leader in after(item).iter().filter_map(|id| place.get(id)) {
            if *leader != follower {
                followers[*leader].push(follower);
                waits[follower] += 1;
            }
        }
    }
    let mut left: BTreeSet<usize> = (0..items.len()).collect();
    let mut free: BTreeSet<usize> = left.iter().copied().filter(|i| waits[*i] == 0).collect();
    let mut rank = vec![0_usize; items.len()];
    let mut next = 0;
    while let Some(place) = free.pop_first().or_else(|| left.first().copied()) {
        left.remove(&place);
        rank[place] = next;
        next += 1;
        for &follower in &followers[place] {
            waits[follower] = waits[follower].saturating_sub(1);
            if waits[follower] == 0 && left.contains(&follower) {
                free.insert(follower);
            }
        }
    }
    let mut ranked: Vec<(usize, T)> = rank.into_iter().zip(items.drain(..)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    items.extend(ranked.into_iter().map(|(_, item)| item));
}
