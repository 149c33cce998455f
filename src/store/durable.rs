//! Writes that are whole or not there, also after a power failure.

use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, IntoInnerError, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use tempfile::{NamedTempFile, TempPath};

use super::StoreError;

/// How many files are written at a time, and how many make a part of that.
const AT_A_TIME: usize = 8;
const FEW: usize = 8;

/// How unfinished files are named; nothing that reads the store looks at such names.
pub(super) const UNFINISHED: (&str, &str) = (".tk-", ".tmp");

/// The names of unfinished files, as git's patterns have them.
#[must_use]
pub fn unfinished_names() -> String {
    format!("{}*{}", UNFINISHED.0, UNFINISHED.1)
}

/// Replaces the file by one that holds `bytes`. A reader sees the old file or the new one,
/// and so does the next boot. An existing file's permissions are kept.
///
/// # Errors
/// When the file cannot be written; then the old one is still there.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_beside(path, bytes)?.persist(path)?;
    sync_folder(folder_of(path)?)
}

/// A file's new content while it is written, in place of the old one once it is whole: as
/// [`write_atomic`], piece by piece. Until then it has no name, so that nothing of it is left where
/// the process is stopped.
#[derive(Debug)]
pub struct AtomicFile<'p> {
    file: BufWriter<File>,
    path: &'p Path,
}

impl<'p> AtomicFile<'p> {
    /// Begins to write in the file's folder.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn begin(path: &'p Path) -> io::Result<Self> {
        let folder = folder_of(path)?;
        // Opened before, since the crate's own error would name a file that nobody knows.
        File::open(folder)?;
        let file = BufWriter::new(tempfile::tempfile_in(folder)?);
        Ok(Self { file, path })
    }

    /// Puts it in the file's place, whose permissions it gets, to stay there.
    ///
    /// # Errors
    /// When it cannot be written; then the old file is still there.
    pub fn put(self) -> io::Result<()> {
        let Self { file, path } = self;
        let mut file = file.into_inner().map_err(IntoInnerError::into_error)?;
        file.rewind()?;
        let folder = folder_of(path)?;
        let named = unfinished(folder, &[], permissions_of(path)?)?;
        io::copy(&mut file, &mut named.as_file())?;
        named.as_file().sync_all()?;
        let unfinished = named.into_temp_path();
        unfinished.persist(path)?;
        sync_folder(folder)
    }
}

impl Write for AtomicFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Replaces the file as [`write_atomic`] does, without waiting for the disk: who reads it sees the
/// old file or the new one, but after a power failure it may be either, or empty, or not there.
/// For what may be lost then.
///
/// # Errors
/// When the file cannot be written; then the old one is still there.
pub(super) fn write_unsynchronised(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = unfinished(folder_of(path)?, bytes, permissions_of(path)?)?;
    unfinished.into_temp_path().persist(path)?;
    Ok(())
}

/// Replaces the files by the texts, as [`write_atomic`] does one, several at a time.
/// Where one cannot be written, none is replaced.
///
/// # Errors
/// When a file cannot be written, or replaced.
pub fn write_all(files: &[(PathBuf, &str)]) -> Result<(), StoreError> {
    for replacement in Replacement::prepare_all(files)? {
        replacement.put()?;
    }
    let folders: BTreeSet<&Path> = files.iter().filter_map(|(path, _)| path.parent()).collect();
    for folder in folders {
        sync_folder(folder).map_err(StoreError::io("write", folder))?;
    }
    Ok(())
}

/// A file's new content, on the disk beside it: what can fail for want of space has been done.
/// It holds no file open, so that there may be many. Dropped, it goes away.
#[derive(Debug)]
pub(super) struct Replacement {
    unfinished: TempPath,
    pub(super) path: PathBuf,
}

