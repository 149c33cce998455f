//! The cache while it is written, beside the one that is there.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::cached::{self, Line};
use super::identity::{Identity, Moment};
use crate::store::regular::Folder;

/// How many seconds later times are trusted that are told in whole seconds only, or perhaps by
/// another clock: those of another file system.
const MARGIN: i64 = 2;

/// The file that is to become the cache. Always of the same name, so that killed writers leave
/// at most one; who holds its lock owns the name.
#[derive(Debug)]
pub(super) struct Scratch {
    file: File,
    path: PathBuf,
    key: Vec<u8>,
    begun: Moment,
    margin: i64,
    placed: bool,
}

impl Scratch {
    /// Begins to write a cache for the tickets of that key; `None` where it cannot be written,
    /// or another process is at it.
    pub(super) fn begin(local: &Path, ticks: &Folder, key: Vec<u8>) -> Option<Self> {
        let path = local.join("index.new");
        let begin = || -> io::Result<Option<(File, Moment, i64)>> {
            fs::create_dir_all(local)?;
            let mut file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
                .open(&path)?;
            let named = |file: &File| -> io::Result<bool> {
                let (here, there) = (file.metadata()?, fs::symlink_metadata(&path)?);
                Ok(here.is_file() && (here.dev(), here.ino()) == (there.dev(), there.ino()))
            };
            // Who had the lock before may have moved the file away.
            if file.try_lock().is_err() || !named(&file)? {
                return Ok(None);
            }
            file.set_len(0)?;
            file.write_all(b"\n")?;
            let begun = Identity::from(&file.metadata()?).latest();
            let one_clock = ticks.device()? == fs::metadata(local)?.dev();
            Ok(Some((file, begun, if one_clock { 0 } else { MARGIN })))
        };
        let (file, begun, margin) = begin().ok()??;
        Some(Self {
            file,
            path,
            key,
            begun,
            margin,
            placed: false,
        })
    }

    /// Whether a file that had that identity when it was read, after this was begun, cannot
    /// have changed since without getting another.
    pub(super) fn is_clean(&self, file: &Identity) -> bool {
        let mut latest = file.latest();
        let margin = match latest.nanos {
            0 => MARGIN,
            _ => self.margin,
        };
        latest.seconds = latest.seconds.saturating_add(margin);
        latest < self.begun
    }

    /// Puts the cache with these tickets in its place. Where that fails, there is none or the
    /// old one, and nobody misses it.
    pub(super) fn finish<'t>(mut self, tickets: impl Iterator<Item = Line<'t>>, index: &Path) {
        let Some(bytes) = cached::bytes(&self.key, tickets) else {
            return;
        };
        let write = |file: &mut File| {
            file.rewind()?;
            file.write_all(&bytes)
        };
        if write(&mut self.file).is_ok() {
            self.placed = fs::rename(&self.path, index).is_ok();
        }
    }
}

/// What was not put in its place goes away. It is still this file that has the name: who does
/// not hold its lock moves nothing.
impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}
