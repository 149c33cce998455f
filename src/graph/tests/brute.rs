//! The rules, word for word and without any cleverness, on graphs small enough for it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::fixture::{id, now};
use crate::graph::moments;
use crate::graph::{Graph, Scope, Step};
use crate::model::{Category, Span, StatusId, Statuses, Ticket, TicketId};

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

type Ids = BTreeSet<TicketId>;

/// What the rules say of a set of tickets.
struct Brute<'t> {
    tickets: BTreeMap<&'t TicketId, &'t Ticket>,
    /// Of each open piece of work, and each open epic without children, what comes before.
    before: BTreeMap<TicketId, Ids>,
}

impl<'t> Brute<'t> {
    fn new(tickets: &'t [Ticket]) -> Self {
        let mut brute = Self {
            tickets: tickets.iter().map(|ticket| (&ticket.id, ticket)).collect(),
            before: BTreeMap::new(),
        };
        let leaves = tickets
            .iter()
            .filter(|t| brute.is_open(&t.id) && brute.below(&t.id).is_empty());
        let before = leaves.map(|leaf| (leaf.id.clone(), brute.before(&leaf.id)));
        brute.before = before.collect();
        brute
    }

    fn is_open(&self, id: &TicketId) -> bool {
        Statuses::default().category(&self.tickets[id].status) != Category::Done
    }

    fn is_epic(&self, id: &TicketId) -> bool {
        self.tickets[id].kind == "epic" || !self.below(id).is_empty()
    }

    fn above(&self, id: &TicketId) -> Vec<TicketId> {
        let mut found = Vec::new();
        let mut at = id.clone();
        while let Some(parent) = self.tickets[&at].parent.clone() {
            found.push(parent.clone());
            at = parent;
        }
        found
    }

    fn below(&self, id: &TicketId) -> Ids {
        let ids = self
            .tickets
            .keys()
            .filter(|other| self.above(other).contains(id));
        ids.map(|id| (*id).clone()).collect()
    }

    /// An edge to an epic stands for edges to its open descendants, an edge from one for edges
    /// from each.
    fn before(&self, id: &TicketId) -> Ids {
        let mut all = Ids::new();
        let holders = [id.clone()].into_iter().chain(self.above(id));
        for holder in holders.filter(|holder| self.is_open(holder)) {
            for blocker in &self.tickets[&holder].blocked_by {
                if !self.tickets.contains_key(blocker) || !self.is_open(blocker) {
                    continue;
                }
                let below = self.below(blocker);
                let leaf = |id: &&TicketId| self.is_open(id) && self.below(id).is_empty();
                if below.is_empty() {
                    all.insert(blocker.clone());
                }
                all.extend(below.iter().filter(leaf).cloned());
            }
        }
        all
    }

    /// Whether the second comes before the first, over any number of steps.
    fn waits_for(&self, from: &TicketId, to: &TicketId) -> bool {
        let mut seen = self.before[from].clone();
        loop {
            let more: Ids = seen.iter().flat_map(|id| self.before[id].clone()).collect();
            let all: Ids = seen.union(&more).cloned().collect();
            if all == seen {
                return seen.contains(to);
            }
            seen = all;
        }
    }

    fn in_cycle(&self, id: &TicketId) -> bool {
        self.before.contains_key(id) && self.waits_for(id, id)
    }

    /// Every chain of waits that ends with this one, earliest first.
    fn chains_to(&self, id: &TicketId) -> Vec<Vec<TicketId>> {
        let mut all = vec![vec![id.clone()]];
        for first in &self.before[id] {
            for mut chain in self.chains_to(first) {
                chain.push(id.clone());
                all.push(chain);
            }
        }
        all
    }

    fn ready(&self, id: &TicketId) -> bool {
        let held = |id: &TicketId| {
            let ticket = self.tickets[id];
            let missing = |id: &TicketId| !self.tickets.contains_key(id);
            self.is_open(id) && (ticket.awaiting.is_some() || ticket.blocked_by.iter().any(missing))
        };
        self.is_open(id)
            && !self.is_epic(id)
            && self.tickets[id].status.as_str() == "open"
            && self.before[id].is_empty()
            && !held(id)
            && !self.above(id).iter().any(held)
    }
}

