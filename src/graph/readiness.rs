//! Whether a ticket can be started now, and if not, why.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use super::build::Graph;
use super::cycles::{Cycle, Cycles};
use super::facts::Facts;
use crate::model::{Awaiting, Defer, TicketId};

/// Whether a ticket can be started now.
#[derive(Clone, Debug, PartialEq)]
pub enum Readiness {
    /// It is open, every blocker is done, and nothing is awaited.
    Ready,
    /// Somebody works at it.
    Active,
    /// It is over.
    Done,
    /// It is an open epic, which is never work.
    Epic,
    /// It is open but has to wait, for at least one reason.
    Blocked(Vec<Reason>),
}

/// One thing a ticket waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// A blocker is not done.
    Blocker(TicketId),
    /// A blocker is an epic with work left.
    Epic {
        /// The epic.
        epic: TicketId,
        /// Its open descendants that are work; itself, if its work is not planned yet. None
        /// where it is only below itself.
        open: Vec<TicketId>,
    },
    /// A blocker does not exist.
    Missing(TicketId),
    /// A person owes it something.
    Awaiting(Awaiting),
    /// It is put off.
    Deferred(Defer),
    /// An epic above it has to wait.
    Ancestor {
        /// The epic.
        epic: TicketId,
        /// What that waits for.
        reasons: Vec<Reason>,
    },
    /// It waits for itself.
    Cycle(Cycle),
    /// Somebody else holds it.
    Held(Hold),
}

/// Who holds a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Who does.
    pub by: String,
    /// Until when.
    pub until: Timestamp,
    /// Whether that is in another clone.
    pub elsewhere: bool,
    /// What became of it in another clone, where it is not held there any more.
    pub kept: Option<String>,
}

/// What holds tickets, as far as it can be told by one look at each.
pub(super) struct Held {
    /// Whether something holds it by itself.
    own: Vec<bool>,
    /// The nearest epic above that is held by itself.
    above: Vec<Option<u32>>,
    /// Whether anything waits for itself: then parents may go round in a circle.
    in_circles: bool,
}

impl Held {
    /// With the cycles, and whether anything waits for itself.
    pub(super) fn find(facts: &Facts<'_>, cycles: &Cycles, in_circles: bool) -> Self {
        let own: Vec<bool> = (0..facts.len())
            .map(|index| {
                cycles.of(index).is_some()
                    || (!facts.is_done(index)
                        && (facts.waits_by_itself(index) || facts.blockers(index).next().is_some()))
            })
            .collect();
        // From the top down. Parents in a circle have no top; each of them is one.
        let mut above = vec![None; facts.len()];
        let mut seen = vec![false; facts.len()];
        let mut stack: Vec<usize> = (0..facts.len())
            .filter(|&index| facts.kin.parent(index).is_none() || cycles.of(index).is_some())
            .collect();
        for &top in &stack {
            seen[top] = facts.kin.parent(top).is_none();
        }
        while let Some(index) = stack.pop() {
            for child in facts.kin.children(index) {
                if !seen[child] {
                    seen[child] = true;
                    above[child] = if own[index] {
                        Some(index as u32)
                    } else {
                        above[index]
                    };
                    stack.push(child);
                }
            }
        }
        Self {
            own,
            above,
            in_circles,
        }
    }

    /// Whether anything holds it, by itself or from above.
    pub(super) fn is_held(&self, index: usize) -> bool {
        self.own[index] || self.above[index].is_some()
    }

    fn nearest(&self, index: usize) -> Option<usize> {
        self.above[index].map(|epic| epic as usize)
    }

    /// The held epics above it, nearest first.
    pub(super) fn above(&self, index: usize) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let mut is_new = |epic| !self.in_circles || seen.insert(epic);
        is_new(index);
        let mut found = Vec::new();
        let mut next = self.nearest(index);
        while let Some(epic) = next.filter(|epic| is_new(*epic)) {
            found.push(epic);
            next = self.nearest(epic);
        }
        found
    }
}

