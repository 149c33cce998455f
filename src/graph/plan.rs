//! The open work of an epic, laid out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use petgraph::graph::NodeIndex;
use smol_str::SmolStr;

use super::build::Graph;
use super::critical::{Paths, Weighed};
use super::cycles::Cycle;
use super::flow::Flow;
use super::moments;
use super::net::Role;
use super::order::RunKey;
use super::scope::{Members, Scope};
use super::waits::Waits;
use super::waves::waves;
use super::weights;
use crate::model::{Awaiting, Gate, Outline, Priority, StatusId, TicketId};

/// The open work of a scope in its order. Epics are not in it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The epic, where the scope is one.
    pub epic: Option<Brief>,
    /// The open work, wave after wave, and in a wave in the order of starting. Work that is
    /// in a cycle or behind one has no wave and is in `unplaced`.
    pub entries: Vec<PlanEntry>,
    /// The longest weighted chain, first to last. Of several, the one whose tickets come
    /// first by wave, priority, age and id.
    pub critical_path_ids: Vec<TicketId>,
    /// Its length.
    pub critical_path_minutes: u64,
    /// The size of the widest wave.
    pub max_parallel: usize,
    /// What is open or missing outside the scope and holds back something in it.
    pub external_blockers: Vec<Brief>,
    /// What in the scope waits for a person; epics too, since they hold what is in them.
    pub awaiting: Vec<Brief>,
    /// Closed work of the scope; empty where the scope is all.
    pub done: Vec<Brief>,
    /// Open work in a cycle or behind one.
    pub unplaced: Vec<TicketId>,
    /// The cycles, of all tickets.
    pub cycles: Vec<Cycle>,
    /// What the epics named in `blocked_by` of the entries stand for.
    pub(super) stands_for: BTreeMap<TicketId, Vec<TicketId>>,
    pub(super) flow: Flow,
    /// Places in `entries`, in order of id.
    places: Vec<usize>,
}

/// One ticket of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanEntry {
    /// Its id.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Its type.
    pub kind: SmolStr,
    /// Its status.
    pub status: StatusId,
    /// Its priority.
    pub priority: Priority,
    /// What a person owes it.
    pub awaiting: Option<Awaiting>,
    /// The gate it declares.
    pub requires: Option<Gate>,
    /// The agent it names.
    pub agent: Option<String>,
    /// Its lock.
    pub lock: Option<String>,
    /// Globs of the files it is expected to change.
    pub touches: Vec<String>,
    /// What it prefers to follow.
    pub after: BTreeSet<TicketId>,
    /// What it waits for, as written in its own file and those of the epics above it: open or
    /// missing tickets and unfinished epics. [`Plan::blockers`] has the work behind the epics.
    pub blocked_by: Vec<TicketId>,
    /// The level in the dependency order, from 1.
    pub wave: usize,
    /// How long it is taken to last: its estimate, else the median of its type, else 60.
    pub minutes: u64,
    /// Minutes on the longest path from it to the end, itself included.
    pub bottom_minutes: u64,
    /// How late it may be without delaying the end.
    pub slack_minutes: u64,
    /// Whether it has no slack.
    pub critical: bool,
    /// Whether it can be started now.
    pub ready: bool,
    /// Whether it can be started now or once others of the plan are done: neither it nor
    /// anything before it waits for a person, a date, a ticket that is missing or outside.
    pub runnable: bool,
    /// When it was filed.
    pub created_at: Option<Timestamp>,
}

impl PlanEntry {
    /// Its place in the order of starting.
    #[must_use]
    pub fn key(&self) -> RunKey {
        RunKey {
            bottom_minutes: self.bottom_minutes,
            priority: self.priority,
            created_at: self.created_at,
            id: self.id.clone(),
        }
    }
}

/// A ticket in a list beside the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Its id.
    pub id: TicketId,
    /// Its title; empty if it does not exist.
    pub title: String,
    /// Its status; `missing` if it does not exist.
    pub status: String,
    /// What a person owes it.
    pub awaiting: Option<Awaiting>,
}

impl Plan {
    /// The waves, first to last.
    pub fn waves(&self) -> impl Iterator<Item = &[PlanEntry]> {
        self.entries.chunk_by(|a, b| a.wave == b.wave)
    }

    /// The entry of that ticket.
    #[must_use]
    pub fn entry(&self, id: &TicketId) -> Option<&PlanEntry> {
        self.place(id).map(|place| &self.entries[place])
    }

    pub(super) fn place(&self, id: &TicketId) -> Option<usize> {
        let found = self
            .places
            .binary_search_by(|&place| self.entries[place].id.cmp(id));
        found.ok().map(|at| self.places[at])
    }

