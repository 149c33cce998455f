//! The lock that every change takes, and folders that are none.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Exam;
use super::found::Found;
use crate::model::shell_word;
use crate::ops::Error;
use crate::ops::causes::remedy;
use crate::store::StoreError;
use crate::wire::{FindingKind, Severity};

/// What is in the lock's place, if it cannot be taken for that.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Option<Found<'a>> {
    let store = &exam.project.store;
    let lock = store.lock_path();
    if store.obstacles().iter().any(|it| lock.starts_with(it)) {
        return None;
    }
    let message = Error::from(store.lock_obstacle()?).message;
    let message = format!("no command can change anything: {message}");
    let found = Found::new(FindingKind::UnusableLock, Severity::Error, message);
    let hint = "take away what is there, which is not of `tk`; the file is made again";
    Some(found.path(exam.shown(&lock)).hint(hint))
}

/// What every change needs to write to and this user may not.
pub(super) fn unwritable<'a>(exam: &Exam<'a>) -> Vec<Found<'a>> {
    let store = &exam.project.store;
    let found = store.unwritable().into_iter().filter_map(|error| {
        let StoreError::Io { path, source, .. } = error else {
            return None;
        };
        let kind = match path == store.lock_path() {
            true => FindingKind::UnusableLock,
            false => FindingKind::UnusableFolder,
        };
        let message = format!("no command can change anything: it cannot be written to: {source}");
        let shown = exam.shown(&path);
        let hint = match remedy(&source) {
            Some(remedy) => remedy.to_owned(),
            None => format!(
                "let yourself write to it, as `chmod u+rwX {}` does for its owner",
                shell_word(&shown)
            ),
        };
        Some(
            Found::new(kind, Severity::Error, message)
                .path(shown)
                .hint(hint),
        )
    });
    found.collect()
}

/// What was read of a folder; nothing, where something else is in its place, which is then among
/// the obstacles.
pub(super) fn unless_obstructed<T: Default>(
    read: Result<T, StoreError>,
    obstacles: &mut BTreeSet<PathBuf>,
) -> Result<T, StoreError> {
    match read {
        Err(StoreError::Io { path, source, .. }) if source.kind() == ErrorKind::NotADirectory => {
            if !obstacles.iter().any(|it| path.starts_with(it)) {
                obstacles.insert(path);
            }
            Ok(T::default())
        }
        read => read,
    }
}

/// The finding that something is where a folder should be.
pub(super) fn obstacle<'a>(exam: &Exam<'a>, path: &Path) -> Found<'a> {
    let message = "it is no folder, so that nothing can be put into it";
    let found = Found::new(FindingKind::UnusableFolder, Severity::Error, message);
    let hint = "take away what is there, which is not of `tk`; the folder is made again";
    found.path(exam.shown(path)).hint(hint)
}
