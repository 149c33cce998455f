//! Which tickets a plan is about.

use std::collections::BTreeSet;

use super::build::Graph;
use crate::model::TicketId;

/// Which tickets a plan is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// The descendants of an epic; of a ticket that is none, itself.
    Epic(TicketId),
    /// These, and the descendants of those that are epics.
    Tickets(BTreeSet<TicketId>),
}

/// The tickets of a scope, closed ones and nested epics included, in order of id.
pub(super) struct Members {
    /// The epic, where the scope is one.
    pub(super) epic: Option<usize>,
    pub(super) all: Vec<usize>,
    /// By ticket, whether it is one of them.
    pub(super) within: Vec<bool>,
}

impl Members {
    pub(super) fn find(graph: &Graph<'_>, scope: &Scope) -> Self {
        let facts = &graph.facts;
        let position = |id: &TicketId| facts.position(id);
        let mut within = vec![*scope == Scope::All; facts.len()];
        let (epic, roots): (_, Vec<usize>) = match scope {
            Scope::All => (None, Vec::new()),
            Scope::Epic(id) => (position(id), position(id).into_iter().collect()),
            Scope::Tickets(ids) => (None, ids.iter().filter_map(position).collect()),
        };
        let mut stack = roots;
        while let Some(index) = stack.pop() {
            if !std::mem::replace(&mut within[index], true) {
                stack.extend(facts.kin.children(index));
            }
        }
        let all = (0..within.len()).filter(|&index| within[index]).collect();
        Self { epic, all, within }
    }

    /// Those that are work and not done.
    pub(super) fn open_work(&self, graph: &Graph<'_>) -> impl Iterator<Item = usize> {
        self.all
            .iter()
            .copied()
            .filter(|&index| !graph.facts.is_done(index) && !graph.facts.is_epic(index))
    }
}
