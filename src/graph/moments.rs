//! The moments of what is not done, each behind those it waits for: told before there is a graph.
//!
//! Every command asks whether anything waits for itself, and mostly nothing that would need the
//! graph's nodes and edges.

use super::facts::Facts;

/// When a ticket may start, or is done. For work, which is one node of the graph, they are the
/// same, and only its start is used.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Start(u32),
    End(u32),
}

/// All moments, or none where anything waits for itself: Kahn's algorithm on the edges as
/// [`super::net::Net`] ties them.
pub(super) fn in_order(facts: &Facts<'_>) -> Option<Vec<Moment>> {
    let mut walk = Walk::new(facts);
    let mut order = Vec::with_capacity(walk.moments);
    while let Some(moment) = walk.free.pop() {
        order.push(moment);
        follow(facts, moment, |then| walk.free(then));
    }
    (order.len() == walk.moments).then_some(order)
}

/// By ticket, the most that the tickets on a way from it to the end weigh together, with itself.
pub(super) fn heaviest_ways(
    facts: &Facts<'_>,
    order: &[Moment],
    weight: impl Fn(usize) -> u64,
) -> Vec<u64> {
    let (mut starts, mut ends) = (vec![0; facts.len()], vec![0; facts.len()]);
    for &moment in order.iter().rev() {
        let mut most = 0;
        follow(facts, moment, |then| {
            most = most.max(match then {
                Moment::Start(ticket) => starts[ticket as usize],
                Moment::End(epic) => ends[epic as usize],
            });
        });
        match moment {
            Moment::Start(ticket) => starts[ticket as usize] = most + weight(ticket as usize),
            Moment::End(epic) => ends[epic as usize] = most,
        }
    }
    starts
}

/// What waits for that moment itself, one after the other.
fn follow(facts: &Facts<'_>, moment: Moment, mut then: impl FnMut(Moment)) {
    match moment {
        Moment::Start(epic) if facts.is_epic(epic as usize) => {
            let children = facts.kin.children(epic as usize);
            for child in children.filter(|&child| facts.is_in(child)) {
                then(Moment::Start(child as u32));
            }
            if is_empty(facts, epic as usize) {
                then(Moment::End(epic));
            }
        }
        Moment::Start(ticket) | Moment::End(ticket) => {
            let ticket = ticket as usize;
            if let Some(parent) = facts.kin.parent(ticket) {
                then(Moment::End(parent as u32));
            }
            let later = facts.later(ticket);
            for later in later.filter(|&later| holds(facts, ticket, later)) {
                then(Moment::Start(later as u32));
            }
        }
    }
}

/// Where the walk through them is.
struct Walk {
    /// How much each ticket's start waits for that is not reached yet.
    starts: Vec<u32>,
    /// The same of an epic's end.
    ends: Vec<u32>,
    free: Vec<Moment>,
    moments: usize,
}

impl Walk {
    fn new(facts: &Facts<'_>) -> Self {
        let mut walk = Self {
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
                walk.free.push(Moment::Start(ticket as u32));
            }
            if facts.is_epic(ticket) {
                walk.moments += 1;
                if walk.ends[ticket] == 0 {
                    walk.free.push(Moment::End(ticket as u32));
                }
            }
        }
        walk
    }

    /// One of those that it waits for is reached.
    fn free(&mut self, moment: Moment) {
        let waits = match moment {
            Moment::Start(ticket) => &mut self.starts[ticket as usize],
            Moment::End(epic) => &mut self.ends[epic as usize],
        };
        *waits -= 1;
        if *waits == 0 {
            self.free.push(moment);
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
