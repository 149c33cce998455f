//! Parents and children, by position in the sorted list of tickets.

use super::lists::{Lists, Places};

/// What a ticket's file names as its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// Nothing that exists.
    None,
    /// The ticket at that position.
    Other(u32),
    /// The ticket itself.
    Itself,
}

/// Who is a part of whom. A parent that does not exist is as none.
pub(super) struct Hierarchy {
    parents: Vec<Parent>,
    children: Lists,
    epic: Vec<bool>,
}

impl Hierarchy {
    /// The hierarchy of tickets that are sorted by id: what they name as their parents, and
    /// which of them are called epics.
    pub(super) fn new(parents: Vec<Parent>, called_epic: Vec<bool>) -> Self {
        let pairs = parents.iter().enumerate();
        let pairs = pairs.filter_map(|(index, parent)| Some((parent.other()?, index)));
        let children = Lists::grouped(parents.len(), pairs);
        let mut epic = called_epic;
        for (index, epic) in epic.iter_mut().enumerate() {
            *epic |= children.of(index).len() > 0;
        }
        Self {
            parents,
            children,
            epic,
        }
    }

    pub(super) fn parent(&self, index: usize) -> Option<usize> {
        self.parents[index].other()
    }

    pub(super) fn children(&self, index: usize) -> Places<'_> {
        self.children.of(index)
    }

    pub(super) fn has_children(&self, index: usize) -> bool {
        self.children(index).len() > 0
    }

    /// Whether the ticket's file names the ticket itself as its parent.
    pub(super) fn is_own_parent(&self, index: usize) -> bool {
        self.parents[index] == Parent::Itself
    }

    pub(super) fn is_epic(&self, index: usize) -> bool {
        self.epic[index]
    }

    /// The circles of tickets of which each is a part of the next and the last of the first; not
    /// what is its own parent.
    pub(super) fn circles(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.parents.len()];
        let (mut circles, mut way) = (Vec::new(), Vec::new());
        for start in 0..self.parents.len() {
            way.clear();
            let mut next = Some(start);
            while let Some(at) = next.filter(|at| !seen[*at]) {
                seen[at] = true;
                way.push(at);
                next = self.parent(at);
            }
            // Whether the way has come back to itself.
            let begun = next.and_then(|next| way.iter().position(|at| *at == next));
            circles.extend(begun.map(|begun| way.split_off(begun)));
        }
        circles
    }

    /// Everything below, without the root itself, each once, in order of id.
    pub(super) fn descendants(&self, root: usize) -> Vec<usize> {
        let mut seen = vec![false; self.parents.len()];
        seen[root] = true;
        let mut found = Vec::new();
        let mut stack = vec![root];
        while let Some(index) = stack.pop() {
            for child in self.children(index) {
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

impl Parent {
    const fn other(self) -> Option<usize> {
        match self {
            Self::Other(index) => Some(index as usize),
            Self::None | Self::Itself => None,
        }
    }
}
