//! What writers that were killed have left: files with a part of what was to be written.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::durable::UNFINISHED;
use super::{Index, Locked, Store, StoreError};

impl Store {
    /// The unfinished files there are now: left by killed writers, or of one that is at work.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn unfinished(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut found = Vec::new();
        for folder in [self.ticks_dir().to_owned(), self.claims_dir()] {
            found.extend(entries(&folder, is_unfinished)?);
        }
        found.sort();
        Ok(found)
    }
}

impl Locked<'_> {
    /// Removes what writers that were killed have left; with the lock held, none is at work.
    ///
    /// # Errors
    /// When a folder cannot be read, or something in it not removed.
    pub fn sweep(&self) -> Result<(), StoreError> {
        remove(self.unfinished()?)
    }

    /// The same, where `index` has told under this lock what is among the tickets.
    ///
    /// # Errors
    /// As [`Locked::sweep`].
    pub fn sweep_seen(&self, index: &Index) -> Result<(), StoreError> {
        let among = index.unfinished.iter();
        remove(among.map(|name| self.ticks_dir().join(name)))?;
        remove(entries(&self.claims_dir(), is_unfinished)?)
    }

    /// Removes one of them, if it is there still.
    ///
    /// # Errors
    /// As [`Locked::sweep`].
    pub fn remove_unfinished(&self, path: &Path) -> Result<(), StoreError> {
        let folders = [self.ticks_dir().to_owned(), self.claims_dir()];
        let is_among = folders.iter().any(|folder| path.parent() == Some(folder));
        if !is_among || !path.file_name().is_some_and(is_unfinished) {
            return Ok(());
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(StoreError::io("remove", path)),
        }
    }
}

/// Removes what killed writers have left in the folder and those in it, but for `spared` ones,
/// in which one may be at work.
///
/// # Errors
/// When a folder cannot be read, or something in it not removed.
pub fn sweep_below(folder: &Path, spared: &[&Path]) -> Result<(), StoreError> {
    for path in entries(folder, |_| true)? {
        let failed = StoreError::io("remove", &path);
        if path.file_name().is_some_and(is_unfinished) {
            fs::remove_file(&path).map_err(failed)?;
        } else if path.symlink_metadata().map_err(failed)?.is_dir()
            && !spared.contains(&path.as_path())
        {
            sweep_below(&path, spared)?;
        }
    }
    Ok(())
}

fn remove(paths: impl IntoIterator<Item = PathBuf>) -> Result<(), StoreError> {
    for path in paths {
        fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
    }
    Ok(())
}

pub(super) fn is_unfinished(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(UNFINISHED.0.as_bytes()) && name.ends_with(UNFINISHED.1.as_bytes())
}

/// What is in the folder, which may be absent, under names that are wanted.
fn entries(folder: &Path, wanted: impl Fn(&OsStr) -> bool) -> Result<Vec<PathBuf>, StoreError> {
    let failed = || StoreError::io("read", folder);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed()(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed())?.file_name();
        if wanted(&name) {
            paths.push(folder.join(name));
        }
    }
    Ok(paths)
}
