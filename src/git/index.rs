//! Index files beside the one in use: to try something, or to build a tree.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::command::Git;
use super::error::{GitError, Result};

/// An index file in a folder of its own, gone when dropped.
#[derive(Debug)]
pub(super) struct IndexCopy {
    path: PathBuf,
    _folder: TempDir,
}

impl IndexCopy {
    /// One with no entries.
    pub(super) fn empty() -> Result<Self> {
        let failed = |source| GitError::File {
            action: "make a folder in",
            path: std::env::temp_dir(),
            source,
        };
        let folder = tempfile::Builder::new()
            .prefix("tk-index-")
            .tempdir()
            .map_err(failed)?;
        let root = folder.path().canonicalize().map_err(failed)?;
        Ok(Self {
            path: root.join("index"),
            _folder: folder,
        })
    }

    /// A copy of the worktree's index, which may be absent.
    pub(super) fn of(worktree: &Git) -> Result<Self> {
        let copy = Self::empty()?;
        let index = worktree.index_path()?;
        match std::fs::copy(&index, &copy.path) {
            Ok(_) => keep_time(&index, &copy.path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => {
                return Err(GitError::File {
                    action: "copy",
                    path: index,
                    source,
                });
            }
        }
        Ok(copy)
    }

    /// The file, absolute.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Gives `copy` the modification time of `index`. Git takes a file for unchanged only if it is
/// older than the index; a newer copy would hide a change of the same size at the same moment.
pub(super) fn keep_time(index: &Path, copy: &Path) -> Result<()> {
    let time = std::fs::metadata(index).and_then(|found| found.modified());
    time.and_then(|time| File::options().write(true).open(copy)?.set_modified(time))
        .map_err(|source| GitError::File {
            action: "keep the time of",
            path: index.to_path_buf(),
            source,
        })
}

impl Git {
    /// The worktree's index file, which may be absent.
    pub(super) fn index_path(&self) -> Result<PathBuf> {
        let args = ["rev-parse", "--path-format=absolute", "--git-path", "index"];
        Ok(self.run(args)?.path())
    }
}
