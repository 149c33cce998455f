//! Tickets that wait for themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::build::Graph;
use super::facts::Facts;
use super::net::{Extent, Net, Node, Role, Tie};
use crate::model::{Outline, Outlined, TicketId};

/// Tickets of which each waits for the next and the last for the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The waits, in order; the end of each is the beginning of the next. Never empty. Shared:
    /// every ticket of a cycle has it among its reasons.
    pub links: Arc<[Link]>,
}

/// One ticket waits for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What waits.
    pub from: TicketId,
    /// What it waits for.
    pub to: TicketId,
    /// Why: one step where `from` names `to` itself, more where the way leads over epics.
    pub why: Vec<Step>,
}

/// One line in a ticket's file that makes something wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `blocked_by`.
    BlockedBy(TicketId, TicketId),
    /// `after`.
    After(TicketId, TicketId),
    /// `parent`: the first is a part of the second.
    PartOf(TicketId, TicketId),
}

impl Cycle {
    /// The tickets, each once, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<TicketId> {
        self.links.iter().map(|link| link.from.clone()).collect()
    }

    /// Whether it is one only by an `after`: then nothing in it really waits.
    #[must_use]
    pub fn is_soft(&self) -> bool {
        let mut steps = self.links.iter().flat_map(|link| &link.why);
        steps.any(|step| matches!(step, Step::After(..)))
    }
}

/// The most links of a cycle that are shown.
const MOST_SHOWN: usize = 24;

impl fmt::Display for Cycle {
    /// As [`Cycle::told`], with the ids.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(&TicketId::to_string))
    }
}

impl Cycle {
    /// `a → b → a`, then what is not plainly `blocked_by`, with these names of the tickets; of a
    /// long cycle its beginning and its end.
    #[must_use]
    pub fn told(&self, name: &dyn Fn(&TicketId) -> String) -> String {
        let (begun, ending) = if self.links.len() > MOST_SHOWN {
            let half = MOST_SHOWN / 2;
            (&self.links[..half], &self.links[self.links.len() - half..])
        } else {
            (&self.links[..], &[][..])
        };
        let mut round: Vec<String> = begun.iter().map(|link| name(&link.from)).collect();
        if !ending.is_empty() {
            round.push(format!("… {} more …", self.links.len() - MOST_SHOWN));
        }
        round.extend(ending.iter().map(|link| name(&link.from)));
        round.extend(self.links.first().map(|first| name(&first.from)));
        let shown = begun.iter().chain(ending).filter(|link| !link.is_plain());
        let why = shown.map(|link| {
            let why: Vec<String> = link.why.iter().map(|step| step.told(name)).collect();
            let (from, to) = (name(&link.from), name(&link.to));
            format!("{from} → {to}: {}", why.join(", "))
        });
        let why: Vec<String> = why.collect();
        let round = round.join(" → ");
        if why.is_empty() {
            return round;
        }
        format!("{round} ({})", why.join("; "))
    }
}

impl Link {
    fn is_plain(&self) -> bool {
        matches!(self.why.as_slice(), [Step::BlockedBy(_, _)])
    }
}

impl Step {
    /// The ticket in whose file it stands, and the key.
    #[must_use]
    pub fn line(&self) -> (&TicketId, &'static str) {
        match self {
            Self::BlockedBy(ticket, _) => (ticket, "blocked_by"),
            Self::After(ticket, _) => (ticket, "after"),
            Self::PartOf(child, _) => (child, "parent"),
        }
    }

    fn told(&self, name: &dyn Fn(&TicketId) -> String) -> String {
        let (one, is, other) = match self {
            Self::BlockedBy(ticket, blocker) => (ticket, "blocked by", blocker),
            Self::After(ticket, earlier) => (ticket, "after", earlier),
            Self::PartOf(child, epic) => (child, "a part of", epic),
        };
        format!("{} is {is} {}", name(one), name(other))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(&TicketId::to_string))
    }
}

