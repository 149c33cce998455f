//! What is known of every ticket by itself, before edges are followed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::OnceLock;

use hashbrown::{DefaultHashBuilder, HashTable};
use jiff::Timestamp;

use super::hierarchy::{Hierarchy, Parent};
use super::lists::{Lists, Places};
use crate::model::{Category, Outline, Statuses, TicketId};

/// The tickets, sorted by id; everywhere in this module a ticket is its position here.
pub(super) struct Facts<'a> {
    pub(super) tickets: Cow<'a, [Outline]>,
    names: Names,
    pub(super) statuses: &'a Statuses,
    pub(super) now: Timestamp,
    pub(super) kin: Hierarchy,
    category: Vec<Category>,
    unfinished: Vec<bool>,
    put_off: Vec<bool>,
    earlier: Lists,
    missing: BTreeMap<usize, Vec<TicketId>>,
    later: OnceLock<Lists>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(tickets: Cow<'a, [Outline]>, statuses: &'a Statuses, now: Timestamp) -> Self {
        let tickets = in_order(tickets);
        let names = Names::of(&tickets);
        let mut category = Vec::with_capacity(tickets.len());
        let mut put_off = Vec::with_capacity(tickets.len());
        let mut parents = Vec::with_capacity(tickets.len());
        let mut called_epic = Vec::with_capacity(tickets.len());
        let mut earlier = Lists::with_capacity(tickets.len());
        let mut missing: BTreeMap<usize, Vec<TicketId>> = BTreeMap::new();
        for (index, ticket) in tickets.iter().enumerate() {
            let edges = ticket.edges();
            let place = |id: &[u8]| names.place(&tickets, id);
            category.push(statuses.category_of(edges.status));
            put_off.push(edges.defer_until.is_some_and(|defer| defer.holds(now)));
            parents.push(match edges.parent.and_then(place) {
                Some(above) if above == index => Parent::Itself,
                Some(above) => Parent::Other(above as u32),
                None => Parent::None,
            });
            called_epic.push(edges.is_epic);
            let mut some_missing = false;
            for id in edges.blocked_by.clone().bytes() {
                match place(id) {
                    Some(blocker) => earlier.push(blocker),
                    None => some_missing = true,
                }
            }
            if some_missing {
                let ids = edges.blocked_by.ids();
                let unknown = ids.filter(|id| place(id.as_str().as_bytes()).is_none());
                missing.insert(index, unknown.collect());
            }
            earlier.end();
        }
        let kin = Hierarchy::new(parents, called_epic);
        let unfinished = unfinished(&kin, &category);
        Self {
            tickets,
            names,
            statuses,
            now,
            kin,
            category,
            unfinished,
            put_off,
            earlier,
            missing,
            later: OnceLock::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tickets.len()
    }

    pub(super) fn position(&self, id: &TicketId) -> Option<usize> {
        self.place(id.as_str().as_bytes())
    }

    /// The position of the ticket whose id has these bytes.
    pub(super) fn place(&self, id: &[u8]) -> Option<usize> {
        self.names.place(&self.tickets, id)
    }

    pub(super) fn id(&self, index: usize) -> &TicketId {
        &self.tickets[index].id
    }

    pub(super) fn ids(&self, indices: impl IntoIterator<Item = usize>) -> Vec<TicketId> {
        indices.into_iter().map(|i| self.id(i).clone()).collect()
    }

    pub(super) fn is_done(&self, index: usize) -> bool {
        self.category[index] == Category::Done
    }

    pub(super) fn is_active(&self, index: usize) -> bool {
        self.category[index] == Category::Active
    }

    pub(super) fn is_epic(&self, index: usize) -> bool {
        self.kin.is_epic(index)
    }

    /// Whether it is in the graph of what is not done: epics are, for what is below them.
    pub(super) fn is_in(&self, index: usize) -> bool {
        self.is_epic(index) || !self.is_done(index)
    }

    /// Whether a person owes it something, or it is put off.
    pub(super) fn waits_by_itself(&self, index: usize) -> bool {
        self.put_off[index] || self.tickets[index].awaiting().is_some()
    }

    /// Whether it is put off until a time that is not there yet.
    pub(super) fn is_put_off(&self, index: usize) -> bool {
        self.put_off[index]
    }

    /// Whether what is blocked by this ticket has to wait.
    pub(super) fn holds_back(&self, index: usize) -> bool {
        !self.is_done(index) && (!self.is_epic(index) || self.unfinished[index])
    }

    /// The open work below an epic, and open epics below it that have no children, in order
    /// of id; the epic itself if it is open and has no children.
    pub(super) fn open_leaves(&self, epic: usize) -> Vec<usize> {
        let mut all = self.kin.descendants(epic);
        all.push(epic);
        all.sort_unstable();
        all.retain(|&index| is_open_leaf(&self.kin, &self.category, index));
        all
    }

    /// The blockers in the ticket's own file that hold it back, in order of id; then, as `Err`,
    /// those that do not exist.
    pub(super) fn blockers(
        &self,
        index: usize,
    ) -> impl Iterator<Item = Result<usize, &TicketId>> + '_ {
        let holding = self.earlier.of(index);
        let missing = self.missing(index).iter().map(Err);
        holding
            .filter(|&b| self.holds_back(b))
            .map(Ok)
            .chain(missing)
    }

    /// The blockers in the ticket's own file that exist, done or not, in order of id.
    pub(super) fn earlier(&self, index: usize) -> Places<'_> {
        self.earlier.of(index)
    }

    /// The tickets that name this one among their blockers, done or not, in order of id.
    pub(super) fn later(&self, index: usize) -> Places<'_> {
        self.later.get_or_init(|| self.earlier.turned()).of(index)
    }

    /// The blockers in the ticket's own file that do not exist.
    pub(super) fn missing(&self, index: usize) -> &[TicketId] {
        self.missing.get(&index).map_or(&[], Vec::as_slice)
    }

    /// The tickets that name this one, which does not exist, among their blockers.
    pub(super) fn waiting_for_missing(&self, id: &TicketId) -> Vec<usize> {
        let naming = self.missing.iter().filter(|(_, ids)| ids.contains(id));
        naming.map(|(index, _)| *index).collect()
    }
}