prop_compose! {
    /// One ticket: by which bits of a number it is blocked, its parent among the earlier ones,
    /// and what else matters.
    fn ticket(number: usize, backwards: bool)(
        blockers in 0_u32..512,
        sparse in 0_u32..512,
        parent in prop::option::weighted(0.4, 0..number.max(1)),
        status in prop::sample::select(vec!["open", "open", "open", "in_progress", "closed"]),
        kind in prop::sample::select(vec!["task", "task", "task", "epic"]),
        awaiting in prop::bool::weighted(0.1),
        minutes in 0_u64..4,
        priority in 1_u8..3,
    ) -> Ticket {
        let mut ticket = Ticket::new(
            id(NAMES[number]),
            String::new(),
            kind.to_owned(),
            StatusId::new(status),
        );
        // Bit 8 is a ticket that is missing.
        for bit in 0..9 {
            let edge = blockers & sparse & (1 << bit) != 0;
            if edge && (bit < number || bit == 8 || backwards) {
                ticket.blocked_by.insert(id(NAMES.get(bit).unwrap_or(&"gone")));
            }
        }
        ticket.parent = parent.filter(|_| number > 0).map(|parent| id(NAMES[parent]));
        ticket.awaiting = awaiting.then_some(crate::model::Awaiting::Input);
        ticket.estimate = Some(Span::from_minutes(minutes * 10));
        ticket.priority = crate::model::Priority::new(priority).unwrap();
        ticket
    }
}

/// Tickets in any order. Blockers are earlier ones except now and then, for else nearly every
/// project has a cycle.
fn projects() -> impl Strategy<Value = Vec<Ticket>> {
    (1_usize..=8, prop::bool::weighted(0.25))
        .prop_flat_map(|(count, backwards)| {
            (0..count)
                .map(|number| ticket(number, backwards))
                .collect::<Vec<_>>()
        })
        .prop_map(|mut tickets| {
            // Blockers that were not drawn are missing; keep that rare.
            let ids: Ids = tickets.iter().map(|ticket| ticket.id.clone()).collect();
            for ticket in &mut tickets {
                ticket
                    .blocked_by
                    .retain(|b| ids.contains(b) || b.as_str() == "gone");
            }
            tickets
        })
        .prop_shuffle()
}

