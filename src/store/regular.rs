//! Reading files that somebody else may have put there: never through a link, never waiting
//! for the other end of a pipe, never more than the caller allows.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::{MmapMut, MmapOptions};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// The most bytes of a file that is read, or written. A ticket is a few kilobytes; a large one
/// has long notes.
pub const LARGEST_FILE: usize = 16 << 20;

/// A folder whose files are read by their names, without the way to it each time.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens the folder.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// The text of the file of that name, as [`read_text`], and what was known of the file
    /// before it was read.
    pub(super) fn read_text(&self, name: &str) -> io::Result<(Metadata, String)> {
        let opened = rustix::fs::openat(&self.0, name, flags(), Mode::empty());
        let (metadata, bytes) = read_opened(opened, LARGEST_FILE as u64)?;
        Ok((metadata, text(bytes)?))
    }

    /// What can be read of the file of that name: bytes that are no UTF-8 are replaced.
    pub(super) fn read_legible(&self, name: &str) -> io::Result<String> {
        let opened = rustix::fs::openat(&self.0, name, flags(), Mode::empty());
        let (_, bytes) = read_opened(opened, LARGEST_FILE as u64)?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The file's bytes.
///
/// # Errors
/// When it is a link, not a regular file, too large, or cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(path, LARGEST_FILE as u64)
}

/// The file's bytes, of a file of at most so many.
///
/// # Errors
/// As [`read`].
pub(super) fn read_up_to(path: &Path, largest: u64) -> io::Result<Vec<u8>> {
    let opened = rustix::fs::open(path, flags(), Mode::empty());
    Ok(read_opened(opened, largest)?.1)
}

/// The bytes of a file of at most so many, which nobody writes to while it is read. The system
/// gives the memory at once, in large pages where it can, not page by page as it is written to.
///
/// # Errors
/// As [`read`], and when the file changes its length.
pub(super) fn read_large(path: &Path, largest: u64) -> io::Result<MmapMut> {
    let opened = rustix::fs::open(path, flags(), Mode::empty());
    let (mut file, data) = checked(opened, largest)?;
    let length = usize::try_from(data.len()).unwrap_or(usize::MAX);
    let mut bytes = MmapOptions::new().len(length).map_anon()?;
    #[cfg(target_os = "linux")]
    for advice in [Advice::HugePage, Advice::PopulateWrite] {
        // A system that does not know it gives the memory as it is written to.
        let _ = bytes.advise(advice);
    }
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn flags() -> OFlags {
    OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC
}

/// The file, if it is one that is read.
fn checked(opened: Result<OwnedFd, Errno>, largest: u64) -> io::Result<(File, Metadata)> {
    let opened = opened.map_err(|errno| match errno {
        Errno::LOOP => is_a_link(),
        errno => errno.into(),
    })?;
    let file = File::from(opened);
    let data = file.metadata()?;
    if !data.is_file() {
        return Err(not_regular(if data.is_dir() {
            "a folder"
        } else {
            "a pipe or device"
        }));
    }
    if data.len() > largest {
        let message = format!(
            "it is larger than {} MiB: expected at most that",
            largest >> 20
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok((file, data))
}

fn read_opened(opened: Result<OwnedFd, Errno>, largest: u64) -> io::Result<(Metadata, Vec<u8>)> {
    let (mut file, data) = checked(opened, largest)?;
    // One byte more than there is: that no more than the length came is how the end is known,
    // without another call.
    let length = usize::try_from(data.len()).unwrap_or(0);
    let mut bytes = vec![0; length + 1];
    let read = match file.read(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
        read => read?,
    };
    bytes.truncate(read);
    if read != length {
        let rest = largest.saturating_sub(read as u64);
        file.take(rest).read_to_end(&mut bytes)?;
    }
    Ok((data, bytes))
}

/// The file's text.
///
/// # Errors
/// As [`read`], and when it is not UTF-8.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    text(read(path)?)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        let message = format!("line {line} is not UTF-8 text");
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

/// The error that there is a link, which is never followed.
pub(super) fn is_a_link() -> io::Error {
    not_regular("a symbolic link")
}

/// What is in the place of a file that could be read.
#[derive(Debug, thiserror::Error)]
#[error("it is {0}: expected a regular file")]
struct NotRegular(&'static str);

fn not_regular(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, NotRegular(what))
}

/// Whether something else than a file was in the place of one.
#[must_use]
pub fn is_not_regular(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<NotRegular>())
}
