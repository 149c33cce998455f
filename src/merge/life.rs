//! The merge of where a ticket stands: its status, and when, by whom and why it was closed.

use jiff::Timestamp;

use crate::model::{Actor, Ticket};

use super::fields::{Merger, Side};

/// Merges `status`, `started_at`, `closed_at`, `closed_by`, `reason` and `verdict`.
///
/// Where both sides changed where it stands, they belong together: those of the side that wins, or
/// that somebody chooses, as where people judged it differently.
pub(super) fn merge_life(
    merger: &mut Merger,
    merged: &mut Ticket,
    base: &Ticket,
    ours: &Ticket,
    theirs: &Ticket,
) {
    let known = merger.knows_base();
    let changed = |side: &Ticket| side.status != base.status;
    let both = !known || changed(ours) && changed(theirs);
    let differ = ours.status != theirs.status;
    let judged = |side: &Ticket| !known || side.verdict != base.verdict;
    let apart = both && differ && ours.verdict != theirs.verdict && judged(ours) && judged(theirs);
    // One that was closed, opened and closed again has the status that it had.
    let moved = |side: &Ticket| changed(side) || side.closed_at != base.closed_at;
    let winner = if (both || moved(ours) && moved(theirs)) && (known || !differ) && !apart {
        winner(base, ours, theirs)
    } else {
        None
    };
    merged.verdict = merger.scalar("verdict", &base.verdict, &ours.verdict, &theirs.verdict);
    let is_open = both && differ && winner.is_none();
    if winner.is_none() && !is_open {
        macro_rules! scalars {
            ($($field:ident: $key:literal),+ $(,)?) => {
                $(merged.$field = merger.scalar($key, &base.$field, &ours.$field, &theirs.$field);)+
            };
        }
        scalars!(status: "status");
        merged.started_at = began(merger, base, [ours, theirs], [ours, theirs].map(moved));
        scalars!(
            closed_at: "closed_at",
            closed_by: "closed_by",
            reason: "reason",
        );
        return;
    }
    let chosen = match winner {
        Some(Side::Ours) => ours,
        Some(Side::Theirs) => theirs,
        _ => merger.conflict("status", base, ours, theirs),
    };
    merged.status = chosen.status.clone();
    if apart {
        merged.verdict = chosen.verdict;
    }
    merged.closed_at = chosen.closed_at;
    merged.closed_by.clone_from(&chosen.closed_by);
    merged.reason.clone_from(&chosen.reason);
    // When work began, the other side may know where the chosen one does not.
    merged.started_at = if base.started_at == ours.started_at {
        theirs.started_at
    } else if base.started_at == theirs.started_at {
        ours.started_at
    } else {
        chosen.started_at
    };
}

/// When work began: where both sides say another time than before, as the one says that moved the
/// ticket; where that is none of them or both, the earlier.
fn began(
    merger: &mut Merger,
    base: &Ticket,
    sides: [&Ticket; 2],
    moved: [bool; 2],
) -> Option<Timestamp> {
    let was = base.started_at;
    let [ours, theirs] = sides.map(|side| side.started_at);
    let both = merger.knows_base() && ours != was && theirs != was;
    match (moved, ours.zip(theirs)) {
        ([true, false], _) if both => ours,
        ([false, true], _) if both => theirs,
        (_, Some((ours, theirs))) if both => Some(ours.min(theirs)),
        _ => merger.scalar("started_at", &was, &ours, &theirs),
    }
}

/// Whose status counts where both changed it: a person's verdict before an agent's work,
/// else the later. `None` where neither is later.
fn winner(base: &Ticket, ours: &Ticket, theirs: &Ticket) -> Option<Side> {
    let judged = |side: &Ticket| side.verdict.is_some() && side.verdict != base.verdict;
    match (judged(ours), judged(theirs)) {
        (true, false) if is_agents(base, theirs) => return Some(Side::Ours),
        (false, true) if is_agents(base, ours) => return Some(Side::Theirs),
        _ => {}
    }
    match time(ours).cmp(&time(theirs)) {
        std::cmp::Ordering::Greater => Some(Side::Ours),
        std::cmp::Ordering::Less => Some(Side::Theirs),
        std::cmp::Ordering::Equal => None,
    }
}

/// When a ticket got to where it stands.
fn time(side: &Ticket) -> Option<Timestamp> {
    side.closed_at.max(side.started_at)
}

/// Whether it was an agent who changed the status.
fn is_agents(base: &Ticket, side: &Ticket) -> bool {
    let closer = side
        .closed_by
        .as_deref()
        .filter(|_| side.closed_by != base.closed_by);
    closer
        .or(side.owner.as_deref())
        .is_some_and(|name| Actor::new(name).is_agent())
}
