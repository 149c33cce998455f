//! The file of the cache: a head, a table with a line for each ticket, then ids and outlines.
//!
//! ```text
//! magic 8, checksum 4, length of key 4, number of tickets 4, key
//! per ticket: identity 40, etag 6, length of id 1, nothing 1, place 4, length 4
//! per ticket: its line, in the order in which the system told the names 4
//! per ticket: id, outline (at `place`)
//! ```
//! Numbers are little-endian. The checksum is over everything behind it. The key says by what
//! the tickets were understood and where they lie; of another key nothing is used.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::identity::{self, Identity};
use crate::model::{Bytes, Config, Outline, PACKING, TicketId};
use crate::store::Etag;
use crate::store::cache_file::{Summed, small};
use crate::store::regular::{self, Folder};

/// Its last digit is another for every other layout of the file.
const MAGIC: &[u8; 8] = b"tkindex1";
const CHECKSUM: usize = 8;
const CHECKED: usize = 12;
const KEY: usize = 20;
const LINE: usize = identity::LENGTH + 16;

/// The most bytes of a cache that is read: some ten times what is fit for 100,000 tickets.
const LARGEST: u64 = 1 << 29;

/// What was cached; nothing, to begin with.
#[derive(Default)]
pub(super) struct Cached {
    bytes: Arc<Bytes>,
    table: usize,
    count: usize,
}

/// By what tickets are understood, and the folder they lie in.
pub(super) fn key(folder: &Folder, config: &Config) -> Option<Vec<u8>> {
    let place = rustix::fs::fstat(folder).ok()?;
    let mut key = format!(
        "{PACKING} {} {:?} {:?} {:?}",
        env!("CARGO_PKG_VERSION"),
        (place.st_dev, place.st_ino),
        config.default_type,
        config.types,
    );
    key += &format!(" {:?}", config.statuses.initial());
    for status in config.statuses.all() {
        key += &format!(" {:?}", status.id.as_str());
    }
    Some(key.into_bytes())
}

impl Cached {
    /// What the file keeps under that key; nothing of a file that is not whole.
    pub(super) fn read(path: &Path, key: &[u8]) -> Option<Self> {
        Self::of(Bytes::Given(regular::read_large(path, LARGEST).ok()?), key)
    }

    fn of(bytes: Bytes, key: &[u8]) -> Option<Self> {
        let number = |at: usize| -> Option<usize> {
            let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(bytes)).ok()
        };
        let checked = bytes.get(CHECKED..)?;
        let intact = || number(CHECKSUM).map(|sum| sum as u32) == Some(crc32fast::hash(checked));
        let table = KEY.checked_add(number(CHECKED)?)?;
        let count = number(CHECKED + 4)?;
        let end = count.checked_mul(LINE + 4)?.checked_add(table)?;
        let fits = bytes.starts_with(MAGIC) && bytes.get(KEY..table)? == key && end <= bytes.len();
        (fits && intact()).then(|| Self {
            bytes: Arc::new(bytes),
            table,
            count,
        })
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    fn line(&self, place: usize) -> &[u8] {
        let start = self.table + place * LINE;
        self.bytes.get(start..start + LINE).unwrap_or(&[0; LINE])
    }

    fn number(&self, place: usize, at: usize) -> u32 {
        let bytes = self.line(place)[at..at + 4].try_into();
        bytes.map_or(0, u32::from_le_bytes)
    }

    /// The place of the ticket whose name the system told as that one.
    pub(super) fn place_of_rank(&self, rank: usize) -> Option<usize> {
        let at = self.table + self.count * LINE + rank * 4;
        let place = self.bytes.get(at..at + 4).filter(|_| rank < self.count)?;
        let place = u32::from_le_bytes(place.try_into().ok()?) as usize;
        (place < self.count).then_some(place)
    }

    /// By place, as which the system told the name.
    pub(super) fn ranks(&self) -> Vec<usize> {
        let mut ranks = vec![0; self.count];
        for rank in 0..self.count {
            if let Some(place) = self.place_of_rank(rank) {
                ranks[place] = rank;
            }
        }
        ranks
    }

    /// The place of the ticket of that id.
    pub(super) fn find(&self, id: &[u8]) -> Option<usize> {
        let (mut from, mut to) = (0, self.count);
        while from < to {
            let middle = from.midpoint(to);
            match self.id_bytes(middle).cmp(id) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// The id of the ticket at that place of the table.
    pub(super) fn id(&self, place: usize) -> &str {
        std::str::from_utf8(self.id_bytes(place)).unwrap_or_default()
    }

    pub(super) fn id_bytes(&self, place: usize) -> &[u8] {
        let end = self.number(place, identity::LENGTH + 8) as usize;
        let length = usize::from(self.line(place)[identity::LENGTH + 6]);
        let start = end.saturating_sub(length);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Whether the file that it was read from had that identity.
    pub(super) fn is(&self, place: usize, now: &Identity) -> bool {
        self.line(place)[..identity::LENGTH] == now.bytes()
    }

    /// The identity as it lies there.
    pub(super) fn identity(&self, place: usize) -> [u8; identity::LENGTH] {
        let bytes = self.line(place)[..identity::LENGTH].try_into();
        bytes.unwrap_or([0; identity::LENGTH])
    }

    pub(super) fn etag(&self, place: usize) -> Etag {
        let bytes = self.line(place)[identity::LENGTH..identity::LENGTH + 6].try_into();
        Etag::from_bytes(bytes.unwrap_or_default())
    }

    pub(super) fn outline(&self, place: usize) -> Outline {
        let start = self.number(place, identity::LENGTH + 8);
        let length = self.number(place, identity::LENGTH + 12);
        Outline::lying_in(TicketId::known(self.id(place)), &self.bytes, start, length)
    }
}

/// What is kept of a ticket.
pub(super) struct Line<'t> {
    pub(super) outline: &'t Outline,
    pub(super) etag: Etag,
    pub(super) identity: &'t [u8; identity::LENGTH],
    /// As which of the names the system told its file's.
    pub(super) rank: usize,
}

/// Writes the file, with these tickets, which come in the order of their ids.
///
/// # Errors
/// When it cannot be written, or they are too many for it.
pub(super) fn write<'t>(
    key: &[u8],
    lines: impl Iterator<Item = Line<'t>>,
    file: &mut File,
) -> io::Result<()> {
    let lines: Vec<Line<'t>> = lines.collect();
    let mut order: Vec<u32> = (0..small(lines.len())?).collect();
    order.sort_by_key(|place| lines[*place as usize].rank);
    let mut to = Summed::begin(MAGIC, file)?;
    to.number(key.len())?;
    to.number(lines.len())?;
    to.write(key)?;
    let mut end = KEY + key.len() + lines.len() * (LINE + 4);
    for line in &lines {
        let (id, length) = (line.outline.id.as_str().len(), line.outline.packed().len());
        to.write(line.identity)?;
        to.write(&line.etag.to_bytes())?;
        to.write(&[u8::try_from(id).map_err(io::Error::other)?, 0])?;
        to.number(end + id)?;
        to.number(length)?;
        end += id + length;
    }
    for place in order {
        to.write(&place.to_le_bytes())?;
    }
    for line in &lines {
        to.write(line.outline.id.as_str().as_bytes())?;
        to.write(line.outline.packed())?;
    }
    to.finish()
}
