//! `.worktreeinclude`: the ignored files, such as `.env`, that a new worktree gets a copy of.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::error::{GitError, Result};
use super::merge::shown;
use super::ticks::parents_are_real;
use super::worktree::Worktrees;

/// The file with the patterns, at the top of the main working tree, in gitignore's syntax.
const FILE: &str = ".worktreeinclude";

impl Worktrees {
    /// Copies into the worktree the files of the main working tree that git ignores and
    /// `.worktreeinclude` names, where it has no such file yet; what was copied.
    ///
    /// Symbolic links are copied as such. The file system shares the bytes where it can.
    ///
    /// # Errors
    /// When git fails, or a file cannot be copied.
    pub fn include(&self, worktree: &Path) -> Result<Vec<String>> {
        let main = self.git.dir();
        let patterns = main.join(FILE);
        if !patterns.is_file() {
            return Ok(Vec::new());
        }
        let mut from = std::ffi::OsString::from("--exclude-from=");
        from.push(&patterns);
        let named = self
            .git
            .call(["ls-files", "--others", "--ignored", "-z"])
            .arg(from)
            .run()?;
        if named.stdout.is_empty() {
            return Ok(Vec::new());
        }
        let ignored = self
            .git
            .call(["check-ignore", "-z", "--stdin"])
            .stdin(named.stdout)
            .run_allowing(&[0, 1])?;
        let mut copied = Vec::new();
        for path in ignored.fields() {
            let relative = Path::new(OsStr::from_bytes(path));
            if copy(main, worktree, relative)? {
                copied.push(shown(path));
            }
        }
        Ok(copied)
    }
}

/// Copies one file, unless something is there, or the way there leads out of the worktree.
fn copy(main: &Path, worktree: &Path, relative: &Path) -> Result<bool> {
    let (from, to) = (main.join(relative), worktree.join(relative));
    let failed = |source| GitError::File {
        action: "copy into the worktree",
        path: from.clone(),
        source,
    };
    let ticks = relative.starts_with(super::TICKS);
    if ticks || !parents_are_real(worktree, relative) || to.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let kind = match from.symlink_metadata() {
        Ok(found) => found.file_type(),
        // Gone since it was listed.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    if !kind.is_file() && !kind.is_symlink() {
        return Ok(false);
    }
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    if kind.is_symlink() {
        let target = std::fs::read_link(&from).map_err(failed)?;
        std::os::unix::fs::symlink(target, &to).map_err(failed)?;
    } else {
        std::fs::copy(&from, &to).map_err(failed)?;
    }
    Ok(true)
}
