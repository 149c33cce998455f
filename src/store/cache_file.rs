//! A file that is kept to save time, while it is written, beside the one that is there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use rustix::fs::OFlags;
use rustix::io::Errno;

/// So many bytes are written at a time.
const BUFFER: usize = 64 << 10;

/// The head of a cache, before its checksum.
type Magic = [u8; 8];

/// The file that is to become the cache. Always of the same name, so that killed writers leave
/// at most one; who holds its lock owns the name.
#[derive(Debug)]
pub(super) struct CacheFile {
    file: File,
    path: PathBuf,
    placed: bool,
}

impl CacheFile {
    /// Begins to write the cache of that name in that folder; `None` where it cannot be
    /// written, or another process is at it.
    pub(super) fn begin(local: &Path, name: &str) -> Option<Self> {
        let path = local.join(format!("{name}.new"));
        let begin = || -> io::Result<Option<File>> {
            fs::create_dir_all(local)?;
            let file = match open(&path) {
                // Else every command would be slow from now on.
                Err(error) if is_obstacle(&error) && clear(&path) => open(&path)?,
                opened => opened?,
            };
            let named = |file: &File| -> io::Result<bool> {
                let (here, there) = (file.metadata()?, fs::symlink_metadata(&path)?);
                Ok(here.is_file() && (here.dev(), here.ino()) == (there.dev(), there.ino()))
            };
            // Who had the lock before may have moved the file away.
            if file.try_lock().is_err() || !named(&file)? {
                return Ok(None);
            }
            file.set_len(0)?;
            Ok(Some(file))
        };
        let file = begin().ok()??;
        Some(Self {
            file,
            path,
            placed: false,
        })
    }

    /// What the system knows of it just after something was written to it.
    pub(super) fn touched(&mut self) -> io::Result<fs::Metadata> {
        self.file.write_all(b"\n")?;
        self.file.metadata()
    }

    /// Puts the cache with what `write` writes in its place. Where that fails, there is none or the
    /// old one, and nobody misses it.
    pub(super) fn place(mut self, place: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) {
        let written = self.file.rewind().and_then(|()| write(&mut self.file));
        if written.is_ok() {
            let rename = || fs::rename(&self.path, place).is_ok();
            self.placed = rename() || fs::remove_dir(place).is_ok() && rename();
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    options.open(path)
}

/// Whether what is there can never be opened: a folder, a link, another user's file.
fn is_obstacle(error: &io::Error) -> bool {
    let code = Errno::from_io_error(error);
    code.is_some_and(|code| [Errno::ISDIR, Errno::LOOP, Errno::ACCESS].contains(&code))
}

/// Removes what is there, of folders only an empty one; whether there was such.
fn clear(path: &Path) -> bool {
    fs::remove_dir(path)
        .or_else(|_| fs::remove_file(path))
        .is_ok()
}

/// What was not put in its place goes away. It is still this file that has the name: who does
/// not hold its lock moves nothing.
impl Drop for CacheFile {
    fn drop(&mut self) {
        if !self.placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A cache that is written piece by piece, since all of it would be there a second time: magic 8,
/// checksum 4, and what the checksum is of.
pub(super) struct Summed<'f> {
    to: BufWriter<&'f mut File>,
    sum: Hasher,
}

impl<'f> Summed<'f> {
    pub(super) fn begin(magic: &Magic, file: &'f mut File) -> io::Result<Self> {
        let mut to = BufWriter::with_capacity(BUFFER, file);
        to.write_all(magic)?;
        to.write_all(&[0; 4])?;
        let sum = Hasher::new();
        Ok(Self { to, sum })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.to.write_all(bytes)
    }

    /// A number of four bytes; an error where it does not fit.
    pub(super) fn number(&mut self, number: usize) -> io::Result<()> {
        self.write(&small(number)?.to_le_bytes())
    }

    pub(super) fn finish(self) -> io::Result<()> {
        let Self { mut to, sum } = self;
        to.seek(SeekFrom::Start(size_of::<Magic>() as u64))?;
        to.write_all(&sum.finalize().to_le_bytes())?;
        to.flush()
    }
}

/// The number in four bytes.
pub(super) fn small(number: usize) -> io::Result<u32> {
    u32::try_from(number).map_err(io::Error::other)
}
