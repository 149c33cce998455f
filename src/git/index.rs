//! Index files beside the one in use: to try something, or to build a tree.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::command::Git;
use super::error::{GitError, Result};
use super::id::TICKS;
use super::scratch::Scratch;
use super::tree::{Entries, Entry, split_tab};

/// An index file in a folder of its own, gone when dropped.
#[derive(Debug)]
pub(super) struct IndexCopy {
    path: PathBuf,
    _folder: Scratch,
}

impl IndexCopy {
    /// One with no entries.
    pub(super) fn empty() -> Result<Self> {
        let folder = Scratch::new()?;
        Ok(Self {
            path: folder.path().join("index"),
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

/// The user's index as it was, to be put back if what was tried did not work.
#[derive(Debug)]
pub(super) struct SavedIndex {
    path: PathBuf,
    /// None if there was no file.
    file: Option<(Vec<u8>, SystemTime)>,
    ticks: Entries,
}

impl SavedIndex {
    /// The index of that worktree.
    pub(super) fn of(worktree: &Git) -> Result<Self> {
        let path = worktree.index_path()?;
        let read = std::fs::metadata(&path)
            .and_then(|found| found.modified())
            .and_then(|time| Ok((std::fs::read(&path)?, time)));
        let file = match read {
            Ok(file) => Some(file),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => {
                let action = "read";
                return Err(GitError::File {
                    action,
                    path,
                    source,
                });
            }
        };
        let ticks = worktree.index_entries()?;
        Ok(Self { path, file, ticks })
    }

    /// Puts it back byte for byte if it still lists `edited`, which is what it was made;
    /// otherwise somebody else has staged something meanwhile, and only the ticket files'
    /// entries are put back.
    pub(super) fn put_back(self, worktree: &Git, edited: Option<&[u8]>) -> Result<()> {
        if let Some((bytes, time)) = &self.file
            && edited.is_some_and(|edited| worktree.index_listing().is_ok_and(|now| now == edited))
        {
            return self.replace(bytes, *time);
        }
        let edits = worktree.index_edits(&self.ticks)?;
        worktree.edit_index(&edits)
    }

    /// Writes the file the way git does: under its lock, in one step.
    fn replace(&self, bytes: &[u8], time: SystemTime) -> Result<()> {
        let failed = |source| GitError::File {
            action: "put back",
            path: self.path.clone(),
            source,
        };
        let lock = self.path.with_extension("lock");
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .open(&lock)
            .map_err(failed)?;
        file.write_all(bytes)
            .and_then(|()| file.set_modified(time))
            .and_then(|()| std::fs::rename(&lock, &self.path))
            .map_err(failed)
    }
}

impl Git {
    /// The index's merged entries below `.ticks/`, by path.
    pub(super) fn index_entries(&self) -> Result<Entries> {
        let answer = self.run(["ls-files", "-s", "-z", "--", TICKS])?;
        let malformed = || answer.unexpected("entries of the index");
        let mut entries = Entries::new();
        for line in answer.fields() {
            let (facts, path) = split_tab(line).ok_or_else(malformed)?;
            let facts: Vec<&str> = facts.split(' ').collect();
            let &[mode, object, stage] = &facts[..] else {
                return Err(malformed());
            };
            if stage == "0" {
                let (mode, object) = (mode.to_owned(), object.to_owned());
                entries.insert(path, Entry { mode, object });
            }
        }
        Ok(entries)
    }

    /// What to change in the index so that it has these entries below `.ticks/`, and only
    /// them, all merged.
    pub(super) fn index_edits(&self, wanted: &Entries) -> Result<Vec<(Vec<u8>, Option<Entry>)>> {
        let there = self.index_entries()?;
        let mut edits: Vec<(Vec<u8>, Option<Entry>)> = Vec::new();
        for path in self.paths(&["ls-files", "-z", "--deduplicate", "--", TICKS])? {
            if !wanted.contains_key(&path) {
                edits.push((path, None));
            }
        }
        for (path, entry) in wanted {
            if there.get(path) != Some(entry) {
                edits.push((path.clone(), Some(entry.clone())));
            }
        }
        Ok(edits)
    }

    /// Everything the index says but what it remembers of the files' times.
    pub(super) fn index_listing(&self) -> Result<Vec<u8>> {
        Ok(self.run(["ls-files", "-s", "-v", "-z"])?.stdout)
    }

    /// The paths in the index.
    pub(super) fn index_paths(&self) -> Result<BTreeSet<Vec<u8>>> {
        Ok(self.paths(&["ls-files", "-z"])?.into_iter().collect())
    }

    /// The worktree's index file, which may be absent.
    pub(super) fn index_path(&self) -> Result<PathBuf> {
        self.git_path("index")
    }

    /// The file or folder of that name in the repository, absolute, which may be absent.
    pub(super) fn git_path(&self, name: &str) -> Result<PathBuf> {
        let args = ["rev-parse", "--path-format=absolute", "--git-path", name];
        Ok(self.run(args)?.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_put_back_byte_for_byte_or_without_what_others_staged() {
        let dir = tempfile::tempdir().unwrap();
        let git = Git::new(dir.path());
        let write = |path: &str| std::fs::write(dir.path().join(path), path).unwrap();
        git.run(["init", "-q"]).unwrap();
        std::fs::create_dir(dir.path().join(TICKS)).unwrap();
        for path in ["a", "b", ".ticks/k7m.toml"] {
            write(path);
        }
        git.run(["add", "a", TICKS]).unwrap();
        let bytes = || std::fs::read(dir.path().join(".git/index")).unwrap();
        let (before, listed) = (bytes(), git.index_listing().unwrap());
        let blob = git.store_blob(b"landed").unwrap();
        let entry = |path: &str| {
            let (mode, object) = ("100644".to_owned(), blob.clone());
            (path.as_bytes().to_vec(), Some(Entry { mode, object }))
        };
        let edits = [entry(".ticks/k7m.toml"), entry(".ticks/new.toml")];

        let saved = SavedIndex::of(&git).unwrap();
        git.edit_index(&edits).unwrap();
        let edited = git.index_listing().unwrap();
        assert_ne!(edited, listed);
        saved.put_back(&git, Some(&edited)).unwrap();
        assert_eq!(bytes(), before);

        let saved = SavedIndex::of(&git).unwrap();
        git.edit_index(&edits).unwrap();
        git.run(["add", "b"]).unwrap();
        saved.put_back(&git, Some(&edited)).unwrap();
        git.run(["rm", "-q", "--cached", "b"]).unwrap();
        assert_eq!(git.index_listing().unwrap(), listed);
    }
}
