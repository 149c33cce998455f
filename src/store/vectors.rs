//! What a service said that texts mean, so that it is asked once.
//!
//! `<git-common-dir>/tk/vectors` keeps them by the names of the texts, for one service and
//! model. It may be gone, old or damaged at any time: then the service is asked again.
//!
//! ```text
//! magic 8, checksum 4, numbers of a vector 4, number of vectors 4, length of key 4, key
//! per vector: name 16, numbers 4 each
//! ```
//! Numbers are little-endian. The checksum is over everything behind it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::cache_file::CacheFile;
use super::{Caching, Store, regular};

/// Its last digit is another for every other layout of the file.
const MAGIC: &[u8] = b"tkvecto1";
const CHECKSUM: usize = 8;
const CHECKED: usize = 12;
const KEY: usize = 24;

/// The bytes of a name.
const NAME: usize = 16;

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

/// Vectors by the names of their texts; one of zeros where the service refuses the text.
pub type Vectors = BTreeMap<TextName, Vec<f32>>;

impl Store {
    /// The vectors that are kept for that service and model.
    #[must_use]
    pub fn vectors(&self, service: &str) -> Vectors {
        let read = || read(&self.vectors_path(), service.as_bytes());
        match self.caching {
            Caching::Off => Vectors::new(),
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
    let fits = bytes.starts_with(MAGIC)
        && bytes.get(KEY..table)? == key
        && count.checked_mul(line)?.checked_add(table)? == bytes.len()
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
    bytes[table..].chunks_exact(line).map(one).collect()
}

fn bytes(key: &[u8], vectors: &Vectors) -> Option<Vec<u8>> {
    let size = vectors.values().next().map_or(0, Vec::len);
    let length = KEY + key.len() + vectors.len() * (NAME + size * 4);
    if length > LARGEST {
        return None;
    }
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(MAGIC);
    bytes.extend([0; 4]);
    for number in [size, vectors.len(), key.len()] {
        bytes.extend(u32::try_from(number).ok()?.to_le_bytes());
    }
    bytes.extend(key);
    for (name, vector) in vectors {
        bytes.extend(name.0);
        bytes.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
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
        let vectors = Vectors::from([(name("a"), vec![0.6, 0.8]), (name("b"), vec![1.0, 0.0])]);
        assert_eq!(store.vectors("s"), Vectors::new());
        store.keep_vectors("s", &vectors);
        assert_eq!(store.vectors("s"), vectors);
        assert_eq!(store.vectors("t"), Vectors::new());
        let path = folder.path().join("tk/vectors");
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            for bytes in [&flipped, &whole[..at]] {
                std::fs::write(&path, bytes).unwrap();
                assert_eq!(store.vectors("s"), Vectors::new(), "{at}");
            }
        }
        store.keep_vectors("s", &Vectors::new());
        assert_eq!(store.vectors("s"), Vectors::new());
        store
            .clone()
            .caching(Caching::Off)
            .keep_vectors("s", &vectors);
        assert_eq!(store.vectors("s"), Vectors::new());
    }
}
