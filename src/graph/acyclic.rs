//! Whether any ticket waits for itself, told before there is a graph.
//!
//! Every command asks this, and mostly nothing else that would need the graph's nodes and edges.

use super::facts::Facts;

/// Where the walk is: at the moment a ticket may start, or at the moment it is done. For work,
/// which is one node of the graph, they are the same.
#[derive(Clone, Copy)]
enum Moment {
    Start(usize),
    End(usize),
}

/// Whether no ticket waits for itself, as the graph of what is not done has it: Kahn's algorithm
/// on the edges as [`super::net::Net`] ties them.
pub(super) fn is_acyclic(facts: &Facts<'_>) -> bool {
    let mut walk = Walk::new(facts);
    let mut reached = 0;
    while let Some(moment) = walk.free.pop() {
        reached += 1;
        walk.leave(moment);
    }
    reached == walk.moments
}

struct Walk<'f> {
    facts: &'f Facts<'f>,
    /// How much each ticket's start waits for that is not reached yet.
    starts: Vec<u32>,
    /// The same of an epic's end.
    ends: Vec<u32>,
    free: Vec<Moment>,
    moments: usize,
}

impl<'f> Walk<'f> {
    fn new(facts: &'f Facts<'f>) -> Self {
        let mut walk = Self {
            facts,
            starts: vec![0; facts.len()],
            ends: vec![0; facts.len()],
            free: Vec::with_capacity(facts.len()),
            moments: 0,
        };
        for ticket in (0..facts.len()).filter(|&ticket| facts.is_in(ticket)) {
            let blockers = facts.earlier(ticket);
            let open = blockers.filter(|&blocker| holds(facts, blocker, ticket));
            walk.starts[ticket] += open.count() as u32;
            if facts.kin.is_own_parent(ticket) {
                walk.starts[ticket] += 1;
            }
            if let Some(parent) = facts.kin.parent(ticket) {
                walk.starts[ticket] += 1;
                walk.ends[parent] += 1;
            }
            if is_empty(facts, ticket) {
                walk.ends[ticket] += 1;
            }
        }
        for ticket in (0..facts.len()).filter(|&ticket| facts.is_in(ticket)) {
            walk.moments += 1;
            if walk.starts[ticket] == 0 {
                walk.free.push(Moment::Start(ticket));
            }
            if facts.is_epic(ticket) {
                walk.moments += 1;
                if walk.ends[ticket] == 0 {
                    walk.free.push(Moment::End(ticket));
                }
            }
        }
        walk
    }

    /// What came before its followers is reached.
    fn leave(&mut self, moment: Moment) {
        let facts = self.facts;
        match moment {
            Moment::Start(ticket) if facts.is_epic(ticket) => {
                for child in facts.kin.children(ticket) {
                    if facts.is_in(child) {
                        self.free_start(child);
                    }
                }
                if is_empty(facts, ticket) {
                    self.free_end(ticket);
                }
            }
            Moment::Start(ticket) | Moment::End(ticket) => {
                if let Some(parent) = facts.kin.parent(ticket) {
                    self.free_end(parent);
                }
                for later in facts.later(ticket) {
                    if holds(facts, ticket, later) {
                        self.free_start(later);
                    }
                }
            }
        }
    }

    fn free_start(&mut self, ticket: usize) {
        self.starts[ticket] -= 1;
        if self.starts[ticket] == 0 {
            self.free.push(Moment::Start(ticket));
        }
    }

    fn free_end(&mut self, ticket: usize) {
        self.ends[ticket] -= 1;
        if self.ends[ticket] == 0 {
            self.free.push(Moment::End(ticket));
        }
    }
}

/// Whether the one waits for the other, which its file names among its blockers.
fn holds(facts: &Facts<'_>, blocker: usize, ticket: usize) -> bool {
    !facts.is_done(blocker) && !facts.is_done(ticket)
}

/// Whether it is an open epic whose work is not planned yet.
fn is_empty(facts: &Facts<'_>, ticket: usize) -> bool {
    facts.is_epic(ticket) && !facts.kin.has_children(ticket) && !facts.is_done(ticket)
}
