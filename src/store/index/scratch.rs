//! The cache while it is written, beside the one that is there.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::cached::{self, Line};
use super::identity::{Identity, Moment};
use crate::store::cache_file::CacheFile;
use crate::store::regular::Folder;

/// How many seconds later times are trusted that are told in whole seconds only, or perhaps by
/// another clock: those of another file system.
const MARGIN: i64 = 2;

/// How many seconds from now on a time of modification is no clock's, but what some program has
/// set: an archive that was unpacked, a copy from a machine whose clock is ahead.
const AHEAD: i64 = 60;

/// The file that is to become the cache.
#[derive(Debug)]
pub(super) struct Scratch {
    file: CacheFile,
    key: Vec<u8>,
    begun: Moment,
    margin: i64,
}

impl Scratch {
    /// Begins to write a cache for the tickets of that key; `None` where it cannot be written,
    /// or another process is at it.
    pub(super) fn begin(caches: &Path, ticks: &Folder, key: Vec<u8>) -> Option<Self> {
        let mut file = CacheFile::begin(caches, "index")?;
        let mut begin = || -> io::Result<(Moment, i64)> {
            let begun = Identity::from(&file.touched()?).changed;
            let one_clock = ticks.device()? == fs::metadata(caches)?.dev();
            Ok((begun, if one_clock { 0 } else { MARGIN }))
        };
        let (begun, margin) = begin().ok()?;
        Some(Self {
            file,
            key,
            begun,
            margin,
        })
    }

    /// Whether a file that had that identity when it was read, after this was begun, cannot
    /// have changed since without getting another.
    pub(super) fn is_clean(&self, file: &Identity) -> bool {
        let mut latest = match file.modified.seconds > self.begun.seconds.saturating_add(AHEAD) {
            true => file.changed,
            false => file.changed.max(file.modified),
        };
        let margin = match latest.nanos {
            0 => MARGIN,
            _ => self.margin,
        };
        latest.seconds = latest.seconds.saturating_add(margin);
        latest < self.begun
    }

    /// Puts the cache with these tickets in its place, as [`CacheFile::place`].
    pub(super) fn finish<'t>(self, tickets: impl Iterator<Item = Line<'t>>, index: &Path) {
        let key = self.key;
        self.file
            .place(index, |file| cached::write(&key, tickets, file));
    }
}
