//! A short name for the exact bytes of a ticket's file.

use sha2::{Digest, Sha256};

/// Twelve hexadecimal digits that differ when the bytes do.
#[must_use]
pub fn etag(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(bytes);
    digest.iter().take(6).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_the_head_of_the_sha256() {
        assert_eq!(super::etag(b"abc"), "ba7816bf8f01");
    }
}
