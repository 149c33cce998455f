//! What a service said that texts mean, so that it is asked once.
//!
//! `<git-common-dir>/tk/vectors` keeps them by the names of the texts, for one service and
//! model. It may be gone, old or damaged at any time: then the service is asked again.
//!
//! ```text
//! magic 8, checksum 4, numbers of a vector 4, number of vectors 4, length of key 4,
//! number of texts not answered about 4, key
//! per vector: name 16, numbers 4 each
//! per text not answered about: name 16, seconds 8
//! ```
//! Numbers are little-endian. The checksum is over everything behind it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::cache_file::CacheFile;
use super::{Caching, Store, regular};

/// Its last digit is another for every other layout of the file.
const MAGIC: &[u8] = b"tkvecto2";
const CHECKSUM: usize = 8;
const CHECKED: usize = 12;
const KEY: usize = 28;

/// The bytes of a name.
const NAME: usize = 16;

/// The bytes of a text that was not answered about.
const LATE: usize = NAME + 8;

/// The most bytes of a cache that is read or written.
const LARGEST: usize = 1 << 30;

/// The name of a text: differs when the text does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextName([u8; NAME]);

impl TextName {
    /// The name of that text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let mut name = [0; NAME];
        name.copy_from_slice(&digest[..NAME]);
        Self(name)
    }
}

/// What a service said of texts, by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vectors {
    /// Their vectors, of one size; one of zeros where the service refuses the text.
    pub told: BTreeMap<TextName, Vec<f32>>,
    /// Those about which it did not answer in time: when it is to be asked again.
    pub late: BTreeMap<TextName, Timestamp>,
}

impl Vectors {
    /// How many texts something is known of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.told.len() + self.late.len()
    }

    /// Whether nothing is known of any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether something is known of the text.
    #[must_use]
    pub fn has(&self, name: &TextName) -> bool {
        self.told.contains_key(name) || self.late.contains_key(name)
    }
}

impl Store {
    /// The vectors that are kept for that service and model.
    #[must_use]
    pub fn vectors(&self, service: &str) -> Vectors {
        let read = || read(&self.vectors_path(), service.as_bytes());
        match self.caching {
            Caching::Off => Vectors::default(),
            _ => read().unwrap_or_default(),
        }
    }

    /// Keeps these vectors, of one size, for that service and model. Where that fails, nobody
    /// misses them but by the clock.
    pub fn keep_vectors(&self, service: &str, vectors: &Vectors) {
        if self.caching != Caching::Off
            && let Some(file) = CacheFile::begin(self.local_dir(), "vectors")
            && let Some(bytes) = bytes(service.as_bytes(), vectors)
        {
            file.place(&self.vectors_path(), |file| file.write_all(&bytes));
        }
    }

    fn vectors_path(&self) -> PathBuf {
        self.local_dir().join("vectors")
    }
}

fn read(path: &std::path::Path, key: &[u8]) -> Option<Vectors> {
    let bytes = regular::read_up_to(path, LARGEST as u64).ok()?;
    let number = |at: usize| -> Option<usize> {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let (size, count) = (number(CHECKED)?, number(CHECKED + 4)?);
    let table = KEY.checked_add(number(CHECKED + 8)?)?;
    let line = size.checked_mul(4)?.checked_add(NAME)?;
    let late = count.checked_mul(line)?.checked_add(table)?;
    let fits = bytes.starts_with(MAGIC)
        && bytes.get(KEY..table)? == key
        && number(CHECKED + 12)?.checked_mul(LATE)?.checked_add(late)? == bytes.len()
        && number(CHECKSUM)? == crc32fast::hash(bytes.get(CHECKED..)?) as usize;
    if !fits {
        return None;
    }
    let one = |line: &[u8]| {
        let (name, numbers) = line.split_at_checked(NAME)?;
        let numbers = numbers.chunks_exact(4);
        let numbers = numbers.map(|bytes| bytes.try_into().map_or(0.0, f32::from_le_bytes));
        Some((TextName(name.try_into().ok()?), numbers.collect()))
    };
    let one_late = |line: &[u8]| {
        let (name, seconds) = line.split_at_checked(NAME)?;
        let seconds = i64::from_le_bytes(seconds.try_into().ok()?);
        let until = Timestamp::from_second(seconds).ok()?;
        Some((TextName(name.try_into().ok()?), until))
    };
    let told = bytes[table..late].chunks_exact(line).map(one);
    Some(Vectors {
        told: told.collect::<Option<_>>()?,
        late: bytes[late..]
            .chunks_exact(LATE)
            .map(one_late)
            .collect::<Option<_>>()?,
    })
}

fn bytes(key: &[u8], vectors: &Vectors) -> Option<Vec<u8>> {
    let Vectors { told, late } = vectors;
    let size = told.values().next().map_or(0, Vec::len);
    let length = KEY + key.len() + told.len() * (NAME + size * 4) + late.len() * LATE;
    if length > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(MAGIC);
    bytes.extend([0; 4]);
    for number in [size, told.len(), key.len(), late.len()] {
        bytes.extend(u32::try_from(number).ok()?.to_le_bytes());
    }
    bytes.extend(key);
    for (name, vector) in told {
        bytes.extend(name.0);
        bytes.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
    }
    for (name, until) in late {
        bytes.extend(name.0);
        bytes.extend(until.as_second().to_le_bytes());
    }
    let sum = crc32fast::hash(&bytes[CHECKED..]);
    bytes[CHECKSUM..CHECKED].copy_from_slice(&sum.to_le_bytes());
    (bytes.len() == length).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_again_and_a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join(".ticks"), folder.path().join("tk"));
        let name = |text: &str| TextName::of(text.as_bytes());
        let vectors = Vectors {
            told: BTreeMap::from([(name("a"), vec![0.6, 0.8]), (name("b"), vec![1.0, 0.0])]),
            late: BTreeMap::from([(name("c"), Timestamp::UNIX_EPOCH)]),
        };
        assert_eq!(store.vectors("s"), Vectors::default());
        store.keep_vectors("s", &vectors);
        assert_eq!(store.vectors("s"), vectors);
        assert_eq!(store.vectors("t"), Vectors::default());
        let path = folder.path().join("tk/vectors");
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            for bytes in [&flipped, &whole[..at]] {
                std::fs::write(&path, bytes).unwrap();
                assert_eq!(store.vectors("s"), Vectors::default(), "{at}");
            }
        }
        store.keep_vectors("s", &Vectors::default());
        assert_eq!(store.vectors("s"), Vectors::default());
        store
            .clone()
            .caching(Caching::Off)
            .keep_vectors("s", &vectors);
        assert_eq!(store.vectors("s"), Vectors::default());
    }
}
