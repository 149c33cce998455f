//! The dependency graph itself: an edge goes from what comes first to what comes after.

use std::sync::OnceLock;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::facts::Facts;
use super::waves::dependency_order;

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Role {
    /// A ticket that is work.
    Work,
    /// The moment an epic's descendants may start.
    Start,
    /// The moment an epic's descendants are done.
    End,
}

/// A node: a ticket's position, and which of its moments this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node {
    pub(super) ticket: usize,
    pub(super) role: Role,
}

/// Why one node comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tie {
    /// `blocked_by`.
    Blocker,
    /// One is a part of the other.
    Part,
    /// Start and end of an epic whose work is not planned yet.
    Empty,
    /// `after`.
    After,
}

/// What goes into the graph beyond open work.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    /// Closed tickets and the edges between tickets that are work, so that reopening one
    /// cannot close a circle. Epics still stand for their open descendants only.
    pub(super) closed: bool,
    /// `after`.
    pub(super) soft: bool,
}

/// The graph, and where each ticket is in it.
pub(super) struct Net {
    pub(super) graph: DiGraph<Node, Tie>,
    order: OnceLock<Vec<NodeIndex>>,
    entry: Vec<Option<NodeIndex>>,
    exit: Vec<Option<NodeIndex>>,
}

impl Net {
    pub(super) fn new(facts: &Facts<'_>, extent: Extent) -> Self {
        let mut net = Self {
            graph: DiGraph::with_capacity(facts.len(), 2 * facts.len()),
            order: OnceLock::new(),
            entry: vec![None; facts.len()],
            exit: vec![None; facts.len()],
        };
        for ticket in 0..facts.len() {
            let mut node = |role| Some(net.graph.add_node(Node { ticket, role }));
            if facts.is_epic(ticket) {
                (net.entry[ticket], net.exit[ticket]) = (node(Role::Start), node(Role::End));
            } else if extent.closed || !facts.is_done(ticket) {
                let work = node(Role::Work);
                (net.entry[ticket], net.exit[ticket]) = (work, work);
            }
        }
        for ticket in 0..facts.len() {
            net.tie_to_parent(facts, ticket);
            let blockers = facts.earlier(ticket);
            net.tie_to_earlier(facts, extent, ticket, blockers, Tie::Blocker);
            if extent.soft {
                let after = facts.tickets[ticket].edges().after;
                let after = after.bytes().filter_map(|id| facts.place(id));
                net.tie_to_earlier(facts, extent, ticket, after, Tie::After);
            }
        }
        net
    }

    pub(super) fn node(&self, index: NodeIndex) -> Node {
        self.graph[index]
    }

    /// The nodes right after this one.
    pub(super) fn after(&self, index: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        self.graph.neighbors(index)
    }

    /// The nodes right before this one, with the reason.
    pub(super) fn before(&self, index: NodeIndex) -> impl Iterator<Item = (NodeIndex, Tie)> + '_ {
        self.graph
            .edges_directed(index, Direction::Incoming)
            .map(|edge| (edge.source(), *edge.weight()))
    }

    /// The nodes, each behind everything that comes before it. Nodes in a cycle or behind one
    /// are left out.
    pub(super) fn order(&self) -> &[NodeIndex] {
        self.order.get_or_init(|| dependency_order(self))
    }

    fn tie(&mut self, first: Option<NodeIndex>, then: Option<NodeIndex>, tie: Tie) {
        if let (Some(first), Some(then)) = (first, then) {
            self.graph.add_edge(first, then, tie);
        }
    }

    fn tie_to_parent(&mut self, facts: &Facts<'_>, ticket: usize) {
        let (entry, exit) = (self.entry[ticket], self.exit[ticket]);
        let is_epic = facts.is_epic(ticket);
        if facts.kin.is_own_parent(ticket) {
            self.tie(entry, entry, Tie::Part);
        }
        if let Some(parent) = facts.kin.parent(ticket)
            && (is_epic || !facts.is_done(ticket))
        {
            self.tie(self.entry[parent], entry, Tie::Part);
            self.tie(exit, self.exit[parent], Tie::Part);
        }
        if is_epic && !facts.kin.has_children(ticket) && !facts.is_done(ticket) {
            self.tie(entry, exit, Tie::Empty);
        }
    }

    fn tie_to_earlier(
        &mut self,
        facts: &Facts<'_>,
        extent: Extent,
        ticket: usize,
        earlier: impl Iterator<Item = usize>,
        tie: Tie,
    ) {
        for first in earlier {
            let open = !facts.is_done(ticket) && !facts.is_done(first);
            let work = !facts.is_epic(ticket) && !facts.is_epic(first);
            if open || (extent.closed && work) {
                self.tie(self.exit[first], self.entry[ticket], tie);
            }
        }
    }
}
