//! Ignored files of a worktree that are worth keeping: few, small, and not copies of the
//! user's own. What is many or large was built, and can be built again.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::command::Git;
use super::error::Result;

/// How many of them, and how many bytes together, are kept at most.
const MOST_FILES: usize = 1_000;
const MOST_BYTES: u64 = 16 << 20;

/// The ignored files of a worktree.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    /// Those that are to be kept.
    pub(super) files: Vec<Vec<u8>>,
    /// Files and folders that are too large.
    pub(super) left: Vec<Vec<u8>>,
    /// Repositories of their own, which cannot be part of another's tree.
    pub(super) repositories: Vec<Vec<u8>>,
    bytes: u64,
}

impl Ignored {
    /// Those of the worktree of `git` that are not the same in `beside`.
    ///
    /// # Errors
    /// When git fails.
    pub(super) fn of(git: &Git, beside: &Path) -> Result<Self> {
        let listed = [
            "ls-files",
            "-o",
            "-i",
            "-z",
            "--exclude-standard",
            "--directory",
        ];
        let mut found = Self::default();
        let mut entries = git.paths(&listed)?;
        // Single files are likelier to be somebody's than whole folders.
        entries.sort_by_key(|path| path.ends_with(b"/"));
        for entry in entries {
            let mut part = Self {
                bytes: found.bytes,
                ..Self::default()
            };
            let path = entry.strip_suffix(b"/").unwrap_or(&entry);
            let fits = part.take(git.dir(), beside, path, found.files.len());
            found.repositories.append(&mut part.repositories);
            if fits {
                found.bytes = part.bytes;
                found.files.append(&mut part.files);
            } else {
                found.left.push(entry);
            }
        }
        Ok(found)
    }

    /// Takes the file, or all files below the folder; false when that is too much.
    fn take(&mut self, root: &Path, beside: &Path, path: &[u8], others: usize) -> bool {
        let relative = Path::new(OsStr::from_bytes(path));
        let full = root.join(relative);
        let Ok(found) = full.symlink_metadata() else {
            return true;
        };
        if found.is_dir() {
            if full.join(".git").symlink_metadata().is_ok() {
                self.repositories.push(path.to_vec());
                return true;
            }
            let Ok(entries) = std::fs::read_dir(&full) else {
                return false;
            };
            return entries.flatten().all(|entry| {
                let below = [path, b"/", entry.file_name().as_bytes()].concat();
                self.take(root, beside, &below, others)
            });
        }
        let is_kind = found.is_file() || found.is_symlink();
        if !is_kind || same(&full, &beside.join(relative), found.len()) {
            return true;
        }
        self.bytes += found.len();
        self.files.push(path.to_vec());
        self.bytes <= MOST_BYTES && others + self.files.len() <= MOST_FILES
    }
}

/// Whether both are files, or links, of the same content.
fn same(one: &Path, other: &Path, size: u64) -> bool {
    let Ok(found) = other.symlink_metadata() else {
        return false;
    };
    if found.is_symlink() {
        let (one, other) = (std::fs::read_link(one), std::fs::read_link(other));
        return one.is_ok_and(|one| other.is_ok_and(|other| one == other));
    }
    let small = found.is_file() && found.len() == size && size <= MOST_BYTES;
    let (one, other) = (|| std::fs::read(one), || std::fs::read(other));
    small && one().is_ok_and(|one| other().is_ok_and(|other| one == other))
}
