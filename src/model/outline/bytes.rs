//! The bytes that outlines lie in.

use std::ops::Deref;

use memmap2::MmapMut;

/// Bytes in one piece, of one ticket or of a file that holds many.
#[derive(Debug)]
pub enum Bytes {
    /// As they were put together.
    Own(Vec<u8>),
    /// In memory that the system gave for them, of a large file.
    Given(MmapMut),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Given(bytes) => bytes,
        }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}
