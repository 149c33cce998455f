//! Where each ticket of a run stands, and which one starts next.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::desk::Ending;
use super::job::Job;
use crate::graph::schedule::{self, Candidate, Constraints, State, clash};
use crate::model::TicketId;

/// Where a ticket stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has not started.
    Waiting,
    /// An executor works at it.
    Running,
    /// Its executor ended.
    Over(Ending),
}

/// A ticket's seat on the board.
#[derive(Debug)]
pub(super) struct Seat {
    pub job: Arc<Job>,
    /// Tickets of this run that must land before.
    pub blockers: BTreeSet<TicketId>,
    pub phase: Phase,
    /// What the scheduler looks at.
    pub candidate: Candidate,
}

/// All tickets of a run that may start in it.
#[derive(Debug)]
pub(super) struct Board {
    seats: BTreeMap<TicketId, Seat>,
    live: BTreeSet<TicketId>,
    /// How many executors are at work: asked after every event, so it is not counted anew.
    running: usize,
    places: usize,
    barrier: bool,
}

impl Board {
    /// A board with that many places for live workers; with a barrier, a wave starts when the
    /// one before is over.
    pub(super) fn new(seats: BTreeMap<TicketId, Seat>, places: usize, barrier: bool) -> Self {
        let running = seats.values().filter(|seat| is_running(seat)).count();
        Self {
            seats,
            live: BTreeSet::new(),
            running,
            places,
            barrier,
        }
    }

    pub(super) fn job(&self, ticket: &TicketId) -> Option<&Arc<Job>> {
        self.seats.get(ticket).map(|seat| &seat.job)
    }

    pub(super) fn set(&mut self, ticket: &TicketId, phase: Phase) {
        if let Some(seat) = self.seats.get_mut(ticket) {
            self.running -= usize::from(is_running(seat));
            seat.phase = phase;
            self.running += usize::from(is_running(seat));
        }
    }

    /// Seats a ticket that comes only now, or goes on after it was over; whether it does.
    pub(super) fn seat(&mut self, ticket: &TicketId, seat: Seat) -> bool {
        let at_work = |old: &Seat| !matches!(old.phase, Phase::Over(_));
        if self.seats.get(ticket).is_some_and(at_work) {
            return false;
        }
        self.running += usize::from(is_running(&seat));
        self.seats.insert(ticket.clone(), seat);
        true
    }

    /// Whether the ticket has a seat.
    pub(super) fn has(&self, ticket: &TicketId) -> bool {
        self.seats.contains_key(ticket)
    }

    /// Notes whether the ticket has a live worker.
    pub(super) fn set_live(&mut self, ticket: &TicketId, live: bool) {
        if live {
            self.live.insert(ticket.clone());
        } else {
            self.live.remove(ticket);
        }
    }

    /// How many workers may be live at once.
    pub(super) const fn places(&self) -> usize {
        self.places
    }

    pub(super) fn free_places(&self) -> usize {
        self.places.saturating_sub(self.live.len())
    }

    /// How many tickets want a worker and have not had one, the ticket that asks for its next one
    /// among them.
    pub(super) fn left(&self, asking: &TicketId) -> usize {
        let waits = |seat: &Seat| seat.phase == Phase::Waiting && !seat.job.begins_without_worker();
        let seats = self.seats.iter();
        let wants = seats.filter(|(id, seat)| *id == asking || waits(seat));
        wants.count()
    }

    pub(super) fn is_live(&self, ticket: &TicketId) -> bool {
        self.live.contains(ticket)
    }

    /// How many executors are at work.
    pub(super) const fn running(&self) -> usize {
        self.running
    }

    pub(super) fn endings(&self) -> BTreeMap<TicketId, Ending> {
        let over = self
            .seats
            .iter()
            .filter_map(|(id, seat)| match &seat.phase {
                Phase::Over(ending) => Some((id.clone(), ending.clone())),
                Phase::Waiting | Phase::Running => None,
            });
        over.collect()
    }

    pub(super) fn unstarted(&self) -> Vec<TicketId> {
        let waiting = self
            .seats
            .iter()
            .filter(|(_, seat)| seat.phase == Phase::Waiting);
        waiting.map(|(id, _)| id.clone()).collect()
    }

