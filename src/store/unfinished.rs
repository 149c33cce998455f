//! What writers that were killed have left: files with a part of what was to be written.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::durable::UNFINISHED;
use super::{Locked, Store, StoreError};

impl Store {
    /// The unfinished files there are now: left by killed writers, or of one that is at work.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn unfinished(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut found = Vec::new();
        for folder in [self.ticks_dir().to_owned(), self.claims_dir()] {
            found.extend(
                entries(&folder)?
                    .into_iter()
                    .filter(|path| is_unfinished(path)),
            );
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
        for path in self.unfinished()? {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
        Ok(())
    }

    /// Removes one of them, if it is there still.
    ///
    /// # Errors
    /// As [`Locked::sweep`].
    pub fn remove_unfinished(&self, path: &Path) -> Result<(), StoreError> {
        if self.unfinished()?.iter().any(|there| there == path) {
            fs::remove_file(path).map_err(StoreError::io("remove", path))?;
        }
        Ok(())
    }
}

/// Removes what killed writers have left in the folder and those in it, but for `spared` ones,
/// in which one may be at work.
///
/// # Errors
/// When a folder cannot be read, or something in it not removed.
pub fn sweep_below(folder: &Path, spared: &[&Path]) -> Result<(), StoreError> {
    for path in entries(folder)? {
        let failed = StoreError::io("remove", &path);
        if is_unfinished(&path) {
            fs::remove_file(&path).map_err(failed)?;
        } else if path.symlink_metadata().map_err(failed)?.is_dir()
            && !spared.contains(&path.as_path())
        {
            sweep_below(&path, spared)?;
        }
    }
    Ok(())
}

fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1)
}

/// What is in the folder, which may be absent.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = || StoreError::io("read", folder);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed()(error)),
    };
    entries
        .map(|entry| Ok(entry.map_err(failed())?.path()))
        .collect()
}
