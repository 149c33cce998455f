//! What is known of every ticket without reading its file again.
//!
//! `<git-common-dir>/tk/index`, or `tk/index` in git's folder of a linked worktree with tickets of
//! its own, keeps outlines of tickets, each with the identity of the file it was read from. A file
//! whose identity is still the same is not read; every other one is, in the one way there is to
//! read a ticket. So the answer is the same with and without the cache, and the cache may be gone,
//! old, damaged or another's at any time. Files that are no tickets are never kept: what is wrong
//! with them is told anew each time.
//!
//! # Why an equal identity means an equal text
//! The identity has the times of the last change, by the clock of the system, which no program
//! sets. A text that was read at a moment later than those times, of that same clock, cannot
//! have changed since without another time. So the cache takes note of that clock before it
//! reads, and keeps no file that changed at that moment or later, as git does with its index.

mod cached;
mod identity;
mod listing;
mod scratch;

use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;

use super::load::Parse;
use super::regular::Folder;
use super::{Etag, Etagged, InvalidFile, Store, StoreError};
use crate::cores;
use crate::format;
use crate::model::{Config, Outline, Ticket, TicketId};

use cached::{Cached, Line};
use identity::Identity;
use listing::Listing;
use scratch::Scratch;

/// From so many files on they are looked at by several threads: a look at fewer takes less time
/// than a thread does to begin and end.
const MANY: usize = 2_000;

/// From so many on they are read by several threads.
const MANY_READ: usize = 200;

/// How the cache is used; but for the usual way, for tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caching {
    /// Written once enough has changed for that to pay.
    #[default]
    Usual,
    /// Written whenever anything has changed.
    Eager,
    /// Neither read nor written.
    Off,
}

impl Caching {
    /// Of so many tickets, how many may have changed before it pays to write what is cached.
    ///
    /// Writing takes as long as reading four files does and one more for every 128 tickets,
    /// about. Where one more has changed each time, what both take together is least with the
    /// root of twice that.
    pub(super) const fn slack(self, tickets: usize) -> usize {
        match self {
            Self::Eager => 0,
            _ => (8 + tickets / 64).isqrt(),
        }
    }
}

/// Every ticket in outline.
#[derive(Clone, Default)]
pub struct Index {
    /// The outlines, by id.
    pub tickets: Vec<Outline>,
    /// The names of the texts they were read from, at the same places.
    etags: Vec<Etag>,
    /// The files that could not be read as tickets, by name.
    pub invalid: Vec<InvalidFile>,
    /// The names of the files that were not finished.
    pub(super) unfinished: Vec<OsString>,
}

impl Index {
    /// The ticket of that id.
    #[must_use]
    pub fn get(&self, id: &TicketId) -> Option<&Outline> {
        self.tickets.get(self.place(id).ok()?)
    }

    /// The name of the text that the ticket was read from. It need not be looked for where it is at
    /// the place of the `guess`.
    #[must_use]
    pub fn etag(&self, id: &TicketId, guess: Option<usize>) -> Option<Etag> {
        let is = |place: &usize| self.tickets.get(*place).is_some_and(|it| it.id == *id);
        let place = guess.filter(is).or_else(|| self.place(id).ok())?;
        self.etags.get(place).copied()
    }

    /// The names of the texts that the tickets were read from, at the same places.
    pub(super) fn etags(&self) -> &[Etag] {
        &self.etags
    }

    /// The file of that id that could not be read as a ticket.
    #[must_use]
    pub fn invalid(&self, id: &TicketId) -> Option<&InvalidFile> {
        let mut files = self.invalid.iter();
        files.find(|file| file.id.as_ref() == Some(id))
    }

    /// Takes the ticket in, in place of the one of its id, if there is one.
    pub fn put(&mut self, ticket: &Ticket, etag: Etag) {
        let outline = Outline::from(ticket);
        match self.place(&outline.id) {
            Ok(place) => {
                self.tickets[place] = outline;
                self.etags[place] = etag;
            }
            Err(place) => {
                self.tickets.insert(place, outline);
                self.etags.insert(place, etag);
            }
        }
    }

    /// Takes new tickets in.
    pub fn extend(&mut self, made: &[Etagged]) {
        if let [Etagged { ticket, etag }] = made {
            return self.put(ticket, *etag);
        }
        let old = self.tickets.drain(..).zip(self.etags.drain(..));
        let new = made
            .iter()
            .map(|new| (Outline::from(&new.ticket), new.etag));
        let mut all: Vec<(Outline, Etag)> = old.chain(new).collect();
        all.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        (self.tickets, self.etags) = all.into_iter().unzip();
    }