/// The tickets in the order of their ids, of those with the same id the first.
fn in_order(tickets: Cow<'_, [Outline]>) -> Cow<'_, [Outline]> {
    if tickets.is_sorted_by(|a, b| a.id < b.id) {
        return tickets;
    }
    let mut tickets = tickets.into_owned();
    tickets.sort_by(|a, b| a.id.cmp(&b.id));
    tickets.dedup_by(|a, b| a.id == b.id);
    tickets.into()
}

/// Where each ticket is, by its id: every edge is looked up in it.
struct Names {
    places: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// Of tickets with an id each of their own.
    fn of(tickets: &[Outline]) -> Self {
        let hasher = DefaultHashBuilder::default();
        let hash = |place: usize| hasher.hash_one(tickets[place].id.as_str().as_bytes());
        let mut places = HashTable::with_capacity(tickets.len());
        for place in 0..tickets.len() {
            places.insert_unique(hash(place), place, |&other| hash(other));
        }
        Self { places, hasher }
    }

    /// The place of the ticket whose id has these bytes, among those tickets.
    fn place(&self, tickets: &[Outline], id: &[u8]) -> Option<usize> {
        let is = |&place: &usize| tickets[place].id.as_str().as_bytes() == id;
        self.places.find(self.hasher.hash_one(id), is).copied()
    }
}

fn is_open_leaf(kin: &Hierarchy, category: &[Category], index: usize) -> bool {
    category[index] != Category::Done && !kin.has_children(index)
}

/// Which tickets have open work in or below them, or are below themselves and so never done.
/// Each ticket is marked once, so this is linear, and it ends on parents that go round in a
/// circle.
fn unfinished(kin: &Hierarchy, category: &[Category]) -> Vec<bool> {
    let mut marked = vec![false; category.len()];
    for leaf in 0..category.len() {
        if !is_open_leaf(kin, category, leaf) {
            continue;
        }
        let mut above = Some(leaf);
        while let Some(index) = above {
            if marked[index] {
                break;
            }
            marked[index] = true;
            above = kin.parent(index);
        }
    }
    for circle in kin.circles() {
        for index in circle {
            marked[index] = true;
        }
    }
    marked
}
