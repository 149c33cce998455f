//! What workers and checks of runs have written that are over for long: nobody looks at it any
//! more, and it takes room. What the runs did is told by their journals, which stay.

use jiff::{Timestamp, ToSpan};

use super::attempt::AttemptDir;
use super::folder::{RunDir, RunInfo};
use super::record;
use crate::ops::Result;
use crate::store::Store;
use crate::wire::EventKind;

/// How long it is kept after a run's end, in hours.
const KEPT: i64 = 30 * 24;

/// Removes what is kept no longer, of runs that came to an end of their own. One that cannot be read
/// is left as it is.
///
/// # Errors
/// When a journal cannot be read, or something cannot be removed.
pub(super) fn clear(store: &Store, now: Timestamp) -> Result<()> {
    let since = now - KEPT.hours();
    for dir in RunDir::all(store)? {
        // A journal may be long: it is read only of a run that is old enough and has something left.
        let is_new = |info: RunInfo| info.started_at >= since;
        let Ok(Some(false)) = dir.info().map(|info| info.map(is_new)) else {
            continue;
        };
        let mut attempts = dir.attempts()?;
        attempts.retain(AttemptDir::has_output);
        if attempts.is_empty() {
            continue;
        }
        let last = record::read(&dir.journal())?.pop();
        let is_over = last.is_some_and(|last| {
            last.at < since
                && matches!(last.kind, EventKind::RunFinished { outcome, .. } if outcome.is_final())
        });
        if is_over && dir.runner()?.is_none() {
            for attempt in attempts {
                attempt.forget_output()?;
            }
        }
    }
    Ok(())
}
