//! What writers that were killed have left: files with a part of what was to be written.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io::{self, ErrorKind};
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
        let (ticks, local) = (self.ticks_dir(), self.local_dir());
        // `.gitattributes` is written beside the folder of the tickets.
        let beside = ticks.parent().into_iter();
        for folder in beside.chain([ticks, local, &self.claims_dir()]) {
            found.extend(files(folder)?);
        }
        found.sort();
        Ok(found)
    }
}

impl Locked<'_> {
    /// Removes what writers of tickets and claims that were killed have left; with the lock held,
    /// none is at work.
    ///
    /// # Errors
    /// When a folder cannot be read, or something in it not removed.
    pub fn sweep(&self) -> Result<(), StoreError> {
        remove(files(self.ticks_dir())?)?;
        remove(files(&self.claims_dir())?)
    }

    /// The same, where `index` has told under this lock what is among the tickets.
    ///
    /// # Errors
    /// As [`Locked::sweep`].
    pub fn sweep_seen(&self, index: &Index) -> Result<(), StoreError> {
        let among = index.unfinished.iter();
        remove(among.map(|name| self.ticks_dir().join(name)))?;
        remove(files(&self.claims_dir())?)
    }

    /// Removes those of them that are there still.
    ///
    /// # Errors
    /// As [`Locked::sweep`].
    pub fn remove_unfinished(&self, paths: &[PathBuf]) -> Result<(), StoreError> {
        let still: BTreeSet<PathBuf> = self.unfinished()?.into_iter().collect();
        remove(paths.iter().filter(|path| still.contains(*path)))
    }
}

/// Removes what killed writers have left in the folder and those in it, but for `spared` ones,
/// in which one may be at work.
///
/// # Errors
/// When a folder cannot be read, or something in it not removed.
pub fn sweep_below(folder: &Path, spared: &[&Path]) -> Result<(), StoreError> {
    for entry in entries(folder)? {
        let (path, is_folder) = entry?;
        match is_folder {
            true if spared.contains(&path.as_path()) => {}
            true => sweep_below(&path, spared)?,
            false if path.file_name().is_some_and(is_unfinished) => remove([path])?,
            false => {}
        }
    }
    Ok(())
}

fn remove(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<(), StoreError> {
    for path in paths {
        let path = path.as_ref();
        fs::remove_file(path).map_err(StoreError::io("remove", path))?;
    }
    Ok(())
}

pub(super) fn is_unfinished(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(UNFINISHED.0.as_bytes()) && name.ends_with(UNFINISHED.1.as_bytes())
}

/// The unfinished files in the folder, which may be absent. No writer leaves a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut files = Vec::new();
    for entry in entries(folder)? {
        let (path, is_folder) = entry?;
        if !is_folder && path.file_name().is_some_and(is_unfinished) {
            files.push(path);
        }
    }
    Ok(files)
}

/// What is in the folder, which may be absent, and whether it is a folder.
fn entries(
    folder: &Path,
) -> Result<impl Iterator<Item = Result<(PathBuf, bool), StoreError>>, StoreError> {
    let failed = move || StoreError::io("read", folder);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(failed()(error)),
    };
    let told = move |entry: io::Result<DirEntry>| {
        let entry = entry.map_err(failed())?;
        let kind = entry.file_type().map_err(failed())?;
        Ok((entry.path(), kind.is_dir()))
    };
    Ok(entries.into_iter().flatten().map(told))
}
