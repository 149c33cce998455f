//! A short name for the exact bytes of a ticket's file.

use std::fmt;

use sha2::{Digest, Sha256};

/// The bytes of the digest that are kept.
const KEPT: usize = 6;

/// Differs when the bytes do; shown as twelve hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag([u8; KEPT]);

impl Etag {
    /// The name of those bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let mut kept = [0; KEPT];
        kept.copy_from_slice(&digest[..KEPT]);
        Self(kept)
    }

    /// The name that [`Etag::to_bytes`] gave.
    pub(super) const fn from_bytes(bytes: [u8; KEPT]) -> Self {
        Self(bytes)
    }

    /// The name as bytes.
    pub(super) const fn to_bytes(self) -> [u8; KEPT] {
        self.0
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
        let mut digits = [0; 2 * KEPT];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        // In one piece: long lists tell thousands.
        f.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_head_of_the_sha256() {
        assert_eq!(Etag::of(b"abc").to_string(), "ba7816bf8f01");
    }
}