    /// The waiting tickets that need a worker; nothing where all that wait do.
    pub(super) fn beside_landings(&self) -> Option<BTreeSet<TicketId>> {
        let waiting = || {
            let seats = self.seats.iter();
            seats.filter(|(_, seat)| seat.phase == Phase::Waiting)
        };
        let needs_none = |seat: &Seat| seat.job.begins_without_worker();
        let some = waiting().any(|(_, seat)| needs_none(seat));
        some.then(|| {
            let others = waiting().filter(|(_, seat)| !needs_none(seat));
            others.map(|(id, _)| id.clone()).collect()
        })
    }

    fn live_constraints(&self) -> Vec<&Constraints> {
        let live = self.live.iter().filter_map(|id| self.seats.get(id));
        live.map(|seat| &seat.candidate.constraints).collect()
    }

    /// What a ticket that begins now has to keep clear of: the live workers, and the work that
    /// is to land, on which it would else not be based.
    fn begun_constraints(&self) -> Vec<Cow<'_, Constraints>> {
        let begun = self.seats.iter().filter(|(_, seat)| is_running(seat));
        let constraints = begun.map(|(id, seat)| match self.is_live(id) {
            true => Cow::Borrowed(&seat.candidate.constraints),
            false => Cow::Owned(seat.candidate.constraints.of_work()),
        });
        constraints.collect()
    }

    /// Whether a worker of the ticket may be live beside those that are. Of tickets that have
    /// begun, no two have the same lock or touch the same files.
    pub(super) fn may_be_live(&self, ticket: &TicketId) -> bool {
        let Some(seat) = self.seats.get(ticket) else {
            return false;
        };
        let live = self.live_constraints();
        let own = &seat.candidate.constraints;
        live.len() < self.places && live.iter().all(|other| clash(own, other).is_none())
    }

    /// The ticket to start now, if one can: blockers landed, a place free, no clash with a
    /// live worker or with work that is to land; the one with the longest remaining path first.
    pub(super) fn next_start(&self, passed_over: &BTreeSet<TicketId>) -> Option<TicketId> {
        if self.free_places() == 0 {
            // Asked after every event, and mostly then: nothing is looked at.
            return None;
        }
        let barrier = if self.barrier { self.open_wave() } else { None };
        let startable = self.seats.values().filter(|seat| {
            seat.phase == Phase::Waiting
                && !passed_over.contains(&seat.job.ticket.id)
                && seat.blockers.iter().all(|id| self.has_landed(id))
        });
        let candidates: Vec<&Candidate> = startable.map(|seat| &seat.candidate).collect();
        let begun = self.begun_constraints();
        let beside: Vec<&Constraints> = begun.iter().map(AsRef::as_ref).collect();
        let state = State {
            free: self.free_places(),
            beside: &beside,
            candidates: &candidates,
            barrier,
        };
        schedule::pick(&state).into_iter().next()
    }

    /// The lowest wave in which something runs or may still run.
    fn open_wave(&self) -> Option<usize> {
        let open = self
            .seats
            .values()
            .filter(|seat| !matches!(seat.phase, Phase::Over(_)));
        open.filter(|seat| self.can_still_run(seat))
            .map(|seat| seat.candidate.wave)
            .min()
    }

    fn has_landed(&self, ticket: &TicketId) -> bool {
        self.seats
            .get(ticket)
            .is_some_and(|seat| is_done(&seat.phase))
    }

    /// Whether none of its blockers, near or far, ended otherwise than landed.
    fn can_still_run(&self, seat: &Seat) -> bool {
        let mut seen = BTreeSet::new();
        let mut queue: Vec<&TicketId> = seat.blockers.iter().collect();
        while let Some(id) = queue.pop() {
            if !seen.insert(id) {
                continue;
            }
            let Some(blocker) = self.seats.get(id) else {
                return false;
            };
            match &blocker.phase {
                phase if is_done(phase) => {}
                Phase::Over(_) => return false,
                Phase::Waiting | Phase::Running => queue.extend(&blocker.blockers),
            }
        }
        true
    }
}

fn is_running(seat: &Seat) -> bool {
    seat.phase == Phase::Running
}

/// Whether what waits for the ticket may begin.
fn is_done(phase: &Phase) -> bool {
    matches!(
        phase,
        Phase::Over(Ending::Landed | Ending::Closed | Ending::Deleted)
    )
}
