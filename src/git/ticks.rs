//! `.ticks/` in a worktree that a run owns: putting it back to what a commit says.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::command::Git;
use super::error::{GitError, Result};
use super::id::{CommitId, TICKS};
use super::tree::Entries;

impl Git {
    /// Puts `.ticks/` in index and working tree back to what the commit has there, untracked
    /// files included; ignored ones stay.
    pub(super) fn restore_ticks(&self, commit: CommitId) -> Result<()> {
        let wanted = self.ticks_of(commit)?;
        self.edit_index(&self.index_edits(&wanted)?)?;
        for path in self.paths(&["ls-files", "-o", "-z", "--exclude-standard", "--", TICKS])? {
            remove_file(self.dir(), &path)?;
        }
        self.make_folders_real(&wanted)?;
        let mut stale = Vec::new();
        for path in self.paths(&["diff-files", "--name-only", "-z", "--", TICKS])? {
            stale.extend_from_slice(&path);
            stale.push(0);
        }
        if !stale.is_empty() {
            self.call(["checkout-index", "--force", "-z", "--stdin"])
                .stdin(stale)
                .run()?;
        }
        Ok(())
    }

    /// Removes what stands where a folder of these entries must be, such as a symbolic link.
    fn make_folders_real(&self, wanted: &Entries) -> Result<()> {
        for path in wanted.keys() {
            let mut at = PathBuf::new();
            let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
            for part in &parts[..parts.len() - 1] {
                at.push(OsStr::from_bytes(part));
                let full = self.dir().join(&at);
                if full.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
                    std::fs::remove_file(&full).map_err(|source| GitError::File {
                        action: "remove",
                        path: full.clone(),
                        source,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The paths that git answers with, each ended by a NUL.
    pub(super) fn paths(&self, args: &[&str]) -> Result<Vec<Vec<u8>>> {
        let answer = self.run(args)?;
        Ok(answer.fields().map(<[u8]>::to_vec).collect())
    }
}

/// Removes a file or symbolic link of the worktree if it is there. It is not looked for
/// through symbolic links, which may lead out of the worktree.
fn remove_file(root: &Path, path: &[u8]) -> Result<()> {
    let relative = Path::new(OsStr::from_bytes(path));
    if !parents_are_real(root, relative) {
        return Ok(());
    }
    let full = root.join(relative);
    match std::fs::remove_file(&full) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        // Git names a repository in the working tree by its folder; it is not ours to remove.
        Err(error) if error.kind() == ErrorKind::IsADirectory => Ok(()),
        other => other.map_err(|source| GitError::File {
            action: "remove",
            path: full,
            source,
        }),
    }
}

/// Whether every folder on the way from `root` to `relative` that is there is a folder, not a
/// symbolic link.
pub(super) fn parents_are_real(root: &Path, relative: &Path) -> bool {
    let Some(parent) = relative.parent() else {
        return false;
    };
    let mut at = root.to_path_buf();
    for part in parent.components() {
        if !matches!(part, std::path::Component::Normal(_)) {
            return false;
        }
        at.push(part);
        if at.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            return false;
        }
    }
    true
}
