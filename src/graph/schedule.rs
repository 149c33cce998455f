//! What to start now: the one place where that is decided, for runs and predictions alike.

use std::collections::BTreeSet;

use super::order::{RunKey, sort_softly};
use super::plan::PlanEntry;
use super::touches;
use crate::model::{AgentConfig, TicketId};

/// What keeps a ticket from running beside another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// The ticket's lock: at most one ticket of it from its start until it has landed.
    pub lock: Option<String>,
    /// Its agent's lock: at most one live worker of it.
    pub agent_lock: Option<String>,
    /// Agents' locks its agent never runs beside.
    pub excludes: Vec<String>,
    /// Globs of the files it is expected to change, until it has landed.
    pub touches: Vec<String>,
}

impl Constraints {
    /// Those of a ticket that this agent works at.
    #[must_use]
    pub fn of(entry: &PlanEntry, agent: &AgentConfig) -> Self {
        Self {
            lock: entry.lock.clone(),
            agent_lock: agent.lock.clone(),
            excludes: agent.excludes.clone(),
            touches: entry.touches.clone(),
        }
    }

    /// Without those that hold only beside a live worker: what is left of them when the worker
    /// has ended and its work has not landed yet.
    #[must_use]
    pub fn of_work(&self) -> Self {
        Self {
            agent_lock: None,
            excludes: Vec::new(),
            ..self.clone()
        }
    }
}

/// Why two tickets may not run at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// They have the same lock.
    Lock(String),
    /// Their agents have the same lock.
    AgentLock(String),
    /// One's agent excludes the lock of the other's.
    Excluded(String),
    /// They are expected to change the same files.
    Touches,
}

/// Why the two may not run at once, if so.
#[must_use]
pub fn clash(a: &Constraints, b: &Constraints) -> Option<Clash> {
    let same = |a: &Option<String>, b: &Option<String>| a.clone().filter(|_| a == b);
    let excluded = |by: &Constraints, other: &Constraints| {
        let lock = other.agent_lock.as_ref();
        lock.filter(|lock| by.excludes.contains(lock)).cloned()
    };
    same(&a.lock, &b.lock)
        .map(Clash::Lock)
        .or_else(|| same(&a.agent_lock, &b.agent_lock).map(Clash::AgentLock))
        .or_else(|| {
            excluded(a, b)
                .or_else(|| excluded(b, a))
                .map(Clash::Excluded)
        })
        .or_else(|| touches::overlap(&a.touches, &b.touches).then_some(Clash::Touches))
}

/// A ticket that could start: its blockers are done, nobody is awaited, it is not live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the order of starting.
    pub key: RunKey,
    /// Its wave.
    pub wave: usize,
    /// What it prefers to follow.
    pub after: BTreeSet<TicketId>,
    /// What it may not run beside.
    pub constraints: Constraints,
}

impl Candidate {
    /// The candidate for an entry of a plan.
    #[must_use]
    pub fn new(entry: &PlanEntry, constraints: Constraints) -> Self {
        Self {
            key: entry.key(),
            wave: entry.wave,
            after: entry.after.clone(),
            constraints,
        }
    }
}

/// What the choice depends on, and all it depends on.
#[derive(Clone, Copy, Debug)]
pub struct State<'s> {
    /// How many more may be live.
    pub free: usize,
    /// The constraints of what is being worked at, or is to land.
    pub beside: &'s [&'s Constraints],
    /// What could start.
    pub candidates: &'s [&'s Candidate],
    /// With a barrier between waves: the lowest wave that is not over. Nothing of a later
    /// one starts.
    pub barrier: Option<usize>,
}

/// The tickets to start now, in order. A startable ticket never waits while a place is free:
/// what is not chosen clashes with something begun or chosen, is behind the barrier, or finds
/// no place.
#[must_use]
pub fn pick(state: &State<'_>) -> Vec<TicketId> {
    let mut candidates = state.candidates.to_vec();
    sort_softly(&mut candidates, |c| &c.key, |c| &c.after);
    let chosen = choose(state.free, state.beside, state.barrier, candidates);
    chosen.into_iter().map(|c| c.key.id.clone()).collect()
}

/// Takes from candidates that are in order already.
pub(super) fn choose<'c>(
    free: usize,
    beside: &[&Constraints],
    barrier: Option<usize>,
    ordered: impl IntoIterator<Item = &'c Candidate>,
) -> Vec<&'c Candidate> {
    let mut chosen: Vec<&Candidate> = Vec::new();
    if free == 0 {
        return chosen;
    }
    for candidate in ordered {
        let beside = beside
            .iter()
            .copied()
            .chain(chosen.iter().map(|other| &other.constraints));
        let may = barrier.is_none_or(|wave| candidate.wave <= wave)
            && beside
                .into_iter()
                .all(|other| clash(&candidate.constraints, other).is_none());
        if may {
            chosen.push(candidate);
            if chosen.len() == free {
                break;
            }
        }
    }
    chosen
}
