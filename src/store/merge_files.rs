//! The three files that git hands its merge driver, and the one that it takes back.

use std::fs;
use std::path::Path;

use super::{StoreError, regular};

/// The texts of the base, ours and theirs, as git has laid them out.
///
/// # Errors
/// When one cannot be read, or is no text.
pub fn read_sides([base, ours, theirs]: [&Path; 3]) -> Result<[String; 3], StoreError> {
    let read = |path: &Path| regular::read_text(path).map_err(StoreError::io("read", path));
    Ok([read(base)?, read(ours)?, read(theirs)?])
}

/// Puts the merged text where git looks for it: in the place of ours, which is a copy.
///
/// # Errors
/// When it cannot be written.
pub fn write_merged(ours: &Path, text: &str) -> Result<(), StoreError> {
    fs::write(ours, text).map_err(StoreError::io("write", ours))
}
