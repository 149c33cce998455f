//! What git is told not to show as files of the user's: lines in the clone's `info/exclude`.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::error::{GitError, Result};
use super::repo::Repo;

impl Repo {
    /// Has git not see files of that name, in whatever folder, unless they are tracked; a `*` in it
    /// stands for any part of a name. Whether it was not told yet.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn exclude(&self, name: &str) -> Result<bool> {
        exclude_line(self.common_dir(), name)
    }
}

/// Writes the line into `info/exclude`, once. Whether anything was written.
pub(super) fn exclude_line(common_dir: &Path, line: &str) -> Result<bool> {
    let path = common_dir.join("info").join("exclude");
    let failed = |action| {
        let path = path.clone();
        move |source| GitError::File {
            action,
            path,
            source,
        }
    };
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(failed("read")(error)),
    };
    let mut lines = text.split(|byte| *byte == b'\n');
    if lines.any(|there| there == line.as_bytes()) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
    }
    let mut added = Vec::new();
    if !text.is_empty() && !text.ends_with(b"\n") {
        added.push(b'\n');
    }
    added.extend_from_slice(line.as_bytes());
    added.push(b'\n');
    File::options()
        .append(true)
        .create(true)
        .open(&path)
        .and_then(|mut file| file.write_all(&added))
        .map_err(failed("write"))?;
    Ok(true)
}