    /// Forgets the ticket of that id.
    pub fn remove(&mut self, id: &TicketId) {
        if let Ok(place) = self.place(id) {
            self.tickets.remove(place);
            self.etags.remove(place);
        }
    }

    fn place(&self, id: &TicketId) -> Result<usize, usize> {
        self.tickets.binary_search_by(|ticket| ticket.id.cmp(id))
    }

    /// Takes the ticket in whose id comes after those of all others.
    pub(crate) fn push(&mut self, outline: Outline, etag: Etag) {
        self.tickets.push(outline);
        self.etags.push(etag);
    }
}

/// A place among many, in four bytes also where there may be none: every ticket has some.
#[derive(Clone, Copy)]
struct Place(NonZero<u32>);

impl Place {
    /// `None` of one that no list of files is long enough for.
    fn new(place: usize) -> Option<Self> {
        let counted = u32::try_from(place).ok()?.checked_add(1)?;
        NonZero::new(counted).map(Self)
    }

    const fn get(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A file, by its place among the names as the system told them.
struct Found {
    /// That place.
    rank: Place,
    /// Its place in the cache, where it is as the cache has it; else it is to be read.
    same: Option<Place>,
}

/// What reading a file gave.
enum Fresh {
    Ticket(Outline, Etag, Identity),
    Invalid(InvalidFile),
    /// It went away meanwhile.
    Gone,
}

impl Store {
    /// Every ticket in outline. Only files that have changed since they were last read are
    /// read.
    ///
    /// # Errors
    /// When the folder cannot be read. What is wrong with single files is in the answer.
    pub fn index(&self, config: &Config) -> Result<Index, StoreError> {
        let caching = self.caching != Caching::Off;
        let key = |folder: &Folder| cached::key(folder, config).filter(|_| caching);
        self.index_by(key, |id, text| format::parse(id, text, config))
    }

    /// As [`Store::index`], with every file read, whatever is cached; and where `any_word` is set,
    /// with any word as a ticket's type and status, where the configuration that would say which
    /// there are cannot be read.
    ///
    /// # Errors
    /// As [`Store::index`].
    pub fn index_anew(&self, config: &Config, any_word: bool) -> Result<Index, StoreError> {
        self.index_by(
            |_| None,
            |id, text| match any_word {
                true => format::parse_any(id, text, config),
                false => format::parse(id, text, config),
            },
        )
    }

    /// The index, by what is cached under that key, if any is.
    fn index_by(
        &self,
        key: impl Fn(&Folder) -> Option<Vec<u8>>,
        parse: impl Parse,
    ) -> Result<Index, StoreError> {
        let folder = Folder::open(self.ticks_dir());
        let folder = folder.map_err(StoreError::io("read", self.ticks_dir()))?;
        let key = key(&folder);
        let cached = match &key {
            Some(key) => Cached::read(&self.index_path(), key).unwrap_or_default(),
            None => Cached::default(),
        };
        let listing = Listing::read(&folder);
        let listing = listing.map_err(StoreError::io("read", self.ticks_dir()))?;
        let found = look(&folder, &listing, &cached);
        let changed = found.iter().filter(|found| found.same.is_none());
        let changed: Vec<String> = changed
            .map(|found| listing.text(found.rank.get()))
            .collect();
        let same = found.len() - changed.len();
        let slack = self.caching.slack(found.len());
        let pays = |changed: usize| changed.max(cached.len() - same) > slack;
        // Before anything is read: it tells the moment from which on nothing can be kept.
        let scratch = match key {
            Some(key) if pays(changed.len()) => Scratch::begin(self.caches_dir(), &folder, key),
            _ => None,
        };
        let fresh = self.read_changed(&folder, &changed, &parse)?;
        let mut clean = 0;
        let mut index = Index {
            tickets: Vec::with_capacity(found.len()),
            etags: Vec::with_capacity(found.len()),
            invalid: Vec::new(),
            unfinished: Vec::new(),
        };
        let mut origins = Vec::new();
        let keep = scratch.as_ref();
        let mut fresh = fresh.into_iter();
        for found in found {
            let (outline, etag, identity) = match found.same {
                Some(place) => {
                    let place = place.get();
                    let identity = keep.map(|_| cached.identity(place));
                    (cached.outline(place), cached.etag(place), identity)
                }
                None => match fresh.next() {
                    Some(Fresh::Ticket(outline, etag, identity)) => {
                        let identity = keep
                            .is_some_and(|scratch| scratch.is_clean(&identity))
                            .then(|| identity.bytes());
                        clean += usize::from(identity.is_some());
                        (outline, etag, identity)
                    }
                    Some(Fresh::Invalid(file)) => {
                        index.invalid.push(file);
                        continue;
                    }
                    Some(Fresh::Gone) | None => continue,
                },
            };
            index.push(outline, etag);
            if keep.is_some() {
                origins.push(identity.map(|identity| (identity, found.rank.get())));
            }
        }
        index.unfinished = listing.into_unfinished();
        if let Some(scratch) = scratch.filter(|_| pays(clean)) {
            let kept = index.tickets.iter().zip(&index.etags).zip(&origins);
            let kept = kept.filter_map(|((outline, etag), origin)| {
                let (identity, rank) = origin.as_ref()?;
                Some(Line {
                    outline,
                    etag: *etag,
                    identity,
                    rank: *rank,
                })
            });
            scratch.finish(kept, &self.index_path());
        }
        Ok(index)
    }

    /// The file of the cache.
    fn index_path(&self) -> PathBuf {
        self.caches_dir().join("index")
    }

    fn read_changed(
        &self,
        folder: &Folder,
        names: &[String],
        parse: &impl Parse,
    ) -> Result<Vec<Fresh>, StoreError> {
        let one = |name: &String| -> Result<Fresh, StoreError> {
            let (identity, text) = match folder.read_text(name) {
                Ok((metadata, text)) => (Some(Identity::from(&metadata)), Ok(text)),
                Err(error) => (None, Err(error)),
            };
            match self.read_one(name, text, parse)? {
                None => Ok(Fresh::Gone),
                Some(Err(file)) => Ok(Fresh::Invalid(file)),
                Some(Ok(stored)) => {
                    let outline = Outline::from(&stored.ticket);
                    let identity = identity.unwrap_or_default();
                    Ok(Fresh::Ticket(outline, stored.etag, identity))
                }
            }
        };
        let all = cores::spread(names, MANY_READ, |part| {
            part.iter().map(one).collect::<Result<Vec<_>, StoreError>>()
        });
        let all = all.into_iter().collect::<Result<Vec<_>, StoreError>>()?;
        Ok(all.into_iter().flatten().collect())
    }
}

/// The files in the order of their ids, and which of them are as the cache has them.
fn look(folder: &Folder, listing: &Listing, cached: &Cached) -> Vec<Found> {
    let places = listing.places(cached).into_iter();
    let ranks = (0..).map_while(Place::new);
    let known: Vec<(Place, Option<Place>)> = ranks.zip(places).collect();
    let is_same = |(rank, place): &(Place, Option<Place>)| {
        place.is_some_and(|place| {
            let now = folder.identity(listing.name(rank.get()));
            now.is_some_and(|now| cached.is(place.get(), &now))
        })
    };
    let looked = cores::spread(&known, MANY, |part| {
        part.iter().map(is_same).collect::<Vec<_>>()
    });
    let mut same = vec![None; cached.len()];
    let mut changed = Vec::new();
    for ((rank, place), is_same) in known.into_iter().zip(looked.into_iter().flatten()) {
        match place.filter(|_| is_same) {
            Some(place) => same[place.get()] = Some(rank),
            None => changed.push(rank),
        }
    }
    changed.sort_by_cached_key(|rank| String::from_utf8_lossy(listing.id(rank.get())).into_owned());
    let mut changed = changed.into_iter().peekable();
    let mut found = Vec::with_capacity(listing.len());
    let to_read = |rank| Found { rank, same: None };
    for (place, rank) in same.into_iter().enumerate() {
        let Some(rank) = rank else {
            continue;
        };
        let before = |rank: &Place| listing.id(rank.get()) < cached.id_bytes(place);
        while let Some(rank) = changed.next_if(before) {
            found.push(to_read(rank));
        }
        let same = Place::new(place);
        found.push(Found { rank, same });
    }
    found.extend(changed.map(to_read));
    found
}

#[cfg(test)]
mod tests;