/// The cycles of a graph: for each knot of tickets that wait for one another, a shortest one.
#[derive(Default)]
pub(super) struct Cycles {
    list: Vec<Cycle>,
    of_ticket: HashMap<usize, usize>,
}

impl Cycles {
    pub(super) fn find(facts: &Facts<'_>, net: &Net) -> Self {
        let mut found: Vec<(Cycle, Vec<usize>)> = Vec::new();
        let mut known: HashMap<BTreeSet<TicketId>, usize> = HashMap::new();
        let knots = Knots::find(net);
        let first = |knot: &Vec<NodeIndex>| {
            let nodes = knot.iter().map(|index| (net.node(*index), *index));
            nodes.min_by_key(|(node, _)| (node.role != Role::Work, *node))
        };
        let mut begun: Vec<_> = knots.list.iter().map(|knot| (first(knot), knot)).collect();
        begun.sort_unstable();
        for (start, knot) in begun {
            let Some((_, start)) = start else {
                continue;
            };
            let Some(waits) = shortest(net, &knots, start, start) else {
                continue;
            };
            let cycle = named(facts, &waits);
            // An epic whose end alone is in the knot does not keep its descendants waiting.
            let nodes = knot.iter().map(|index| net.node(*index));
            let members = nodes.filter(|n| n.role != Role::End).map(|n| n.ticket);
            // Parents in a circle are a knot of their starts and one of their ends.
            let key = cycle.ids().into_iter().collect();
            if let Some(&same) = known.get(&key) {
                found[same].1.extend(members);
            } else {
                known.insert(key, found.len());
                found.push((cycle, members.collect()));
            }
        }
        found.sort_by_key(|(cycle, _)| cycle.ids());
        let mut of_ticket = HashMap::new();
        for (number, (_, members)) in found.iter().enumerate() {
            for &member in members {
                of_ticket.entry(member).or_insert(number);
            }
        }
        Self {
            list: found.into_iter().map(|(cycle, _)| cycle).collect(),
            of_ticket,
        }
    }

    /// The cycle named for the knot that a ticket's beginning is in.
    pub(super) fn of(&self, ticket: usize) -> Option<&Cycle> {
        self.of_ticket
            .get(&ticket)
            .map(|&number| &self.list[number])
    }
}

impl Graph<'_> {
    /// The cycles among what is not done: for every group of tickets that wait for one
    /// another, one of the shortest through the group's first ticket.
    #[must_use]
    pub fn cycles(&self) -> &[Cycle] {
        &self.cycles.list
    }

    /// The cycles among what is not done over an `after`, which hold nobody up: for every group
    /// of tickets that so wait for one another, one through such a line of its first ticket.
    #[must_use]
    pub fn soft_cycles(&self) -> Vec<Cycle> {
        let is_after = |ticket: &Outline| ticket.edges().after.next().is_some();
        if !self.facts.tickets.iter().any(is_after) {
            return Vec::new();
        }
        let extent = Extent {
            closed: false,
            soft: true,
        };
        let net = Net::new(&self.facts, extent);
        let knots = Knots::find(&net);
        let mut lines: BTreeMap<usize, (Node, NodeIndex, NodeIndex)> = BTreeMap::new();
        for edge in net.graph.edge_references() {
            let (first, waiting) = (edge.source(), edge.target());
            let knot = knots.of_node[waiting.index()];
            if *edge.weight() == Tie::After
                && knots.joined(first, waiting)
                && let Some(knot) = knot
            {
                let line = (net.node(waiting), waiting, first);
                let least = lines.entry(knot).or_insert(line);
                *least = line.min(*least);
            }
        }
        let cycles = lines.into_values();
        let cycles = cycles.filter_map(|(_, waiting, first)| {
            let waits = around(&net, &knots, (waiting, first, Tie::After))?;
            Some(named(&self.facts, &waits))
        });
        let mut cycles: Vec<Cycle> = cycles.collect();
        cycles.sort_by_key(Cycle::ids);
        cycles
    }

    /// The cycle that would be closed if these tickets replaced those of the same id or were
    /// added: one that uses an edge which is not there now. Cycles that exist already are no
    /// reason to refuse another change.
    ///
    /// Edges between closed tickets count too, so that reopening cannot close a cycle. New
    /// `after` edges are looked at together with all others; new `blocked_by` and `parent`
    /// are never refused because of an `after`.
    #[must_use]
    pub fn cycle_with<T: Outlined>(&self, changed: &[T]) -> Option<Cycle> {
        self.cycle_over(changed, true)
    }

    /// The same without `after`.
    #[must_use]
    pub fn hard_cycle_with<T: Outlined>(&self, changed: &[T]) -> Option<Cycle> {
        self.cycle_over(changed, false)
    }

    fn cycle_over<T: Outlined>(&self, changed: &[T], soft_too: bool) -> Option<Cycle> {
        let changed = T::outlines(changed);
        let ids: HashSet<&TicketId> = changed.iter().map(|ticket| &ticket.id).collect();
        let all = self.facts.tickets.iter();
        let kept = all.filter(|ticket| !ids.contains(&ticket.id)).cloned();
        let then = kept.chain(changed.iter().cloned()).collect();
        let then = Facts::new(then, self.facts.statuses, self.facts.now);
        let hard = Extent {
            closed: true,
            soft: false,
        };
        let soft = Extent { soft: true, ..hard };
        new_cycle(&self.facts, &then, hard, None).or_else(|| {
            soft_too
                .then(|| new_cycle(&self.facts, &then, soft, Some(Tie::After)))
                .flatten()
        })
    }
}

