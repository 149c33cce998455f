//! The words of every ticket, to be looked through, without reading its file again.
//!
//! `tk/search`, beside the index, keeps them, each with the name of the text they are of. The
//! index knows the names of the texts that are there now; what is kept under the same name is
//! of the same text. So, as the index, it may be gone, old, damaged or another's at any time:
//! what it has not is read, and the answer is the same.
//!
//! ```text
//! magic 8, checksum 4, number of tickets 4, length of key 4, key
//! per ticket: etag 6, length of id 1, nothing 1, length of words 4
//! per ticket: id, words
//! ```
//! Numbers are little-endian. The checksum is over everything behind it. The key names the
//! program that has packed the words.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use super::cache_file::{CacheFile, Summed};
use super::{Caching, Etag, Index, Store, StoreError, regular};
use crate::cores;
use crate::model::{Config, TicketId};
use crate::search;

/// Its last digit is another for every other layout of the file.
const MAGIC: &[u8; 8] = b"tkwords1";
const CHECKSUM: usize = 8;
const CHECKED: usize = 12;
const KEY: usize = 20;
const LINE: usize = 12;

/// The most bytes of a cache that is read or written.
const LARGEST: usize = 1 << 29;

/// From so many files on they are read by several threads.
const MANY: usize = 200;

/// The packed words of every ticket, at the places that the tickets have in the index.
#[derive(Debug, Default)]
pub struct Texts {
    cached: Vec<u8>,
    texts: Vec<Text>,
}

#[derive(Debug)]
enum Text {
    /// Where it lies in what was cached.
    Kept(Range<usize>),
    /// Read from a file with a text of that name.
    Fresh(Etag, Vec<u8>),
    /// The file went away meanwhile.
    Gone,
}

impl Texts {
    /// All of them; nothing of a ticket that went away meanwhile.
    #[must_use]
    pub fn all(&self) -> Vec<&[u8]> {
        self.texts.iter().map(|text| self.bytes(text)).collect()
    }

    /// Those of the ticket at that place in the index.
    #[must_use]
    pub fn at(&self, place: usize) -> &[u8] {
        self.texts.get(place).map_or(&[], |text| self.bytes(text))
    }

    fn bytes<'t>(&'t self, text: &'t Text) -> &'t [u8] {
        match text {
            Text::Kept(range) => self.cached.get(range.clone()).unwrap_or_default(),
            Text::Fresh(_, bytes) => bytes,
            Text::Gone => &[],
        }
    }
}

impl Store {
    /// The words of the index's tickets. Only files are read whose texts the cache has not.
    ///
    /// # Errors
    /// When a file cannot be read for another reason than that it is gone, or no ticket.
    pub fn texts(&self, index: &Index, config: &Config) -> Result<Texts, StoreError> {
        let cached = match self.caching {
            Caching::Off => None,
            _ => Cached::read(&self.texts_path()),
        };
        let cached = cached.unwrap_or_default();
        let mut unknown = Vec::new();
        let mut texts: Vec<Text> = Vec::with_capacity(index.tickets.len());
        let mut kept = cached.lines().peekable();
        for (ticket, etag) in index.tickets.iter().zip(index.etags()) {
            let id = ticket.id.as_str().as_bytes();
            while kept.next_if(|line| line.id < id).is_some() {}
            let same = kept.next_if(|line| line.id == id && line.etag == *etag);
            texts.push(match same {
                Some(line) => Text::Kept(line.words),
                None => {
                    unknown.push((texts.len(), &ticket.id));
                    Text::Gone
                }
            });
        }
        drop(kept);
        let same = texts.len() - unknown.len();
        let read = cores::spread(&unknown, MANY, |part| {
            let one = |(place, id): &(usize, &TicketId)| Ok((*place, self.words(id, config)?));
            part.iter().map(one).collect::<Result<Vec<_>, StoreError>>()
        });
        for part in read {
            for (place, text) in part? {
                texts[place] = text;
            }
        }
        let pays = unknown.len().max(cached.count - same) > self.caching.slack(texts.len());
        let cached = cached.bytes;
        let texts = Texts { cached, texts };
        if pays
            && self.caching != Caching::Off
            && let Some(file) = CacheFile::begin(self.caches_dir(), "search")
        {
            file.place(&self.texts_path(), |file| write(index, &texts, file));
        }
        Ok(texts)
    }

