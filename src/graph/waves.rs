//! The levels of the dependency order.

use petgraph::graph::NodeIndex;

use super::net::Net;

/// The nodes, each behind everything that comes before it. Nodes in a cycle or behind one are
/// left out.
pub(super) fn dependency_order(net: &Net) -> Vec<NodeIndex> {
    let mut waits: Vec<usize> = net
        .graph
        .node_indices()
        .map(|index| net.before(index).count())
        .collect();
    let mut order: Vec<NodeIndex> = net
        .graph
        .node_indices()
        .filter(|index| waits[index.index()] == 0)
        .collect();
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        for then in net.after(index) {
            waits[then.index()] -= 1;
            if waits[then.index()] == 0 {
                order.push(then);
            }
        }
    }
    order
}

/// For every node the number of counted nodes on the longest way to it, itself included: for
/// a counted one its wave, from 1. Ways lead through nodes that do not count.
pub(super) fn waves(net: &Net, order: &[NodeIndex], counts: &[bool]) -> Vec<usize> {
    let mut wave = vec![0; counts.len()];
    for index in order {
        wave[index.index()] += usize::from(counts[index.index()]);
        let reached = wave[index.index()];
        for then in net.after(*index) {
            wave[then.index()] = reached.max(wave[then.index()]);
        }
    }
    wave
}