/// A cycle over an edge that `now` does not have; with `only`, over such an edge of that kind.
fn new_cycle(
    now: &Facts<'_>,
    then: &Facts<'_>,
    extent: Extent,
    only: Option<Tie>,
) -> Option<Cycle> {
    let net = Net::new(then, extent);
    let knots = Knots::find(&net);
    if knots.list.is_empty() {
        return None;
    }
    let before = Net::new(now, extent);
    let named_edge = |facts: &Facts<'_>, net: &Net, from: NodeIndex, to: NodeIndex, tie: Tie| {
        let key = |node: Node| (facts.id(node.ticket).clone(), node.role);
        (key(net.node(from)), key(net.node(to)), tie)
    };
    let old: HashSet<_> = before
        .graph
        .edge_references()
        .map(|edge| named_edge(now, &before, edge.source(), edge.target(), *edge.weight()))
        .collect();
    let new = net.graph.edge_references().find(|edge| {
        let (from, to, tie) = (edge.source(), edge.target(), *edge.weight());
        knots.joined(from, to)
            && only.is_none_or(|only| only == tie)
            && !old.contains(&named_edge(then, &net, from, to, tie))
    })?;
    let (first, waiting) = (new.source(), new.target());
    let waits = around(&net, &knots, (waiting, first, *new.weight()))?;
    Some(named(then, &waits))
}

/// That wait of one node of a knot for another, and the fewest that lead back.
fn around(
    net: &Net,
    knots: &Knots,
    (waiting, first, tie): (NodeIndex, NodeIndex, Tie),
) -> Option<Vec<Wait>> {
    let mut waits = vec![(net.node(waiting), net.node(first), tie)];
    if first != waiting {
        waits.extend(shortest(net, knots, first, waiting)?);
    }
    Some(waits)
}

/// The groups of nodes that wait for one another.
pub(super) struct Knots {
    pub(super) list: Vec<Vec<NodeIndex>>,
    of_node: Vec<Option<usize>>,
}