    /// The words of the ticket as its file now has them.
    fn words(&self, id: &TicketId, config: &Config) -> Result<Text, StoreError> {
        match self.read(id, config) {
            Ok(stored) => Ok(Text::Fresh(stored.etag, search::pack(&stored.ticket))),
            Err(StoreError::NotFound(_) | StoreError::Invalid(_)) => Ok(Text::Gone),
            Err(error) => Err(error),
        }
    }

    /// The file of the cache.
    fn texts_path(&self) -> PathBuf {
        self.caches_dir().join("search")
    }
}

/// By which program words were packed. What they mean depends on nothing else.
fn key() -> Vec<u8> {
    format!("{} {}", search::PACKING, env!("CARGO_PKG_VERSION")).into_bytes()
}

/// What was cached; nothing, to begin with.
#[derive(Default)]
struct Cached {
    bytes: Vec<u8>,
    count: usize,
}

/// What is kept of a ticket.
struct Line<'c> {
    id: &'c [u8],
    etag: Etag,
    words: Range<usize>,
}

impl Cached {
    /// What the file keeps; nothing of a file that is not whole.
    fn read(path: &std::path::Path) -> Option<Self> {
        let bytes = regular::read_up_to(path, LARGEST as u64).ok()?;
        let checked = bytes.get(CHECKED..)?;
        let key = key();
        let fits = bytes.starts_with(MAGIC)
            && number(&bytes, 16) == Some(key.len())
            && bytes.get(KEY..KEY + key.len()) == Some(&key);
        let sum = number(&bytes, CHECKSUM)?;
        let intact = || sum == crc32fast::hash(checked) as usize;
        let count = number(&bytes, CHECKED)?;
        (fits && intact()).then_some(Self { bytes, count })
    }

    /// The tickets, in the order of their ids.
    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let table = KEY + key().len();
        let mut end = table.saturating_add(self.count.saturating_mul(LINE));
        (0..self.count).map_while(move |place| {
            let at = table + place * LINE;
            let line = self.bytes.get(at..at + LINE)?;
            let start = end;
            let words = start + usize::from(line[6]);
            end = words + number(line, 8)?;
            Some(Line {
                id: self.bytes.get(start..words)?,
                etag: Etag::from_bytes(line[..6].try_into().ok()?),
                words: words..end,
            })
        })
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

/// Writes the file, with these texts.
///
/// # Errors
/// When it cannot be written, or they are too many for it.
fn write(index: &Index, texts: &Texts, file: &mut File) -> io::Result<()> {
    let all = index.tickets.iter().zip(index.etags()).zip(&texts.texts);
    let lines = all.filter_map(|((ticket, etag), text)| {
        let id = ticket.id.as_str().as_bytes();
        match text {
            Text::Kept(_) => Some((id, *etag, texts.bytes(text))),
            Text::Fresh(etag, bytes) => Some((id, *etag, bytes.as_slice())),
            Text::Gone => None,
        }
    });
    let lines: Vec<(&[u8], Etag, &[u8])> = lines.collect();
    let key = key();
    let lengths = lines
        .iter()
        .map(|(id, _, words)| LINE + id.len() + words.len());
    if KEY + key.len() + lengths.sum::<usize>() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut to = Summed::begin(MAGIC, file)?;
    to.number(lines.len())?;
    to.number(key.len())?;
    to.write(&key)?;
    for (id, etag, words) in &lines {
        to.write(&etag.to_bytes())?;
        to.write(&[u8::try_from(id.len()).map_err(io::Error::other)?, 0])?;
        to.number(words.len())?;
    }
    for (id, _, words) in &lines {
        to.write(id)?;
        to.write(words)?;
    }
    to.finish()
}

#[cfg(test)]
mod tests;
