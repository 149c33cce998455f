//! The names in the folder of the tickets, in the order in which the system tells them.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{FileType, Mode, OFlags, RawDir};

use super::Place;
use super::cached::Cached;
use crate::store::load::is_ticket_file;
use crate::store::regular::Folder;
use crate::store::unfinished::is_unfinished;

/// So many bytes of names and what else the system tells of files are asked for at once.
const AT_ONCE: usize = 8 << 10;

/// Names one after the other, so that many cost little.
#[derive(Default)]
pub(super) struct Listing {
    names: Vec<u8>,
    ends: Vec<u32>,
    unfinished: Vec<OsString>,
}

impl Listing {
    /// The names of the files that should be tickets.
    pub(super) fn read(folder: &Folder) -> io::Result<Self> {
        let mut listing = Self::default();
        // Opened anew: where it was read to belongs to who has opened it.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let here = rustix::fs::openat(folder, c".", flags, Mode::empty())?;
        let mut told = Vec::with_capacity(AT_ONCE);
        let mut told = RawDir::new(here, told.spare_capacity_mut());
        while let Some(entry) = told.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if is_ticket_file(name) {
                listing.names.extend(name);
                let end = u32::try_from(listing.names.len());
                listing.ends.push(end.map_err(io::Error::other)?);
            } else if is_unfinished(OsStr::from_bytes(name))
                && entry.file_type() != FileType::Directory
            {
                listing.unfinished.push(OsStr::from_bytes(name).into());
            }
        }
        Ok(listing)
    }

    /// The names of the files there that were not finished.
    pub(super) fn into_unfinished(self) -> Vec<OsString> {
        self.unfinished
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The name at that place.
    pub(super) fn name(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.names[start as usize..self.ends[at] as usize]
    }

    /// What is before `.toml` in it.
    pub(super) fn id(&self, at: usize) -> &[u8] {
        let name = self.name(at);
        name.strip_suffix(b".toml").unwrap_or(name)
    }

    /// The name as text, with marks for what is none.
    pub(super) fn text(&self, at: usize) -> String {
        String::from_utf8_lossy(self.name(at)).into_owned()
    }

    /// The place of each in the cache, where it is there. The system mostly tells the names in
    /// the order in which it told them last, which the cache has kept.
    pub(super) fn places(&self, cached: &Cached) -> Vec<Option<Place>> {
        let mut ranks: Option<Vec<usize>> = None;
        let mut next = 0;
        let mut place = |at| {
            let id = self.id(at);
            let expected = cached.place_of_rank(next);
            let place = match expected.filter(|place| cached.id_bytes(*place) == id) {
                Some(place) => Some(place),
                None => {
                    let place = cached.find(id)?;
                    let ranks = ranks.get_or_insert_with(|| cached.ranks());
                    next = ranks.get(place).copied().unwrap_or(next);
                    Some(place)
                }
            };
            next += 1;
            place
        };
        let place = |at| place(at).and_then(Place::new);
        (0..self.len()).map(place).collect()
    }
}
