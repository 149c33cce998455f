//! Which lines to leave out, so that nothing waits for itself.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::build::Graph;
use super::cycles::{Knots, Step, step};
use super::net::{Extent, Net, Node, Tie};

impl Graph<'_> {
    /// Lines without which no tickets wait for one another, with `soft` those of `after` counting
    /// too; of those that may go, and few. Between tickets that are closed, what is no epic's
    /// counts as if they were open. Cycles of which none may go stay.
    ///
    /// It takes time in proportion to the edges, however they are knotted: each knot is put in
    /// an order, what waits for least first, and what then waits for something later does not.
    #[must_use]
    pub fn breaking(&self, soft: bool, may_go: impl Fn(&Step) -> bool) -> Vec<Step> {
        let mut net = Net::new(&self.facts, Extent { closed: true, soft });
        let mut gone = self.parents_in_circles(&may_go);
        if !gone.is_empty() {
            let apart: HashSet<Step> = gone.iter().cloned().collect();
            net.graph.retain_edges(|graph, edge| {
                let ends = graph.edge_endpoints(edge);
                let step = ends.and_then(|(first, then)| {
                    step(&self.facts, graph[then], graph[first], graph[edge])
                });
                step.is_none_or(|step| !apart.contains(&step))
            });
        }
        gone.extend(Order::new(self, &net, &may_go).run());
        gone
    }

    /// Of every circle of parents one.
    fn parents_in_circles(&self, may_go: &impl Fn(&Step) -> bool) -> Vec<Step> {
        let facts = &self.facts;
        let mut gone = Vec::new();
        for mut circle in facts.kin.circles() {
            circle.sort_unstable_by_key(|ticket| Reverse(*ticket));
            let steps = circle.into_iter().filter_map(|child| {
                let parent = facts.kin.parent(child)?;
                Some(Step::PartOf(
                    facts.id(child).clone(),
                    facts.id(parent).clone(),
                ))
            });
            gone.extend({ steps }.find(may_go));
        }
        gone
    }
}

/// How many of those that are not in the order yet a node waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Waits {
    /// By what may not go.
    firm: usize,
    /// By `parent`.
    parts: usize,
    /// By `blocked_by`.
    blockers: usize,
    /// By `after`.
    after: usize,
}

/// The nodes of all knots, being put in an order.
struct Order<'o, F> {
    graph: &'o Graph<'o>,
    net: &'o Net,
    knots: Knots,
    may_go: &'o F,
    /// What each node waits for still; nothing for those that have their place.
    waits: Vec<Option<Waits>>,
    /// Those without a place: what waits for least first, of equal ones the last.
    rest: BTreeSet<(Waits, Reverse<Node>, NodeIndex)>,
}

impl<'o, F: Fn(&Step) -> bool> Order<'o, F> {
    fn new(graph: &'o Graph<'o>, net: &'o Net, may_go: &'o F) -> Self {
        let knots = Knots::find(net);
        let mut order = Self {
            graph,
            net,
            knots,
            may_go,
            waits: vec![None; net.graph.node_count()],
            rest: BTreeSet::new(),
        };
        let nodes: Vec<NodeIndex> = order.knots.list.iter().flatten().copied().collect();
        for node in nodes {
            let mut waits = Waits::default();
            for (_, step) in order.before(node) {
                *waits.of(step.as_ref()) += 1;
            }
            order.waits[node.index()] = Some(waits);
            order.rest.insert((waits, Reverse(net.node(node)), node));
        }
        order
    }

    /// Gives each its place; what those wait for that come later.
    fn run(mut self) -> Vec<Step> {
        let mut gone = Vec::new();
        while let Some((_, _, node)) = self.rest.pop_first() {
            let later = self.before(node).into_iter();
            let later = later.filter(|(first, _)| self.waits[first.index()].is_some());
            gone.extend(later.filter_map(|(_, step)| step));
            self.waits[node.index()] = None;
            for (then, step) in self.after(node) {
                self.waits_no_more(then, step.as_ref());
            }
        }
        // A part is tied to both ends of its epic.
        let mut seen = HashSet::new();
        gone.retain(|step| seen.insert(step.clone()));
        gone
    }

    fn waits_no_more(&mut self, node: NodeIndex, step: Option<&Step>) {
        let Some(waits) = &mut self.waits[node.index()] else {
            return;
        };
        let key = |waits| (waits, Reverse(self.net.node(node)), node);
        self.rest.remove(&key(*waits));
        *waits.of(step) -= 1;
        self.rest.insert(key(*waits));
    }

    /// What the node waits for in its knot, each with the step, if that may go.
    fn before(&self, node: NodeIndex) -> Vec<(NodeIndex, Option<Step>)> {
        let edges = self.net.graph.edges_directed(node, Direction::Incoming);
        self.steps(edges.map(|edge| (edge.source(), edge.source(), node, *edge.weight())))
    }

    /// What waits for the node.
    fn after(&self, node: NodeIndex) -> Vec<(NodeIndex, Option<Step>)> {
        let edges = self.net.graph.edges(node);
        self.steps(edges.map(|edge| (edge.target(), node, edge.target(), *edge.weight())))
    }

    fn steps(
        &self,
        edges: impl Iterator<Item = (NodeIndex, NodeIndex, NodeIndex, Tie)>,
    ) -> Vec<(NodeIndex, Option<Step>)> {
        let within = edges.filter(|(_, first, then, _)| self.knots.joined(*first, *then));
        let steps = within.map(|(other, first, then, tie)| {
            let (first, then) = (self.net.node(first), self.net.node(then));
            let step = step(&self.graph.facts, then, first, tie);
            (other, step.filter(|step| (self.may_go)(step)))
        });
        let mut steps: Vec<_> = steps.collect();
        steps.sort_by_key(|(other, _)| self.net.node(*other));
        steps
    }
}

impl Waits {
    fn of(&mut self, step: Option<&Step>) -> &mut usize {
        match step {
            Some(Step::BlockedBy(..)) => &mut self.blockers,
            Some(Step::After(..)) => &mut self.after,
            Some(Step::PartOf(..)) => &mut self.parts,
            None => &mut self.firm,
        }
    }
}