impl Graph<'_> {
    /// Whether it can be started now. An id that no ticket has is blocked by being missing.
    #[must_use]
    pub fn readiness(&self, id: &TicketId) -> Readiness {
        let Some(index) = self.facts.position(id) else {
            return Readiness::Blocked(vec![Reason::Missing(id.clone())]);
        };
        if self.facts.is_done(index) {
            Readiness::Done
        } else if self.facts.is_epic(index) {
            Readiness::Epic
        } else if self.facts.is_active(index) {
            Readiness::Active
        } else if self.held.is_held(index) || self.holds.contains_key(&index) {
            Readiness::Blocked(self.reasons_at(index))
        } else {
            Readiness::Ready
        }
    }

    /// Whether it can be started now, without working the reasons out.
    #[must_use]
    pub fn is_ready(&self, id: &TicketId) -> bool {
        self.facts
            .position(id)
            .is_some_and(|index| self.is_ready_at(index))
    }

    /// Whether it is there and not closed.
    #[must_use]
    pub fn is_open(&self, id: &TicketId) -> bool {
        let position = self.facts.position(id);
        position.is_some_and(|index| !self.facts.is_done(index))
    }

    /// What holds it, whatever its status: also of an epic, or of work that was started all
    /// the same. Empty where nothing does.
    #[must_use]
    pub fn reasons(&self, id: &TicketId) -> Vec<Reason> {
        self.facts
            .position(id)
            .map_or_else(Vec::new, |index| self.reasons_at(index))
    }

    pub(super) fn is_ready_at(&self, index: usize) -> bool {
        !self.facts.is_done(index)
            && !self.facts.is_epic(index)
            && !self.facts.is_active(index)
            && !self.held.is_held(index)
            && !self.holds.contains_key(&index)
    }

    fn reasons_at(&self, index: usize) -> Vec<Reason> {
        let mut reasons = self.own_reasons(index);
        for epic in self.held.above(index) {
            reasons.push(Reason::Ancestor {
                epic: self.facts.id(epic).clone(),
                reasons: self.own_reasons(epic),
            });
        }
        reasons
    }

    fn own_reasons(&self, index: usize) -> Vec<Reason> {
        let ticket = &self.facts.tickets[index];
        let mut reasons: Vec<Reason> = self
            .facts
            .blockers(index)
            .map(|blocker| match blocker {
                Err(missing) => Reason::Missing(missing.clone()),
                Ok(epic) if self.facts.is_epic(epic) => Reason::Epic {
                    epic: self.facts.id(epic).clone(),
                    open: self.facts.ids(self.facts.open_leaves(epic)),
                },
                Ok(blocker) => Reason::Blocker(self.facts.id(blocker).clone()),
            })
            .collect();
        reasons.extend(ticket.awaiting().map(Reason::Awaiting));
        if self.facts.is_put_off(index) {
            reasons.extend(ticket.edges().defer_until.map(Reason::Deferred));
        }
        reasons.extend(self.cycles.of(index).cloned().map(Reason::Cycle));
        reasons.extend(self.holds.get(&index).cloned().map(Reason::Held));
        reasons
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, until, .. } = self;
        if let Some(kept) = &self.kept {
            return f.write_str(kept);
        }
        let there = if self.elsewhere {
            " in another clone"
        } else {
            ""
        };
        write!(f, "held by {by}{there} until {until}")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocker(id) => write!(f, "blocked by `{id}`"),
            Self::Epic { epic, open } if open.len() == 1 && open.contains(epic) => {
                write!(f, "blocked by epic `{epic}`, which has no tickets yet")
            }
            Self::Epic { epic, open } if open.is_empty() => {
                write!(f, "blocked by epic `{epic}`, which is a part of itself")
            }
            Self::Epic { epic, open } => {
                write!(f, "blocked by epic `{epic}`, {} open in it", open.len())
            }
            Self::Missing(id) => write!(f, "blocked by `{id}`, which does not exist"),
            Self::Awaiting(kind) => write!(f, "awaiting {kind}"),
            Self::Deferred(until) => write!(f, "deferred until {until}"),
            Self::Ancestor { epic, reasons } => {
                write!(f, "its epic `{epic}` is ")?;
                for (number, reason) in reasons.iter().enumerate() {
                    let comma = if number == 0 { "" } else { ", " };
                    write!(f, "{comma}{reason}")?;
                }
                Ok(())
            }
            Self::Cycle(cycle) => write!(f, "in a cycle: {cycle}"),
            Self::Held(hold) => hold.fmt(f),
        }
    }
}
