//! Folders for what git needs for a moment and nobody should find later.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::error::{GitError, Result};

/// How they begin.
const PREFIX: &str = "tk-git-";

/// How old one is that a killed process has left. A younger one may not be locked yet by who
/// is making it.
const LEFT: Duration = Duration::from_secs(600);

/// A folder among the temporary files, gone when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    /// Locked, so that one whose process was killed is known for what it is.
    _owned: File,
    _folder: TempDir,
}

impl Scratch {
    /// An empty one.
    pub(super) fn new() -> Result<Self> {
        let failed = |source| GitError::File {
            action: "make a folder in",
            path: std::env::temp_dir(),
            source,
        };
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .map_err(failed)?;
        let path = folder.path().canonicalize().map_err(failed)?;
        let owned = File::open(&path).and_then(|it| it.lock().map(|()| it));
        Ok(Self {
            path,
            _owned: owned.map_err(failed)?,
            _folder: folder,
        })
    }

    /// The folder, absolute.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes the folders that killed processes have left among the temporary files.
pub fn sweep_scratch() {
    let entries = std::fs::read_dir(std::env::temp_dir());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_one = name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
        let age = |file: &File| {
            file.metadata()
                .and_then(|of| of.modified())
                .ok()?
                .elapsed()
                .ok()
        };
        // Another user's, or one that goes at this moment: not ours to remove.
        let free = is_one
            && File::open(entry.path())
                .is_ok_and(|it| age(&it).is_some_and(|age| age >= LEFT) && it.try_lock().is_ok());
        if free {
            let _theirs = std::fs::remove_dir_all(entry.path());
        }
    }
}