impl Knots {
    /// Kosaraju's algorithm, since petgraph's version of Tarjan's recurses; where all nodes
    /// have a place in the order there is nothing to look for.
    pub(super) fn find(net: &Net) -> Self {
        let is_acyclic = net.order().len() == net.graph.node_count();
        let mut list: Vec<Vec<NodeIndex>> = if is_acyclic {
            Vec::new()
        } else {
            kosaraju_scc(&net.graph)
        };
        list.retain(|group| match group.as_slice() {
            [single] => net.graph.contains_edge(*single, *single),
            _ => true,
        });
        let mut of_node = vec![None; net.graph.node_count()];
        for (number, group) in list.iter().enumerate() {
            for index in group {
                of_node[index.index()] = Some(number);
            }
        }
        Self { list, of_node }
    }

    /// Whether both are in one group.
    pub(super) fn joined(&self, a: NodeIndex, b: NodeIndex) -> bool {
        let knot = self.of_node[a.index()];
        knot.is_some() && knot == self.of_node[b.index()]
    }
}

/// One wait: what waits, what for, why.
type Wait = (Node, Node, Tie);

/// The fewest waits that lead from one node to another of its knot, at least one.
fn shortest(net: &Net, knots: &Knots, from: NodeIndex, to: NodeIndex) -> Option<Vec<Wait>> {
    let mut came: HashMap<NodeIndex, (NodeIndex, Tie)> = HashMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(index) = queue.pop_front() {
        let mut earlier: Vec<_> = net
            .before(index)
            .filter(|(first, _)| knots.joined(index, *first))
            .collect();
        earlier.sort_by_key(|(first, _)| net.node(*first));
        for (first, tie) in earlier {
            if came.contains_key(&first) {
                continue;
            }
            came.insert(first, (index, tie));
            if first == to {
                return Some(walked(net, &came, from, to));
            }
            queue.push_back(first);
        }
    }
    None
}

fn walked(
    net: &Net,
    came: &HashMap<NodeIndex, (NodeIndex, Tie)>,
    from: NodeIndex,
    to: NodeIndex,
) -> Vec<Wait> {
    let mut waits = Vec::new();
    let mut at = to;
    while let Some(&(waiting, tie)) = came.get(&at) {
        waits.push((net.node(waiting), net.node(at), tie));
        at = waiting;
        if at == from {
            break;
        }
    }
    waits.reverse();
    waits
}

/// The cycle in words: between tickets that are work, or epics whose work is not planned yet,
/// where there are any, with the epics in between as reasons; else between the epics.
fn named(facts: &Facts<'_>, waits: &[Wait]) -> Cycle {
    let is_leaf = |node: &Node| !facts.kin.has_children(node.ticket);
    let any_leaf = waits.iter().any(|(from, _, _)| is_leaf(from));
    let is_stop = |node: &Node| !any_leaf || is_leaf(node);
    let mut turned = waits.to_vec();
    if let Some(start) = waits.iter().position(|(from, _, _)| is_stop(from)) {
        turned.rotate_left(start);
    }
    let mut links: Vec<Link> = Vec::new();
    let mut from = None;
    let mut why = Vec::new();
    for (waiting, first, tie) in turned {
        let start = *from.get_or_insert(waiting.ticket);
        why.extend(step(facts, waiting, first, tie));
        // From the end of an epic to its start is no way at all.
        if is_stop(&first) && tie != Tie::Empty {
            links.push(Link {
                from: facts.id(start).clone(),
                to: facts.id(first.ticket).clone(),
                why: std::mem::take(&mut why),
            });
            from = None;
        }
    }
    Cycle {
        links: links.into(),
    }
}

/// The line that makes one node wait for the other; none from the end of an epic to its start.
pub(super) fn step(facts: &Facts<'_>, waiting: Node, first: Node, tie: Tie) -> Option<Step> {
    let id = |node: Node| facts.id(node.ticket).clone();
    match tie {
        Tie::Blocker => Some(Step::BlockedBy(id(waiting), id(first))),
        Tie::After => Some(Step::After(id(waiting), id(first))),
        Tie::Part if waiting.role == Role::End => Some(Step::PartOf(id(first), id(waiting))),
        Tie::Part => Some(Step::PartOf(id(waiting), id(first))),
        Tie::Empty => None,
    }
}
