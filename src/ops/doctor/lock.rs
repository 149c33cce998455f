//! The lock that every change takes.

use super::Exam;
use super::found::Found;
use crate::ops::Error;
use crate::wire::{FindingKind, Severity};

/// What is in the lock's place, if it cannot be taken for that.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Option<Found<'a>> {
    let store = &exam.project.store;
    let message = Error::from(store.lock_obstacle()?).message;
    let message = format!("no command can change anything: {message}");
    let found = Found::new(FindingKind::UnusableLock, Severity::Error, message);
    let hint = "take away what is there, which is not of `tk`; the file is made again";
    Some(found.path(exam.shown(&store.lock_path())).hint(hint))
}
