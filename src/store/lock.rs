//! The store's lock: one writer at a time, over all processes of the clone.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::StoreError;

/// How long a second process waits, unless told otherwise.
pub(super) const WAIT: Duration = Duration::from_secs(10);

const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The held lock; letting go of it unlocks. The operating system unlocks it when the process
/// ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, for its lock")] File);

/// Takes the lock, waiting up to `wait` for whoever has it.
pub(super) fn acquire(path: &Path, wait: Duration) -> Result<Lock, StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
    }
    let mut file = open(path, true).map_err(StoreError::io("open", path))?;
    let begun = Instant::now();
    let mut pause = SHORTEST_PAUSE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if begun.elapsed() < wait => {
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked {
                    holder: holder(&mut file),
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", path)(source)),
        }
    }
    // On a full disk it stays unsigned: what cannot be written then is the ticket, and its
    // error says so.
    let _ = sign(&mut file);
    Ok(Lock(file))
}

/// Why the lock's file cannot be opened by anybody, if so. One that is not there yet can be made,
/// and who may not write need not know.
pub(super) fn obstacle(path: &Path) -> Option<StoreError> {
    match open(path, false) {
        Ok(_) => None,
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                None
            }
            _ => Some(StoreError::io("open", path)(error)),
        },
    }
}

/// Waits until nobody has a lock on the file, for so long at most; whether that came to be.
pub(super) fn wait_for(path: &Path, wait: Duration) -> std::io::Result<bool> {
    lock_within(&File::open(path)?, wait)
}

/// Locks the file, waiting for so long at most; whether that came to be.
pub(super) fn lock_within(file: &File, wait: Duration) -> std::io::Result<bool> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if begun.elapsed() < wait => {
                thread::sleep(LONGEST_PAUSE);
            }
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Whether a process has the lock now.
pub(super) fn is_held(path: &Path) -> bool {
    let held = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    File::open(path).is_ok_and(held)
}

fn open(path: &Path, create: bool) -> std::io::Result<File> {
    let mut options = File::options();
    options
        .read(true)
        .write(true)
        .create(create)
        .truncate(false)
        // Never through a link: what it leads to would be written to.
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    options.open(path)
}

/// Writes who holds the lock, for those who wait in vain.
fn sign(file: &mut File) -> std::io::Result<()> {
    let program = std::env::args_os()
        .take(2)
        .map(|word| word.to_string_lossy().escape_debug().to_string())
        .collect::<Vec<_>>()
        .join(" ");
    file.rewind()?;
    // What is left of a longer one is on a line of its own. Cutting it off would take longer than
    // all else that is done with the lock.
    let holder = format!("process {} (`{program}`)\n", std::process::id());
    file.write_all(holder.as_bytes())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(400).read_to_string(&mut text));
    match (read, text.lines().next()) {
        (Ok(_), Some(line)) => line.to_owned(),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_holder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tk/lock");
        let held = acquire(&path, WAIT).unwrap();
        let error = acquire(&path, Duration::ZERO).unwrap_err().to_string();
        let expected = format!("the store is locked by process {} (`", std::process::id());
        assert!(error.starts_with(&expected), "{error}");
        assert!(is_held(&path));
        drop(held);
        assert!(!is_held(&path));
        acquire(&path, Duration::ZERO).unwrap();
    }

    #[test]
    fn a_link_in_its_place_is_left_alone_with_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("lock"), folder.path().join("other"));
        fs::write(&other, "kept").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        acquire(&path, WAIT).unwrap_err();
        assert!(obstacle(&path).is_some());
        assert_eq!(fs::read_to_string(&other).unwrap(), "kept");
    }

    #[test]
    fn the_second_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = acquire(&path, WAIT).unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| acquire(&path, WAIT).map(drop));
            drop(held);
            second.join().unwrap().unwrap();
        });
    }
}
