//! Playing a plan through: what starts when, and when it is all over.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::flow::Frontier;
use super::order::sort_softly;
use super::plan::{Plan, PlanEntry};
use super::schedule::{Candidate, Constraints, choose};
use crate::model::TicketId;

/// How a plan is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many tickets may be live at once; 0 is taken as 1.
    pub places: usize,
    /// Whether a wave begins only when the one before is over.
    pub barrier: bool,
}

/// A plan played through. Tickets that are not runnable are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// What was started, in order.
    pub shifts: Vec<Shift>,
    /// When the last ticket was done, in minutes from the beginning.
    pub makespan_minutes: u64,
}

/// One ticket's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The ticket.
    pub id: TicketId,
    /// Minutes from the beginning to its start.
    pub start_minutes: u64,
    /// Minutes from the beginning to its end.
    pub end_minutes: u64,
}

/// Plays a plan through with the choice that a run makes. Each ticket lasts `minutes`, which
/// may differ from what the plan takes it to last.
#[must_use]
pub fn simulate(
    plan: &Plan,
    rules: Rules,
    constraints: impl Fn(&PlanEntry) -> Constraints,
    minutes: impl Fn(&PlanEntry) -> u64,
) -> Played {
    let mut ordered: Vec<&PlanEntry> = plan.entries.iter().collect();
    ordered.sort_by_cached_key(|entry| entry.key());
    let candidates: Vec<Candidate> = ordered
        .iter()
        .map(|entry| Candidate::new(entry, constraints(entry)))
        .collect();
    let rank = |entry: &PlanEntry| {
        let key = entry.key();
        candidates.partition_point(|c| c.key < key)
    };
    let soft = candidates.iter().any(|c| !c.after.is_empty());

    let mut played = Played::default();
    let mut frontier = Frontier::new(plan);
    let mut waiting: BTreeSet<usize> = frontier.startable().map(rank).collect();
    let mut live: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut now = 0;
    loop {
        let beside: Vec<&Constraints> = live
            .iter()
            .map(|Reverse((_, at))| &candidates[*at].constraints)
            .collect();
        let free = rules.places.max(1).saturating_sub(live.len());
        let barrier = rules.barrier.then(|| frontier.wave()).flatten();
        let mut order: Vec<&Candidate> = Vec::new();
        let chosen = if soft {
            order.extend(waiting.iter().map(|&at| &candidates[at]));
            sort_softly(&mut order, |c| &c.key, |c| &c.after);
            choose(free, &beside, barrier, order)
        } else {
            let sorted = waiting.iter().map(|&at| &candidates[at]);
            choose(free, &beside, barrier, sorted)
        };
        for candidate in chosen {
            let at = candidates.partition_point(|c| c.key < candidate.key);
            let end = now + minutes(ordered[at]);
            waiting.remove(&at);
            live.push(Reverse((end, at)));
            played.shifts.push(Shift {
                id: candidate.key.id.clone(),
                start_minutes: now,
                end_minutes: end,
            });
        }
        let Some(&Reverse((end, _))) = live.peek() else {
            break;
        };
        now = end;
        while let Some(&Reverse((end, at))) = live.peek() {
            if end > now {
                break;
            }
            live.pop();
            waiting.extend(frontier.finish(&ordered[at].id).into_iter().map(rank));
        }
    }
    played.makespan_minutes = now;
    played
}