impl Replacement {
    /// Writes each text beside its file, whose permissions it gets; in their order, and several at
    /// a time where there are many, since it is the disk that is waited for.
    ///
    /// # Errors
    /// The first of theirs; then nothing of any is left.
    pub(super) fn prepare_all(
        files: &[(PathBuf, impl AsRef<str> + Sync)],
    ) -> Result<Vec<Self>, StoreError> {
        let part = |files: &[(PathBuf, _)]| files.iter().map(Self::prepare).collect::<Vec<_>>();
        if files.len() <= FEW {
            return part(files).into_iter().collect();
        }
        let pieces = files.chunks(files.len().div_ceil(AT_A_TIME).max(FEW));
        let prepared = thread::scope(|scope| {
            let threads: Vec<_> = pieces
                .map(|files| scope.spawn(move || part(files)))
                .collect();
            let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
            ended.collect::<Vec<_>>()
        });
        let prepared = prepared.into_iter().flat_map(|part| match part {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        prepared.collect()
    }

    fn prepare((path, text): &(PathBuf, impl AsRef<str>)) -> Result<Self, StoreError> {
        let unfinished = write_beside(path, text.as_ref().as_bytes());
        Ok(Self {
            unfinished: unfinished.map_err(StoreError::io("write", path))?,
            path: path.clone(),
        })
    }

    /// Puts it in the file's place; that lasts once the folder has been synchronised.
    ///
    /// # Errors
    /// When it cannot be put there.
    pub(super) fn put(self) -> Result<(), StoreError> {
        let put = self.unfinished.persist(&self.path);
        put.map_err(|error| StoreError::io("write", &self.path)(error.error))
    }

    /// Puts it where no file is; `false` where there is one.
    ///
    /// # Errors
    /// When it cannot be put there.
    pub(super) fn put_new(self) -> Result<bool, StoreError> {
        let put = persist_new(self.unfinished, &self.path);
        put.map_err(StoreError::io("write", &self.path))
    }
}

/// Puts the unfinished file where none is; `false` where there is one.
fn persist_new(unfinished: TempPath, path: &Path) -> io::Result<bool> {
    match unfinished.persist_noclobber(path) {
        Ok(()) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// Makes the file with `bytes` in it, unless there is something of that name: then nothing
/// happens and the answer is `false`. A reader never sees a part of it.
///
/// # Errors
/// When the file cannot be written.
pub fn create_exclusive(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let folder = folder_of(path)?;
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let unfinished = write_unfinished(folder, bytes, None)?;
    let created = persist_new(unfinished, path)?;
    if created {
        sync_folder(folder)?;
    }
    Ok(created)
}

/// Makes a removal, a rename or a creation in the folder last.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn unfinished(
    folder: &Path,
    bytes: &[u8],
    permissions: Option<Permissions>,
) -> io::Result<NamedTempFile> {
    // Opened here, since errors of the crate's own way name the unfinished file, which means
    // nothing to anybody.
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED.0)
        .suffix(UNFINISHED.1)
        // Less what the process's mask takes away, as for any file a program makes.
        .make_in(folder, |path| options.clone().mode(0o666).open(path))?;
    file.as_file_mut().write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    Ok(file)
}

/// Writes an unfinished file beside that one, whose permissions it gets.
fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<TempPath> {
    let permissions = permissions_of(path)?;
    write_unfinished(folder_of(path)?, bytes, permissions)
}

/// Writes an unfinished file into the folder, and waits until its content is there to stay.
fn write_unfinished(
    folder: &Path,
    bytes: &[u8],
    permissions: Option<Permissions>,
) -> io::Result<TempPath> {
    let file = unfinished(folder, bytes, permissions)?;
    file.as_file().sync_all()?;
    Ok(file.into_temp_path())
}

/// The permissions of the regular file there, if there is one.
fn permissions_of(path: &Path) -> io::Result<Option<Permissions>> {
    match path.symlink_metadata() {
        Ok(old) if old.is_file() => Ok(Some(old.permissions())),
        Ok(_) => Err(io::Error::other("it is not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .ok_or_else(|| io::Error::other("it names no folder"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn replaces_and_keeps_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic(&path, b"one").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_unsynchronised(&path, b"between").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"between");
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn never_follows_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "kept").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(write_atomic(&link, b"new").is_err());
        assert!(write_unsynchronised(&link, b"new").is_err());
        assert!(!create_exclusive(&link, b"new").unwrap());
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
    }

    #[test]
    fn one_of_many_creators_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let winners: usize = thread::scope(|scope| {
            let create = |n: u8| {
                let path = &path;
                scope.spawn(move || usize::from(create_exclusive(path, &[n; 10_000]).unwrap()))
            };
            let threads: Vec<_> = (0..16).map(create).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(winners, 1);
        assert_eq!(fs::read(&path).unwrap().len(), 10_000);
    }
}
