//! Longest weighted paths.

use std::cmp::Reverse;

use petgraph::graph::NodeIndex;

use super::net::Net;

/// The nodes of a plan and what they weigh.
pub(super) struct Weighed<'n> {
    pub(super) net: &'n Net,
    /// Each node behind everything that comes before it.
    pub(super) order: &'n [NodeIndex],
    /// Which nodes are the plan's work; the others weigh nothing and are on no path.
    pub(super) counts: &'n [bool],
    /// Minutes of those that count.
    pub(super) minutes: &'n [u64],
    /// Decides between equally long paths: the smaller one is taken.
    pub(super) rank: &'n [usize],
}

/// The paths through every node, by node.
pub(super) struct Paths {
    /// Minutes on the longest path to the node, without itself.
    pub(super) top: Vec<u64>,
    /// Minutes on the longest path from the node, with itself.
    pub(super) bottom: Vec<u64>,
    /// The next node that counts on that longest path.
    next: Vec<Option<NodeIndex>>,
}

impl Paths {
    pub(super) fn find(weighed: &Weighed<'_>) -> Self {
        let Weighed {
            net, order, counts, ..
        } = *weighed;
        let weight = |at: usize| if counts[at] { weighed.minutes[at] } else { 0 };
        let mut paths = Self {
            top: vec![0; counts.len()],
            bottom: vec![0; counts.len()],
            next: vec![None; counts.len()],
        };
        for index in order {
            let at = index.index();
            let reached = paths.top[at] + weight(at);
            for then in net.after(*index) {
                paths.top[then.index()] = reached.max(paths.top[then.index()]);
            }
        }
        let mut placed = vec![false; counts.len()];
        for index in order.iter().rev() {
            let at = index.index();
            placed[at] = true;
            // What does not count stands for the best that follows it; what is in a cycle or
            // behind one has no place on any path.
            let followers = net.after(*index).filter(|then| placed[then.index()]);
            let followers = followers.filter_map(|then| {
                if counts[then.index()] {
                    Some(then)
                } else {
                    paths.next[then.index()]
                }
            });
            let next = followers.min_by_key(|then| paths.preference(weighed, *then));
            paths.next[at] = next;
            paths.bottom[at] = weight(at) + next.map_or(0, |next| paths.bottom[next.index()]);
        }
        paths
    }

    /// The longest path of all: the nodes that count, in order.
    pub(super) fn critical(&self, weighed: &Weighed<'_>) -> Vec<NodeIndex> {
        let mut path = Vec::new();
        let mut at = weighed
            .order
            .iter()
            .copied()
            .filter(|index| weighed.counts[index.index()])
            .min_by_key(|index| self.preference(weighed, *index));
        while let Some(index) = at {
            path.push(index);
            at = self.next[index.index()];
        }
        path
    }

    fn preference(&self, weighed: &Weighed<'_>, index: NodeIndex) -> (Reverse<u64>, usize) {
        let at = index.index();
        (Reverse(self.bottom[at]), weighed.rank[at])
    }
}
