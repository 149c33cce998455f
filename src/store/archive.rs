//! Files of other trackers: regular ones only, never without bound.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::regular::{LARGEST_FILE, read_up_to};

/// The most bytes of an archive.
pub const LARGEST_ARCHIVE: usize = 256 << 20;

/// The most files of an archive.
const MOST_FILES: usize = 500_000;

/// How many folders are within each other, at most; what is deeper is not looked at.
const DEEPEST: usize = 16;

/// A file of an archive, and what it holds or why that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Its path.
    pub path: PathBuf,
    /// Its bytes, which need not be text.
    pub bytes: Result<Vec<u8>, String>,
}

/// An archive that is one file.
///
/// # Errors
/// When it is not there, a link, not a regular file, too large, or cannot be read.
pub fn read_archive_file(path: &Path) -> Result<ArchiveFile, StoreError> {
    let bytes = read_up_to(path, LARGEST_ARCHIVE as u64).map_err(StoreError::io("read", path))?;
    Ok(ArchiveFile {
        path: path.to_owned(),
        bytes: Ok(bytes),
    })
}

/// The files of that ending in those folders, each folder by itself in the order of the names.
/// Folders that are not there have none, and neither have those within.
///
/// # Errors
/// When a folder cannot be read, or all files together are too many or too large. That one of
/// them cannot be read is in the answer.
pub fn read_archive_folders(
    folders: &[PathBuf],
    ending: &str,
) -> Result<Vec<ArchiveFile>, StoreError> {
    read(folders, ending, 0)
}

/// As [`read_archive_folders`], with the files of the folders within, each folder after the
/// files of the one it is in.
///
/// # Errors
/// As [`read_archive_folders`].
pub fn read_archive_trees(
    folders: &[PathBuf],
    ending: &str,
) -> Result<Vec<ArchiveFile>, StoreError> {
    read(folders, ending, DEEPEST)
}

fn read(folders: &[PathBuf], ending: &str, depth: usize) -> Result<Vec<ArchiveFile>, StoreError> {
    let mut files = Vec::new();
    let mut left = LARGEST_ARCHIVE;
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let mut found = Vec::new();
        find(folder, ending, depth, &mut found)?;
        for path in found {
            let read = read_up_to(&path, LARGEST_FILE as u64);
            let bytes = read.map_err(|error| error.to_string());
            left = match left.checked_sub(bytes.as_ref().map_or(0, Vec::len)) {
                Some(left) if files.len() < MOST_FILES => left,
                _ => return Err(too_large(folder)),
            };
            files.push(ArchiveFile { path, bytes });
        }
    }
    Ok(files)
}

fn find(
    folder: &Path,
    ending: &str,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), StoreError> {
    let failed = || StoreError::io("read", folder);
    let (mut paths, mut within) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let path = entry.path();
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let is_folder = entry.file_type().map_err(failed())?.is_dir();
        if is_folder && !hidden {
            within.push(path);
        } else if !hidden && path.extension() == Some(OsStr::new(ending)) {
            paths.push(path);
        }
    }
    paths.sort();
    found.append(&mut paths);
    if found.len() > MOST_FILES {
        return Err(too_large(folder));
    }
    within.sort();
    for folder in within.iter().filter(|_| depth > 0) {
        find(folder, ending, depth - 1, found)?;
    }
    Ok(())
}

fn too_large(folder: &Path) -> StoreError {
    let message = format!(
        "its files are more than {MOST_FILES}, or larger than {} MiB together",
        LARGEST_ARCHIVE >> 20
    );
    StoreError::Corrupt {
        path: folder.to_owned(),
        expected: "an archive that can be read",
        message,
        remedy: None,
    }
}
