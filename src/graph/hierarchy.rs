//! Parents and children, by position in the sorted list of tickets.

use crate::model::Edges;

/// Who is a part of whom. A parent that does not exist is as none.
pub(super) struct Hierarchy {
    parent: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    own_parent: Vec<bool>,
    epic: Vec<bool>,
}

impl Hierarchy {
    /// The hierarchy of tickets that are sorted by id.
    pub(super) fn new(tickets: &[Edges<'_>], position: impl Fn(&str) -> Option<usize>) -> Self {
        let mut parent = vec![None; tickets.len()];
        let mut children = vec![Vec::new(); tickets.len()];
        let mut own_parent = vec![false; tickets.len()];
        for (index, ticket) in tickets.iter().enumerate() {
            match ticket.parent.and_then(&position) {
                Some(above) if above == index => own_parent[index] = true,
                Some(above) => {
                    parent[index] = Some(above);
                    children[above].push(index);
                }
                None => {}
            }
        }
        let epic = tickets
            .iter()
            .zip(&children)
            .map(|(ticket, children)| ticket.is_epic || !children.is_empty())
            .collect();
        Self {
            parent,
            children,
            own_parent,
            epic,
        }
    }

    pub(super) fn parent(&self, index: usize) -> Option<usize> {
        self.parent[index]
    }

    pub(super) fn children(&self, index: usize) -> &[usize] {
        &self.children[index]
    }

    /// Whether the ticket's file names the ticket itself as its parent.
    pub(super) fn is_own_parent(&self, index: usize) -> bool {
        self.own_parent[index]
    }

    pub(super) fn is_epic(&self, index: usize) -> bool {
        self.epic[index]
    }

    /// Everything below, without the root itself, each once, in order of id.
    pub(super) fn descendants(&self, root: usize) -> Vec<usize> {
        let mut seen = vec![false; self.parent.len()];
        seen[root] = true;
        let mut found = Vec::new();
        let mut stack = vec![root];
        while let Some(index) = stack.pop() {
            for &child in &self.children[index] {
                if !seen[child] {
                    seen[child] = true;
                    found.push(child);
                    stack.push(child);
                }
            }
        }
        found.sort_unstable();
        found
    }
}
