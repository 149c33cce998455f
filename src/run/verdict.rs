//! What a run came to: its last event, with why what is not done is not.

use super::desk::Ending;
use super::dispatcher::Tally;
use super::finish::Finished;
use super::people;
use super::survey::Survey;
use crate::model::{TicketId, Usd};
use crate::ops::ErrorCode;
use crate::wire::{EventKind, Reserved, RunEnd, Waits, Withdrawn};

/// The verdict on a run: stopped before budget before failed before waiting. `now` is how the
/// tickets stand; `held_by` tells who holds one.
pub(super) fn finished_event(
    survey: &Survey,
    now: &Survey,
    tally: &Tally,
    finished: &Finished,
    only_land: bool,
    held_by: &dyn Fn(&TicketId) -> Option<String>,
) -> EventKind {
    let ended = |wanted: Ending| -> Vec<TicketId> {
        let of = tally
            .endings
            .iter()
            .filter(|(_, ending)| **ending == wanted);
        of.map(|(id, _)| id.clone()).collect()
    };
    let failed = ended(Ending::Failed);
    let mut awaiting = ended(Ending::Awaiting);
    let mut unstarted = ended(Ending::Parked);
    unstarted.extend(ended(Ending::Stopped));
    if !only_land {
        // What came to the board later has been counted.
        let seated =
            |id: &&TicketId| tally.endings.contains_key(*id) || tally.unstarted.contains(id);
        awaiting.extend(survey.awaiting.iter().filter(|id| !seated(id)).cloned());
        unstarted.extend(survey.held.iter().filter(|id| !seated(id)).cloned());
    }
    // Last, since most of them wait for one of the others.
    unstarted.extend(tally.unstarted.iter().cloned());
    // What people have given or done meanwhile they owe no more.
    let mut owed: Vec<TicketId> = awaiting.extract_if(.., |id| is_owed(now, id)).collect();
    // Of an epic, what it awaited before is not for those who only land.
    let known = |id: &&TicketId| only_land && survey.awaiting_epics.contains(id);
    let epics = now.awaiting_epics.iter().filter(|id| !known(id));
    owed.extend(epics.cloned());
    let given = awaiting.into_iter().chain(unstarted);
    let (unstarted, mut gone): (Vec<TicketId>, Vec<TicketId>) =
        given.partition(|id| now.plan.entry(id).is_some());
    // Others are there and open, and only the run's no more.
    let is_open = |id: &TicketId| (now.tickets.get(id)).is_some_and(|now| now.closed_at.is_none());
    gone.retain(|id| !is_open(id));
    gone.extend(ended(Ending::Closed));
    gone.extend(ended(Ending::Deleted));
    gone.sort_unstable();
    gone.dedup();
    let (outcome, code) = if tally.stopped {
        (RunEnd::Stopped, Some(ErrorCode::RunStopped))
    } else if tally.budget_reached && !unstarted.is_empty() {
        (RunEnd::Budget, Some(ErrorCode::BudgetReached))
    } else if !failed.is_empty() {
        (RunEnd::Failed, Some(ErrorCode::RunFailed))
    } else if !owed.is_empty() || !unstarted.is_empty() {
        (RunEnd::Waiting, Some(ErrorCode::RunWaiting))
    } else if finished.unlanded.is_some() {
        (RunEnd::Unlanded, Some(ErrorCode::Git))
    } else {
        (RunEnd::Done, None)
    };
    let waits: Vec<Waits> = match outcome {
        RunEnd::Stopped | RunEnd::Budget => Vec::new(),
        _ => unstarted
            .iter()
            .map(|id| Waits {
                ticket: id.to_string(),
                why: why(now, tally, id, held_by(id)),
            })
            .collect(),
    };
    let withdrawn = gone.iter().map(|id| Withdrawn {
        ticket: id.to_string(),
        deleted: !now.tickets.contains_key(id),
        branch: tally.kept.get(id).cloned(),
    });
    let reserved = tally.reserved.iter().map(|(ticket, cost)| Reserved {
        ticket: ticket.clone(),
        cost_usd: cost.dollars(),
    });
    let why = match outcome {
        RunEnd::Stopped | RunEnd::Budget => tally.why.clone(),
        RunEnd::Waiting if owed.is_empty() => nobody_is_waited_for(&waits),
        _ => None,
    };
    EventKind::RunFinished {
        outcome,
        exit_code: code.map_or(0, ErrorCode::exit_code),
        cost_usd: tally.spent.map(Usd::dollars),
        landed: words(&ended(Ending::Landed)),
        failed: words(&failed),
        awaiting: words(&owed),
        unstarted: words(&unstarted),
        waits,
        withdrawn: withdrawn.collect(),
        owed: people::owed(now),
        reserved: reserved.collect(),
        why,
    }
}

/// What is waited for where no person is.
fn nobody_is_waited_for(waits: &[Waits]) -> Option<String> {
    let (first, others) = waits.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let (ticket, why) = (&first.ticket, &first.why);
    Some(format!(
        "nobody is asked for anything; `{ticket}` is not done: {why}{more}"
    ))
}

fn words(ids: &[TicketId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn is_owed(now: &Survey, id: &TicketId) -> bool {
    now.plan
        .entry(id)
        .is_some_and(|entry| entry.awaiting.is_some())
}

/// Why the ticket is not done, though nobody owes it anything and it did not fail.
fn why(now: &Survey, tally: &Tally, id: &TicketId, held_by: Option<String>) -> String {
    match tally.endings.get(id) {
        Some(Ending::Stopped) => return "it was stopped".to_owned(),
        Some(Ending::Parked) => {
            let reason = tally.parked.get(id).cloned();
            return reason.unwrap_or_else(|| "it was put aside".to_owned());
        }
        _ => {}
    }
    if let Some(actor) = held_by {
        return format!("{actor} works at it");
    }
    let entry = now.plan.entry(id);
    let blockers = entry.map_or(Vec::new(), |entry| entry.blocked_by.clone());
    if !blockers.is_empty() {
        return format!("it waits for {}", words(&blockers).join(", "));
    }
    if now.runnable.contains(id) {
        return "it can begin now, by the same command".to_owned();
    }
    match entry {
        Some(entry) if entry.runnable => format!("it is {}", entry.status),
        _ => {
            let reasons = now.reasons.get(id).filter(|reasons| !reasons.is_empty());
            let unknown = || "something holds it: `tk blocked` tells what".to_owned();
            reasons.cloned().unwrap_or_else(unknown)
        }
    }
}
