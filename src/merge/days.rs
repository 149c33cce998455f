//! The merge of when a ticket is due, until when it is put off, and how often it comes again.

use crate::model::{Repeat, Ticket};

use super::fields::Merger;

/// Merges `due`, `defer_until` and `repeat`.
///
/// Which day of the month is meant says something of a day: it goes with the day that stands, and
/// is no conflict by itself.
pub(super) fn merge_days(
    merger: &mut Merger,
    merged: &mut Ticket,
    base: &Ticket,
    ours: &Ticket,
    theirs: &Ticket,
) {
    merged.due = merger.scalar("due", &base.due, &ours.due, &theirs.due);
    let [was, mine, other] = [base, ours, theirs].map(|side| side.defer_until);
    merged.defer_until = merger.scalar("defer_until", &was, &mine, &other);
    let often = |side: &Ticket| side.repeat.map(Repeat::plain);
    let often = merger.scalar("repeat", &often(base), &often(ours), &often(theirs));
    let by_due = [merged.due == ours.due, merged.due == theirs.due];
    let by_defer = [merged.defer_until == mine, merged.defer_until == other];
    let [was, mine, other] = [base, ours, theirs].map(meant);
    // Where one day is not said, it is that of the other.
    let by = |is_said: bool, own, other| if is_said { own } else { other };
    let by_day = by(merged.due.is_some(), by_due, by_defer);
    let due = of_day(by_day, [was[0], mine[0], other[0]]);
    let by_day = by(merged.defer_until.is_some(), by_defer, by_due);
    let defer = of_day(by_day, [was[1], mine[1], other[1]]);
    merged.repeat = often.map(|often| often.meaning([due, defer]));
}

/// The days of the month that are meant.
fn meant(ticket: &Ticket) -> [Option<i8>; 2] {
    ticket.repeat.map_or([None, None], Repeat::meant)
}

/// What is meant of the day that stands, of the base, ours and theirs: what the side means whose
/// day it is. Of one that is of both, what one of them has changed it to; and of two changes, the
/// day that is further on: it is the one that months were too short for.
fn of_day(is_of: [bool; 2], [was, mine, other]: [Option<i8>; 3]) -> Option<i8> {
    match is_of {
        [true, false] => mine,
        [false, true] => other,
        [false, false] => was,
        _ if was == mine => other,
        _ if was == other => mine,
        _ => mine.max(other),
    }
}
