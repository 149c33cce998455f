//! What workers and checks of runs have written that are over for long: nobody looks at it any
//! more, and it takes room. What the runs did is told by their journals, which stay.

use jiff::{Timestamp, ToSpan};

use super::folder::RunDir;
use super::record;
use crate::ops::Result;
use crate::store::Store;
use crate::wire::EventKind;

/// How long it is kept after a run's end, in hours.
const KEPT: i64 = 30 * 24;

/// Removes what is kept no longer, of runs that came to an end of their own.
///
/// # Errors
/// When a run cannot be read, or something cannot be removed.
pub(super) fn clear(store: &Store, now: Timestamp) -> Result<()> {
    for dir in RunDir::all(store)? {
        let last = record::read(&dir.journal())?.pop();
        let is_over = last.is_some_and(|last| {
            let is_old = last.at < now - KEPT.hours();
            is_old
                && matches!(last.kind, EventKind::RunFinished { outcome, .. } if outcome.is_final())
        });
        if is_over && dir.runner()?.is_none() {
            for attempt in dir.attempts()? {
                attempt.forget_output()?;
            }
        }
    }
    Ok(())
}
