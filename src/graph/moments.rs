//! The moments of what is not done, each before those it waits for: told before there is a graph.
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

/// A number for each moment.
struct Each<T> {
    starts: Vec<T>,
    ends: Vec<T>,
}

impl<T: Clone + Default> Each<T> {
    fn new(facts: &Facts<'_>) -> Self {
        let none = vec![T::default(); facts.len()];
        Self {
            starts: none.clone(),
            ends: none,
        }
    }

    fn of(&mut self, moment: Moment) -> &mut T {
        match moment {
            Moment::Start(ticket) => &mut self.starts[ticket as usize],
            Moment::End(epic) => &mut self.ends[epic as usize],
        }
    }
}

/// All moments, the last first, or none where anything waits for itself: Kahn's algorithm from the
/// end, on the edges as [`super::net::Net`] ties them. From there since tickets name what they wait
/// for.
pub(super) fn last_first(facts: &Facts<'_>) -> Option<Vec<Moment>> {
    let mut followers: Each<u32> = Each::new(facts);
    let all = || (0..facts.len()).filter(|&ticket| facts.is_in(ticket));
    let moments_of = |ticket: usize| {
        let start = Moment::Start(ticket as u32);
        let end = facts.is_epic(ticket).then_some(Moment::End(ticket as u32));
        [Some(start), end].into_iter().flatten()
    };
    for moment in all().flat_map(moments_of) {
        each_before(facts, moment, |before| *followers.of(before) += 1);
    }
    // Those that nothing follows, then those of which all that follows has been come past.
    let mut order = Vec::with_capacity(facts.len());
    let mut moments = 0;
    for moment in all().flat_map(moments_of) {
        moments += 1;
        if *followers.of(moment) == 0 {
            order.push(moment);
        }
    }
    let mut next = 0;
    while let Some(&moment) = order.get(next) {
        next += 1;
        each_before(facts, moment, |before| {
            let left = followers.of(before);
            *left -= 1;
            if *left == 0 {
                order.push(before);
            }
        });
    }
    (order.len() == moments).then_some(order)
}

/// By ticket, the most that the tickets on a way from it to the end weigh together, with itself.
pub(super) fn heaviest_ways(
    facts: &Facts<'_>,
    last_first: &[Moment],
    weight: impl Fn(usize) -> u64,
) -> Vec<u64> {
    // Of each that is not come to yet, without itself.
    let mut most: Each<u64> = Each::new(facts);
    for &moment in last_first {
        let own = match moment {
            Moment::Start(ticket) => weight(ticket as usize),
            Moment::End(_) => 0,
        };
        *most.of(moment) += own;
        let here = *most.of(moment);
        each_before(facts, moment, |before| {
            let most = most.of(before);
            *most = here.max(*most);
        });
    }
    most.starts
}

/// What that moment itself waits for, one after the other.
fn each_before(facts: &Facts<'_>, moment: Moment, mut tell: impl FnMut(Moment)) {
    // The moment at which it is done, whatever it is.
    let done = |ticket: usize| match facts.is_epic(ticket) {
        true => Moment::End(ticket as u32),
        false => Moment::Start(ticket as u32),
    };
    match moment {
        Moment::Start(index) => {
            let ticket = index as usize;
            if !facts.is_done(ticket) {
                let blockers = facts.earlier(ticket);
                let open = blockers.filter(|&blocker| !facts.is_done(blocker));
                open.for_each(|blocker| tell(done(blocker)));
            }
            if let Some(parent) = facts.kin.parent(ticket) {
                tell(Moment::Start(parent as u32));
            }
            if facts.kin.is_own_parent(ticket) {
                tell(moment);
            }
        }
        Moment::End(index) => {
            let children = facts.kin.children(index as usize);
            let children = children.filter(|&child| facts.is_in(child));
            children.for_each(|child| tell(done(child)));
            // An open epic whose work is not planned yet is not done before it may start.
            if !facts.kin.has_children(index as usize) && !facts.is_done(index as usize) {
                tell(Moment::Start(index));
            }
        }
    }
}
