//! The graph and the plain questions about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::cycles::Cycles;
use super::facts::Facts;
use super::moments::{self, Moment};
use super::net::{Extent, Net};
use super::readiness::{Held, Hold};
use crate::model::{Outlined, Statuses, TicketId};
use crate::wire::Standing;
use jiff::Timestamp;

/// The tickets of a project and what follows from their edges.
///
/// Every answer depends on the set of tickets only, never on their order in the input. A
/// question about an id that is not among them has the answer for a ticket without edges,
/// unless its documentation says otherwise.
pub struct Graph<'a> {
    pub(super) facts: Facts<'a>,
    net: OnceLock<Net>,
    /// The moments of what is not done, each before those it waits for; none where anything waits
    /// for itself.
    pub(super) last_first: Option<Vec<Moment>>,
    pub(super) cycles: Cycles,
    pub(super) held: Held,
    /// What others than who asks hold.
    pub(super) holds: BTreeMap<usize, Hold>,
}

impl<'a> Graph<'a> {
    /// The graph of all tickets of a project, or of their outlines, at the time `now`. Of
    /// tickets with the same id the first counts.
    #[must_use]
    pub fn new<T: Outlined>(tickets: &'a [T], statuses: &'a Statuses, now: Timestamp) -> Self {
        let facts = Facts::new(T::outlines(tickets), statuses, now);
        let net = OnceLock::new();
        let last_first = moments::last_first(&facts);
        let cycles = match &last_first {
            Some(_) => Cycles::default(),
            None => Cycles::find(
                &facts,
                net.get_or_init(|| Net::new(&facts, Extent::default())),
            ),
        };
        let held = Held::find(&facts, &cycles, last_first.is_none());
        Self {
            facts,
            net,
            last_first,
            cycles,
            held,
            holds: BTreeMap::new(),
        }
    }

    /// The nodes and edges of what is not done; made when they are first asked for.
    pub(super) fn net(&self) -> &Net {
        let made = || Net::new(&self.facts, Extent::default());
        self.net.get_or_init(made)
    }

    /// The same, where others than who asks hold these. What became of one elsewhere is nothing new
    /// where it is done here.
    #[must_use]
    pub fn held_by_others(mut self, holds: impl IntoIterator<Item = (TicketId, Hold)>) -> Self {
        let place = |(id, hold)| Some((self.facts.position(&id)?, hold));
        let holds = holds.into_iter().filter_map(place);
        let holds = holds.filter(|(at, hold)| hold.kept.is_none() || !self.facts.is_done(*at));
        self.holds = holds.collect();
        self
    }

    /// Whether it is the parent of others, or of type `epic`: never work.
    #[must_use]
    pub fn is_epic(&self, id: &TicketId) -> bool {
        self.facts
            .position(id)
            .is_some_and(|index| self.facts.is_epic(index))
    }

    /// The tickets whose parent it is, in order of id.
    #[must_use]
    pub fn children(&self, id: &TicketId) -> Vec<TicketId> {
        self.facts.position(id).map_or_else(Vec::new, |index| {
            self.facts.ids(self.facts.kin.children(index))
        })
    }

    /// Everything below it, nested epics and what is below them included, each once, in
    /// order of id.
    #[must_use]
    pub fn descendants(&self, id: &TicketId) -> Vec<TicketId> {
        self.facts.position(id).map_or_else(Vec::new, |index| {
            self.facts.ids(self.facts.kin.descendants(index))
        })
    }

    /// The epics it is in, nearest first.
    #[must_use]
    pub fn ancestors(&self, id: &TicketId) -> Vec<TicketId> {
        let Some(start) = self.facts.position(id) else {
            return Vec::new();
        };
        let mut seen = BTreeSet::from([start]);
        let mut found = Vec::new();
        let mut above = self.facts.kin.parent(start);
        while let Some(index) = above.filter(|index| seen.insert(*index)) {
            found.push(self.facts.id(index).clone());
            above = self.facts.kin.parent(index);
        }
        found
    }

    /// Whether it has children and all of them are done. A nested epic counts as done once
    /// it is closed itself.
    #[must_use]
    pub fn epic_is_complete(&self, id: &TicketId) -> bool {
        self.facts.position(id).is_some_and(|index| {
            let mut children = self.facts.kin.children(index);
            children.len() > 0 && children.all(|child| self.facts.is_done(child))
        })
    }

    /// The tickets that name it in `blocked_by`, open or not, in order of id. Also for an id
    /// that no ticket has.
    #[must_use]
    pub fn blocks(&self, id: &TicketId) -> Vec<TicketId> {
        match self.facts.position(id) {
            Some(index) => self.facts.ids(self.facts.later(index)),
            None => self.facts.ids(self.facts.waiting_for_missing(id)),
        }
    }

    /// Its place among all tickets in the order of their ids.
    #[must_use]
    pub fn place(&self, id: &TicketId) -> Option<usize> {
        self.facts.position(id)
    }

    /// How the ticket at that place stands among the others, as the public JSON has it: at once
    /// what [`Graph::blocks`], [`Graph::open_blockers`] and [`Graph::is_ready`] tell.
    ///
    /// # Panics
    /// Where there is no ticket.
    #[must_use]
    pub fn standing(&self, place: usize) -> Standing {
        let later = self.facts.later(place);
        let blockers = self.open_blockers_at(place).into_iter();
        let hold = self.holds.get(&place);
        Standing {
            blocks: later.map(|at| self.facts.id(at).short()).collect(),
            open_blockers: blockers.map(TicketId::short).collect(),
            ready: self.is_ready_at(place),
            deferred: self.is_deferred_at(place),
            held_by: hold.map(|hold| (&*hold.by).into()),
            held_until: hold.filter(|it| it.kept.is_none()).map(|it| it.until),
            held_here: hold.is_some_and(|hold| !hold.elsewhere),
            kept: hold.and_then(|hold| hold.kept.clone()),
        }
    }

    /// Whether it is not over, and deferred to a time that has not come.
    #[must_use]
    pub fn is_deferred(&self, id: &TicketId) -> bool {
        let at = self.facts.position(id);
        at.is_some_and(|index| self.is_deferred_at(index))
    }

    fn is_deferred_at(&self, index: usize) -> bool {
        self.facts.is_put_off(index) && !self.facts.is_done(index)
    }

    /// Who else holds it.
    #[must_use]
    pub fn held_by(&self, id: &TicketId) -> Option<&str> {
        let hold = self.holds.get(&self.facts.position(id)?)?;
        Some(&hold.by)
    }

    /// The ids in its own `blocked_by` that still hold it back, missing ones included, in
    /// order of id.
    #[must_use]
    pub fn open_blockers(&self, id: &TicketId) -> Vec<TicketId> {
        let at = self.facts.position(id);
        at.map_or_else(Vec::new, |index| {
            self.open_blockers_at(index).into_iter().cloned().collect()
        })
    }

    pub(super) fn open_blockers_at(&self, index: usize) -> Vec<&TicketId> {
        let ids = self.facts.blockers(index).map(|blocker| match blocker {
            Ok(blocker) => self.facts.id(blocker),
            Err(missing) => missing,
        });
        let mut ids: Vec<&TicketId> = ids.collect();
        ids.sort_unstable();
        ids
    }
}
