//! How a plan unfolds while its tickets get done.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use super::lists::Lists;
use super::net::Net;
use super::plan::{Plan, PlanEntry};
use crate::model::TicketId;

/// The part of the graph that the plan's own work can get through, in flat arrays: nodes in
/// their order, what follows each, and how many come before it.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    followers: Lists,
    waits: Vec<u32>,
    /// The plan's entry of a node; none for the moments of epics.
    entry: Vec<Option<u32>>,
    node: Vec<Option<u32>>,
}

impl Flow {
    pub(super) fn new(
        net: &Net,
        order: &[NodeIndex],
        stuck: &[bool],
        entry_of_node: &[Option<u32>],
    ) -> Self {
        let moving: Vec<NodeIndex> = order
            .iter()
            .copied()
            .filter(|index| !stuck[index.index()])
            .collect();
        let mut place = vec![None; stuck.len()];
        for (at, index) in moving.iter().enumerate() {
            place[index.index()] = Some(at as u32);
        }
        let entries = entry_of_node.iter().flatten().count();
        let mut flow = Self {
            followers: Lists::with_capacity(moving.len()),
            waits: vec![0; moving.len()],
            entry: Vec::with_capacity(moving.len()),
            node: vec![None; entries],
        };
        for (at, index) in moving.iter().enumerate() {
            for then in net.after(*index) {
                if let Some(then) = place[then.index()] {
                    let then = then as usize;
                    flow.followers.push(then);
                    flow.waits[then] += 1;
                }
            }
            flow.followers.end();
            let entry = entry_of_node[index.index()];
            flow.entry.push(entry);
            if let Some(entry) = entry {
                flow.node[entry as usize] = Some(at as u32);
            }
        }
        flow
    }
}

/// Which tickets of a plan have nothing of the plan before them any more. Work that is in
/// progress when the plan is made counts as not yet done, whoever does it.
#[derive(Clone, Debug)]
pub struct Frontier<'p> {
    plan: &'p Plan,
    waits: Vec<u32>,
    open: BTreeSet<usize>,
    left: BTreeSet<usize>,
}

impl<'p> Frontier<'p> {
    /// The beginning: nothing of the plan is done.
    #[must_use]
    pub fn new(plan: &'p Plan) -> Self {
        let flow = &plan.flow;
        let mut frontier = Self {
            plan,
            waits: flow.waits.clone(),
            open: BTreeSet::new(),
            left: (0..plan.entries.len())
                .filter(|&entry| flow.node[entry].is_some())
                .collect(),
        };
        let first = (0..flow.waits.len()).filter(|&node| flow.waits[node] == 0);
        frontier.reach(first.collect());
        frontier
    }

    /// The entries that can be started or have been, in the order of the plan.
    pub fn startable(&self) -> impl Iterator<Item = &'p PlanEntry> {
        self.open.iter().map(|&entry| &self.plan.entries[entry])
    }

    /// The lowest wave with something left that will become startable.
    #[must_use]
    pub fn wave(&self) -> Option<usize> {
        self.left
            .first()
            .map(|&entry| self.plan.entries[entry].wave)
    }

    /// A ticket is done: it and the epics it was the last of make way. Gives the entries that
    /// have become startable. Nothing happens for a ticket that could not be started.
    pub fn finish(&mut self, id: &TicketId) -> Vec<&'p PlanEntry> {
        let Some(entry) = self.plan.place(id) else {
            return Vec::new();
        };
        let (true, Some(node)) = (self.open.remove(&entry), self.plan.flow.node[entry]) else {
            return Vec::new();
        };
        self.left.remove(&entry);
        let next = self.release(node as usize);
        let reached = self.reach(next);
        reached.into_iter().map(|e| &self.plan.entries[e]).collect()
    }

    /// What follows a node and has nothing else before it.
    fn release(&mut self, node: usize) -> Vec<usize> {
        let flow = &self.plan.flow;
        let mut free = Vec::new();
        for then in flow.followers.of(node) {
            self.waits[then] -= 1;
            if self.waits[then] == 0 {
                free.push(then);
            }
        }
        free
    }

    /// Opens the tickets among these nodes and passes through the moments of epics.
    fn reach(&mut self, mut nodes: Vec<usize>) -> Vec<usize> {
        let mut reached = Vec::new();
        while let Some(node) = nodes.pop() {
            match self.plan.flow.entry[node] {
                Some(entry) => {
                    let entry = entry as usize;
                    self.open.insert(entry);
                    reached.push(entry);
                }
                None => nodes.extend(self.release(node)),
            }
        }
        reached.sort_unstable();
        reached
    }
}