    /// What an entry waits for, with the work behind each epic in the epic's place.
    #[must_use]
    pub fn blockers(&self, entry: &PlanEntry) -> BTreeSet<TicketId> {
        let mut all = BTreeSet::new();
        for id in &entry.blocked_by {
            match self.stands_for.get(id) {
                Some(work) => all.extend(work.iter().cloned()),
                None => {
                    all.insert(id.clone());
                }
            }
        }
        all
    }

    /// The entries that are ready, in the order in which they would be started.
    #[must_use]
    pub fn ready(&self) -> Vec<&PlanEntry> {
        let ready = self.entries.iter().filter(|entry| entry.ready);
        let mut ready: Vec<_> = ready.map(|entry| (entry.key(), entry)).collect();
        super::order::sort_softly(&mut ready, |(key, _)| key, |(_, entry)| &entry.after);
        ready.into_iter().map(|(_, entry)| entry).collect()
    }
}

impl Graph<'_> {
    /// Lays the open work of a scope out. Linear in the size of the project.
    ///
    /// Order that comes from open tickets outside the scope is kept: of two tickets with one
    /// of those between them, the later is in a later wave.
    #[must_use]
    pub fn plan(&self, scope: &Scope) -> Plan {
        let members = Members::find(self, scope);
        let (facts, net) = (&self.facts, self.net());
        let counts: Vec<bool> = net
            .graph
            .node_weights()
            .map(|node| node.role == Role::Work && members.within[node.ticket])
            .collect();
        let order = net.order();
        let wave = waves(net, order, &counts);
        let minutes = weights::minutes(facts);
        let by_node = |of: &[u64]| -> Vec<u64> {
            net.graph
                .node_weights()
                .map(|node| of[node.ticket])
                .collect()
        };
        let weighed = Weighed {
            net,
            order,
            counts: &counts,
            minutes: &by_node(&minutes),
            rank: &self.ranks(&wave),
        };
        let paths = Paths::find(&weighed);
        let chain = paths.critical(&weighed);
        let length = chain.first().map_or(0, |first| paths.bottom[first.index()]);
        let stuck = self.stuck(order, &counts);
        let waits = Waits::find(self, &members);

        let mut laid: Vec<NodeIndex> = order.to_vec();
        laid.retain(|index| counts[index.index()]);
        laid.sort_by_cached_key(|node| {
            let (at, index) = (node.index(), net.node(*node).ticket);
            let ticket = &facts.tickets[index];
            let created = ticket.created_at();
            (
                wave[at],
                Reverse(paths.bottom[at]),
                ticket.priority(),
                (created.is_none(), created),
                index,
            )
        });
        let mut entry_of_node = vec![None; counts.len()];
        let mut placed = vec![false; facts.len()];
        for (place, node) in laid.iter().enumerate() {
            entry_of_node[node.index()] = Some(place as u32);
            placed[net.node(*node).ticket] = true;
        }
        let entry = |node: &NodeIndex| {
            let (at, index) = (node.index(), net.node(*node).ticket);
            let ticket = &facts.tickets[index];
            let (agent, lock) = ticket.agent_and_lock();
            let slack = length - paths.top[at] - paths.bottom[at];
            PlanEntry {
                id: ticket.id.clone(),
                title: ticket.title().to_owned(),
                kind: ticket.kind().into(),
                status: StatusId::new(ticket.status()),
                priority: ticket.priority(),
                awaiting: ticket.awaiting(),
                requires: ticket.requires(),
                agent,
                lock,
                touches: ticket.touches(),
                after: ticket.edges().after.ids().collect(),
                blocked_by: waits.of(self, index),
                wave: wave[at],
                minutes: minutes[index],
                bottom_minutes: paths.bottom[at],
                slack_minutes: slack,
                critical: slack == 0,
                ready: self.is_ready_at(index),
                runnable: !stuck[at],
                created_at: ticket.created_at(),
            }
        };
        let entries: Vec<PlanEntry> = laid.iter().map(entry).collect();
        let mut places: Vec<usize> = (0..entries.len()).collect();
        places.sort_by_key(|&place| net.node(laid[place]).ticket);
        let widest = entries.chunk_by(|a, b| a.wave == b.wave).map(<[_]>::len);
        Plan {
            epic: members.epic.map(|epic| self.brief(epic)),
            critical_path_ids: facts.ids(chain.iter().map(|index| net.node(*index).ticket)),
            critical_path_minutes: length,
            max_parallel: widest.max().unwrap_or(0),
            external_blockers: waits.external,
            awaiting: members
                .all
                .iter()
                .filter(|&&i| !facts.is_done(i) && facts.tickets[i].awaiting().is_some())
                .map(|&index| self.brief(index))
                .collect(),
            done: members
                .all
                .iter()
                .filter(|&&i| *scope != Scope::All && facts.is_done(i) && !facts.is_epic(i))
                .map(|&index| self.brief(index))
                .collect(),
            unplaced: members
                .open_work(self)
                .filter(|&index| !placed[index])
                .map(|index| facts.id(index).clone())
                .collect(),
            cycles: self.cycles().to_vec(),
            stands_for: waits.stands_for,
            flow: Flow::new(net, order, &stuck, &entry_of_node),
            entries,
            places,
        }
    }

    /// The work of a scope that is ready, in the order in which it would be started: as
    /// [`Plan::ready`], without laying the rest out.
    #[must_use]
    pub fn ready(&self, scope: &Scope) -> Vec<&Outline> {
        let within = Members::find(self, scope).within;
        let bottom = self.bottom_minutes(&within);
        let tickets = self.facts.tickets.iter().enumerate();
        let ready = tickets.filter(|&(index, _)| within[index] && self.is_ready_at(index));
        let mut ready: Vec<_> = ready
            .filter_map(|(index, ticket)| {
                let key = RunKey {
                    bottom_minutes: bottom[index]?,
                    priority: ticket.priority(),
                    created_at: ticket.created_at(),
                    id: ticket.id.clone(),
                };
                let after: BTreeSet<TicketId> = ticket.edges().after.ids().collect();
                Some((key, after, ticket))
            })
            .collect();
        super::order::sort_softly(&mut ready, |(key, ..)| key, |(_, after, _)| after);
        ready.into_iter().map(|(.., ticket)| ticket).collect()
    }

    /// By ticket, the minutes on the longest path through the work of these from it to the end,
    /// itself included; none of what is in a cycle or behind one, which has no place in a plan.
    fn bottom_minutes(&self, within: &[bool]) -> Vec<Option<u64>> {
        let facts = &self.facts;
        let minutes = weights::minutes(facts);
        let counts = |at: usize| within[at] && !facts.is_done(at) && !facts.is_epic(at);
        if let Some(last_first) = &self.last_first {
            let weight = |at| if counts(at) { minutes[at] } else { 0 };
            let bottom = moments::heaviest_ways(facts, last_first, weight);
            return bottom.into_iter().map(Some).collect();
        }
        let net = self.net();
        let tickets = || net.graph.node_weights().map(|node| node.ticket);
        let counts: Vec<bool> = tickets().map(counts).collect();
        let paths = Paths::find(&Weighed {
            net,
            order: net.order(),
            counts: &counts,
            minutes: &tickets().map(|at| minutes[at]).collect::<Vec<_>>(),
            // Which of equally long paths is taken does not matter here.
            rank: &vec![0; counts.len()],
        });
        let mut bottom = vec![None; facts.len()];
        for node in net.order() {
            if counts[node.index()] {
                bottom[net.node(*node).ticket] = Some(paths.bottom[node.index()]);
            }
        }
        bottom
    }

    /// By node, what decides between equally long paths: wave, priority, age, id.
    fn ranks(&self, wave: &[usize]) -> Vec<usize> {
        let mut sorted: Vec<_> = self.net().graph.node_indices().collect();
        sorted.sort_by_cached_key(|index| {
            let ticket = &self.facts.tickets[self.net().node(*index).ticket];
            let created = ticket.created_at();
            let age = (created.is_none(), created);
            (wave[index.index()], ticket.priority(), age, *index)
        });
        let mut ranks = vec![0; sorted.len()];
        for (rank, index) in sorted.into_iter().enumerate() {
            ranks[index.index()] = rank;
        }
        ranks
    }

    /// By node, whether the work of the scope alone will never get there.
    fn stuck(&self, order: &[NodeIndex], counts: &[bool]) -> Vec<bool> {
        let facts = &self.facts;
        let mut stuck = vec![true; counts.len()];
        for index in order {
            let node = self.net().node(*index);
            let held = !facts.is_done(node.ticket)
                && (facts.waits_by_itself(node.ticket) || !facts.missing(node.ticket).is_empty());
            let own = match node.role {
                Role::Work => held || !counts[index.index()],
                Role::Start => held,
                // Work that is not planned yet does not get done.
                Role::End => !facts.kin.has_children(node.ticket) && !facts.is_done(node.ticket),
            };
            stuck[index.index()] = own
                || self
                    .net()
                    .before(*index)
                    .any(|(first, _)| stuck[first.index()]);
        }
        stuck
    }

    pub(super) fn brief(&self, index: usize) -> Brief {
        let ticket = &self.facts.tickets[index];
        Brief {
            id: ticket.id.clone(),
            title: ticket.title().to_owned(),
            status: ticket.status().to_string(),
            awaiting: ticket.awaiting(),
        }
    }
}