/// The tickets without these lines, all of which they have.
fn without(tickets: &[Ticket], gone: &[Step]) -> Vec<Ticket> {
    let mut left = tickets.to_vec();
    for step in gone {
        let (Step::BlockedBy(id, other) | Step::After(id, other) | Step::PartOf(id, other)) = step;
        let ticket = left.iter_mut().find(|ticket| ticket.id == *id).unwrap();
        match step {
            Step::BlockedBy(..) => assert!(ticket.blocked_by.remove(other)),
            Step::After(..) => assert!(ticket.after.remove(other)),
            Step::PartOf(..) => assert!(ticket.parent.take().is_some()),
        }
    }
    left
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        max_global_rejects: 20_000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn readiness_and_cycles_are_those_of_the_brute_force(tickets in projects()) {
        let (brute, statuses) = (Brute::new(&tickets), Statuses::default());
        let graph = Graph::new(&tickets, &statuses, now());
        let any = tickets.iter().any(|ticket| brute.in_cycle(&ticket.id));
        prop_assert_eq!(!graph.cycles().is_empty(), any);
        let (net, order) = (graph.net(), graph.net().order());
        prop_assert_eq!(moments::last_first(&graph.facts).is_some(), order.len() == net.graph.node_count());
        for cycle in graph.cycles() {
            for link in cycle.links.iter() {
                prop_assert!(brute.before[&link.from].contains(&link.to), "{}", cycle);
            }
        }
        for ticket in &tickets {
            prop_assert_eq!(graph.is_ready(&ticket.id), brute.ready(&ticket.id), "{}", ticket.id);
            prop_assert_eq!(
                graph.is_ready(&ticket.id),
                graph.readiness(&ticket.id) == crate::graph::Readiness::Ready
            );
            let below: Vec<TicketId> = brute.below(&ticket.id).into_iter().collect();
            prop_assert_eq!(graph.descendants(&ticket.id), below);
        }
    }

    #[test]
    fn plans_are_those_of_the_brute_force(tickets in projects(), of in 0_usize..8) {
        let (brute, statuses) = (Brute::new(&tickets), Statuses::default());
        let graph = Graph::new(&tickets, &statuses, now());
        prop_assume!(graph.cycles().is_empty());
        let root = &tickets[of % tickets.len()].id;
        for scope in [Scope::All, Scope::Epic(root.clone())] {
            let members: Ids = match scope {
                Scope::All => tickets.iter().map(|t| t.id.clone()).collect(),
                _ => brute.below(root).into_iter().chain([root.clone()]).collect(),
            };
            let counts = |id: &TicketId| members.contains(id) && !brute.is_epic(id);
            let work: Ids = brute.before.keys().filter(|id| counts(id)).cloned().collect();
            let minutes = |id: &TicketId| brute.tickets[id].estimate.unwrap().minutes();
            let weight = |chain: &[TicketId]| -> u64 {
                chain.iter().filter(|id| counts(id)).map(minutes).sum()
            };
            let chains: Vec<Vec<TicketId>> =
                brute.before.keys().flat_map(|id| brute.chains_to(id)).collect();
            let longest = chains.iter().map(|chain| weight(chain)).max().unwrap_or(0);

            let plan = graph.plan(&scope);
            let planned: Ids = plan.entries.iter().map(|entry| entry.id.clone()).collect();
            prop_assert_eq!(&planned, &work);
            prop_assert_eq!(plan.critical_path_minutes, longest);
            prop_assert_eq!(weight(&plan.critical_path_ids), longest);
            for pair in plan.critical_path_ids.windows(2) {
                prop_assert!(brute.waits_for(&pair[1], &pair[0]));
            }
            for entry in &plan.entries {
                let to = brute.chains_to(&entry.id);
                let level = |chain: &Vec<TicketId>| chain.iter().filter(|id| counts(id)).count();
                prop_assert_eq!(entry.wave, to.iter().map(level).max().unwrap());
                let from = chains.iter().filter_map(|chain| {
                    let at = chain.iter().position(|id| *id == entry.id)?;
                    Some(weight(&chain[at..]))
                });
                let bottom = from.max().unwrap();
                prop_assert_eq!(entry.bottom_minutes, bottom);
                let through = to.iter().map(|chain| weight(chain)).max().unwrap() + bottom;
                let slack = longest + entry.minutes - through;
                prop_assert_eq!(entry.slack_minutes, slack);
                prop_assert_eq!(entry.critical, slack == 0);
                prop_assert_eq!(entry.ready, brute.ready(&entry.id));
                let blockers = plan.blockers(entry);
                let known: Ids = blockers.iter().filter(|b| b.as_str() != "gone").cloned().collect();
                prop_assert_eq!(&known, &brute.before[&entry.id]);
                for blocker in &blockers {
                    let outside = plan.external_blockers.iter().any(|b| b.id == *blocker);
                    let earlier = plan.entry(blocker).is_some_and(|b| b.wave < entry.wave);
                    // An epic of the scope whose work is not planned yet is neither.
                    let unplanned = members.contains(blocker) && brute.is_epic(blocker);
                    prop_assert!(outside ^ earlier ^ unplanned, "{} {}", entry.id, blocker);
                }
            }
            let laid = plan.entries.is_sorted_by(|a, b| (a.wave, a.key()) < (b.wave, b.key()));
            prop_assert!(laid, "waves in order, and in each the order of starting");
            let widest = plan.waves().map(<[_]>::len).max().unwrap_or(0);
            prop_assert_eq!(plan.max_parallel, widest);
            prop_assert!(plan.waves().enumerate().all(|(n, wave)| wave[0].wave == n + 1));
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(tickets in projects(), seed: u64) {
        let mut turned = tickets.clone();
        fastrand::Rng::with_seed(seed).shuffle(&mut turned);
        let statuses = Statuses::default();
        let one = Graph::new(&tickets, &statuses, now());
        let other = Graph::new(&turned, &statuses, now());
        prop_assert_eq!(one.cycles(), other.cycles());
        for scope in [Scope::All, Scope::Epic(tickets[0].id.clone())] {
            let ready = other.ready(&scope);
            let (one, other) = (one.plan(&scope), other.plan(&scope));
            let ready = ready.iter().map(|ticket| &ticket.id);
            prop_assert!(ready.eq(one.ready().iter().map(|entry| &entry.id)));
            prop_assert_eq!(&one.entries, &other.entries);
            prop_assert_eq!(one.document(), other.document());
        }
    }

    /// Whoever is asked, also where parents go in a circle or name themselves.
    #[test]
    fn what_is_ready_is_that_for_all(
        tickets in projects(),
        parents in prop::collection::vec(prop::option::of(0_usize..8), 8),
    ) {
        let mut tickets = tickets;
        let ids: Vec<TicketId> = tickets.iter().map(|ticket| ticket.id.clone()).collect();
        for (ticket, parent) in tickets.iter_mut().zip(parents) {
            ticket.parent = parent.map(|parent| ids[parent % ids.len()].clone());
        }
        let statuses = Statuses::default();
        let graph = Graph::new(&tickets, &statuses, now());
        let each: Ids = ids.into_iter().filter(|id| graph.is_ready(id)).collect();
        let ready = graph.ready(&Scope::All).into_iter();
        prop_assert_eq!(ready.map(|ticket| ticket.id.clone()).collect::<Ids>(), each.clone());
        let plan = graph.plan(&Scope::All);
        let planned = plan.ready().into_iter().map(|entry| entry.id.clone());
        prop_assert_eq!(planned.collect::<Ids>(), each);
        let placed = |id| plan.entry(id).is_some();
        prop_assert!(plan.critical_path_ids.iter().all(placed));
    }

    /// Without what is to go nothing waits for itself, and where nothing does nothing is to go.
    #[test]
    fn what_breaks_cycles_leaves_none(tickets in projects(), split in any::<u8>()) {
        let mut tickets = tickets;
        for ticket in &mut tickets {
            ticket.status = StatusId::new("open");
            // Some of what blocks is only soft.
            if split & 1 << (ticket.id.as_str().as_bytes()[0] % 8) != 0 {
                ticket.after = std::mem::take(&mut ticket.blocked_by);
            }
        }
        let statuses = Statuses::default();
        let gone = Graph::new(&tickets, &statuses, now()).breaking(true, |_| true);
        let left = without(&tickets, &gone);
        // As if they were all new: soft edges count, too.
        let none: Vec<Ticket> = Vec::new();
        let nothing = Graph::new(&none, &statuses, now());
        prop_assert_eq!(nothing.cycle_with(&left), None, "{:?}", gone);
        prop_assert_eq!(gone.is_empty(), nothing.cycle_with(&tickets).is_none());
        let stays = Graph::new(&tickets, &statuses, now()).breaking(true, |_| false);
        prop_assert!(stays.is_empty());
    }

    /// Where some tickets are new, and only what their own files say may go, parents too.
    #[test]
    fn what_is_new_closes_no_cycle_without_what_is_to_go(tickets in projects(), new in any::<u8>()) {
        let is_new = |id: &TicketId| new & 1 << (id.as_str().as_bytes()[0] % 8) != 0;
        let mut left = tickets;
        let mut old = left.clone();
        for (ticket, bare) in left.iter_mut().zip(&mut old) {
            ticket.status = StatusId::new("open");
            bare.status = StatusId::new("open");
            if is_new(&ticket.id) {
                (bare.parent, bare.blocked_by) = (None, Ids::new());
            }
        }
        let statuses = Statuses::default();
        let graph = |tickets: &[Ticket]| Graph::new(tickets, &statuses, now()).cycles().is_empty();
        prop_assume!(graph(&old));
        // What has lost its parts is no epic any more, and may then wait for others.
        for _ in 0..8 {
            let gone = Graph::new(&left, &statuses, now()).breaking(false, |step| {
                let (Step::BlockedBy(id, _) | Step::After(id, _) | Step::PartOf(id, _)) = step;
                is_new(id)
            });
            left = without(&left, &gone);
            if gone.is_empty() {
                break;
            }
        }
        prop_assert!(graph(&left));
    }

    #[test]
    fn a_cycle_is_foreseen_exactly_when_it_comes_about(
        tickets in projects(),
        from in 0_usize..8,
        to in 0_usize..8,
    ) {
        // Closed tickets count when a change is judged; here none is.
        let mut tickets = tickets;
        for ticket in &mut tickets {
            ticket.status = StatusId::new("open");
        }
        let statuses = Statuses::default();
        let graph = Graph::new(&tickets, &statuses, now());
        prop_assume!(graph.cycles().is_empty());
        let mut changed = tickets[from % tickets.len()].clone();
        changed.blocked_by.insert(tickets[to % tickets.len()].id.clone());
        let foreseen = graph.cycle_with(std::slice::from_ref(&changed));
        let mut then = tickets.clone();
        then[from % tickets.len()] = changed;
        let came = !Graph::new(&then, &statuses, now()).cycles().is_empty();
        prop_assert_eq!(foreseen.is_some(), came, "{:?}", foreseen);
    }
}
