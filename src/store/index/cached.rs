//! The file of the cache: a head, a table with a line for each ticket, then ids and outlines.
//!
//! ```text
//! magic 8, checksum 4, length of key 4, number of tickets 4, key
//! per ticket: identity 40, etag 6, length of id 1, nothing 1, place 4, length 4
//! per ticket: id, outline (at `place`)
//! ```
//! Numbers are little-endian. The checksum is over everything behind it. The key says by what
//! the tickets were understood and where they lie; of another key nothing is used.

use std::path::Path;
use std::sync::Arc;

use super::identity::{self, Identity};
use crate::model::{Config, Outline, PACKING, TicketId};
use crate::store::Etag;
use crate::store::regular::{self, Folder};

const MAGIC: &[u8] = b"tk index";
const CHECKSUM: usize = 8;
const CHECKED: usize = 12;
const KEY: usize = 20;
const LINE: usize = identity::LENGTH + 16;

/// The most bytes of a cache that is read: some ten times what is fit for 100,000 tickets.
const LARGEST: u64 = 1 << 29;

/// What was cached; nothing, to begin with.
#[derive(Default)]
pub(super) struct Cached {
    bytes: Arc<Vec<u8>>,
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
        Self::of(regular::read_up_to(path, LARGEST).ok()?, key)
    }

    fn of(bytes: Vec<u8>, key: &[u8]) -> Option<Self> {
        let number = |at: usize| -> Option<usize> {
            let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(bytes)).ok()
        };
        let checked = bytes.get(CHECKED..)?;
        let intact = || number(CHECKSUM).map(|sum| sum as u32) == Some(crc32fast::hash(checked));
        let table = KEY.checked_add(number(CHECKED)?)?;
        let count = number(CHECKED + 4)?;
        let end = count.checked_mul(LINE)?.checked_add(table)?;
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

    /// The id of the ticket at that place of the table.
    pub(super) fn id(&self, place: usize) -> &str {
        let end = self.number(place, identity::LENGTH + 8) as usize;
        let length = usize::from(self.line(place)[identity::LENGTH + 6]);
        let start = end.saturating_sub(length);
        std::str::from_utf8(self.bytes.get(start..end).unwrap_or_default()).unwrap_or_default()
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

/// The file's bytes, with these tickets, which come in the order of their ids; `None` where
/// they are too many for it.
pub(super) fn bytes<'t>(
    key: &[u8],
    tickets: impl Iterator<Item = (&'t Outline, Etag, &'t [u8; identity::LENGTH])>,
) -> Option<Vec<u8>> {
    let tickets: Vec<_> = tickets.collect();
    let lengths = tickets
        .iter()
        .map(|(outline, ..)| LINE + outline.id.as_str().len() + outline.packed().len());
    let mut bytes = Vec::with_capacity(KEY + key.len() + lengths.sum::<usize>());
    bytes.extend(MAGIC);
    bytes.extend([0; 4]);
    bytes.extend(u32::try_from(key.len()).ok()?.to_le_bytes());
    bytes.extend(u32::try_from(tickets.len()).ok()?.to_le_bytes());
    bytes.extend(key);
    let mut end = bytes.len() + tickets.len() * LINE;
    for (outline, etag, identity) in &tickets {
        let (id, length) = (outline.id.as_str().len(), outline.packed().len());
        bytes.extend(*identity);
        bytes.extend(etag.to_bytes());
        bytes.extend([u8::try_from(id).ok()?, 0]);
        bytes.extend(u32::try_from(end + id).ok()?.to_le_bytes());
        bytes.extend(u32::try_from(length).ok()?.to_le_bytes());
        end += id + length;
    }
    for (outline, ..) in &tickets {
        bytes.extend(outline.id.as_str().as_bytes());
        bytes.extend(outline.packed());
    }
    let sum = crc32fast::hash(&bytes[CHECKED..]);
    bytes[CHECKSUM..CHECKED].copy_from_slice(&sum.to_le_bytes());
    Some(bytes)
}
