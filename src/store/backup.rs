//! Copies of files that are about to be changed or removed, in a folder of their own:
//! `<git-common-dir>/tk/backup/<time>/`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;

use super::durable::sync_folder;
use super::{Store, StoreError};

/// The folder of the copies that one command makes; there once there is one.
#[derive(Debug)]
pub struct Backup {
    folder: PathBuf,
    /// The copies that may not be on the disk yet.
    fresh: RefCell<Vec<PathBuf>>,
    is_used: Cell<bool>,
}

impl Store {
    /// Where a command that begins at that time puts its copies.
    #[must_use]
    pub fn backup(&self, at: Timestamp) -> Backup {
        let time = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        Backup {
            folder: self.backups_dir().join(time),
            fresh: RefCell::default(),
            is_used: Cell::new(false),
        }
    }

    /// The folder of those of all commands.
    pub(super) fn backups_dir(&self) -> PathBuf {
        self.local_dir().join("backup")
    }
}

impl Backup {
    /// The folder, if anything was copied to it.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.is_used.get().then_some(&self.folder)
    }

    /// Copies the file, if there is one, to that name in the folder. What is no regular file has
    /// no copy; one that is there already is not overwritten, the new one gets a number. It is
    /// certain to be on the disk only after [`Backup::sync`].
    ///
    /// # Errors
    /// When it cannot be copied, or the name leads out of the folder.
    pub fn keep(&self, path: &Path, name: &Path) -> Result<(), StoreError> {
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::io("read", path)(error)),
        }
        self.copy(path, name)
            .map_err(StoreError::io("copy", path))?;
        self.is_used.set(true);
        Ok(())
    }

    /// Takes away what is there. A regular file is removed: of it [`Backup::keep`] has made a copy.
    /// Anything else, such as a folder with all that is in it, is moved to that name in the folder.
    ///
    /// # Errors
    /// When it cannot be removed or moved, or the name leads out of the folder.
    pub fn take(&self, path: &Path, name: &Path) -> Result<(), StoreError> {
        let is_file = path.symlink_metadata();
        let is_file = is_file.map_err(StoreError::io("read", path))?.is_file();
        if is_file {
            return fs::remove_file(path).map_err(StoreError::io("remove", path));
        }
        let moved = self.place(name).and_then(|(place, folder)| {
            fs::rename(path, place)?;
            sync_folder(&folder)
        });
        moved.map_err(StoreError::io("move", path))?;
        self.is_used.set(true);
        Ok(())
    }

    fn copy(&self, path: &Path, name: &Path) -> io::Result<()> {
        let (copy, _) = self.place(name)?;
        // With the permissions of the original: a copy tells nobody more.
        fs::copy(path, &copy)?;
        self.fresh.borrow_mut().push(copy);
        Ok(())
    }

    /// Where something of that name is put, where nothing is yet, and the folder of that.
    fn place(&self, name: &Path) -> io::Result<(PathBuf, PathBuf)> {
        if !name
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(io::Error::other("its copy has no place in the backup"));
        }
        let mut copy = self.folder.join(name);
        let folder = copy.parent().unwrap_or(&self.folder).to_owned();
        fs::create_dir_all(&folder)?;
        let mut number = 1;
        while copy.symlink_metadata().is_ok() {
            number += 1;
            let mut numbered = name.as_os_str().to_owned();
            numbered.push(format!(".{number}"));
            copy = self.folder.join(numbered);
        }
        Ok((copy, folder))
    }

    /// Waits until every copy is on the disk.
    ///
    /// # Errors
    /// When it cannot be made sure of.
    pub fn sync(&self) -> Result<(), StoreError> {
        let copies = self.fresh.take();
        for copy in &copies {
            let synced = File::open(copy).and_then(|copy| copy.sync_all());
            synced.map_err(StoreError::io("write", copy))?;
        }
        let folders: BTreeSet<&Path> = copies.iter().filter_map(|copy| copy.parent()).collect();
        for folder in folders {
            sync_folder(folder).map_err(StoreError::io("write", folder))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_never_overwritten_and_never_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path().join("t"), root.path().join("tk"));
        let at = "2026-11-20T08:38:50Z".parse().unwrap();
        let file = root.path().join("file");
        let backup = store.backup(at);
        backup.keep(&file, Path::new("a/b")).unwrap();
        assert_eq!(backup.folder(), None);
        for text in ["one", "two"] {
            fs::write(&file, text).unwrap();
            store.backup(at).keep(&file, Path::new("a/b")).unwrap();
        }
        backup.keep(root.path(), Path::new("folder")).unwrap();
        assert_eq!(backup.folder(), None);
        for name in ["../x", "/x", "a/../../x"] {
            backup.keep(&file, Path::new(name)).unwrap_err();
        }
        let folder = root.path().join("tk/backup/20261120T083850Z");
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((read("a/b"), read("a/b.2")), ("one".into(), "two".into()));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}
