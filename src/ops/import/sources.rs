//! The files of an archive.

use std::path::{Component, Path, PathBuf};

use super::{ImportRequest, Source};
use crate::context::Context;
use crate::model::Shown;
use crate::ops::Result;
use crate::ops::values::invalid;
use crate::port::{Files, ImportFormat};
use crate::store::{ArchiveFile, read_archive_file, read_archive_folders, read_archive_trees};

/// The archive as messages name it.
pub(super) fn shown(request: &ImportRequest) -> String {
    match request.bytes {
        Some(_) if request.path.as_os_str() == "-" => "standard input".to_owned(),
        _ => Shown(&request.path).to_string(),
    }
}

/// The files of the archive, with their names as from where the command was given.
pub(super) fn read(context: &Context, request: &ImportRequest) -> Result<Vec<Source>> {
    if let Some(bytes) = &request.bytes {
        return Ok(vec![Source {
            name: shown(request),
            folders: Vec::new(),
            bytes: Ok(plain(bytes.clone())),
        }]);
    }
    let path = context.cwd.join(&request.path);
    let files = if path.is_dir() {
        of_folder(request, &path)?
    } else {
        vec![read_archive_file(&path)?]
    };
    let named = files.into_iter().map(|ArchiveFile { path, bytes }| {
        let relative = path.strip_prefix(&context.cwd).unwrap_or(&path);
        Source {
            name: Shown(relative).to_string(),
            folders: folders_of(&path),
            bytes: bytes.map(plain),
        }
    });
    Ok(named.collect())
}

/// The folders that the file is in, from the root.
fn folders_of(path: &Path) -> Vec<String> {
    let mut folders = Vec::new();
    for component in path.parent().into_iter().flat_map(Path::components) {
        match component {
            Component::Normal(name) => folders.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => drop(folders.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    folders
}

/// Whether files without a ticket are an archive all the same, of none: not folders, of which the
/// wrong one is named too easily, and where an array is expected, not what has none.
pub(super) fn are_whole(format: ImportFormat, sources: &[Source]) -> bool {
    let Files::One(_) = format.files() else {
        return false;
    };
    let is_lines = matches!(format, ImportFormat::Jsonl | ImportFormat::Beads);
    let says_so = |source: &Source| {
        let bytes = source.bytes.as_deref().unwrap_or_default();
        is_lines || bytes.trim_ascii_start().starts_with(b"[")
    };
    sources.iter().all(says_so)
}

/// The text without the mark that some programs begin UTF-8 with.
fn plain(bytes: Vec<u8>) -> Vec<u8> {
    match bytes.strip_prefix("\u{feff}".as_bytes()) {
        Some(rest) => rest.to_owned(),
        None => bytes,
    }
}

fn of_folder(request: &ImportRequest, folder: &Path) -> Result<Vec<ArchiveFile>> {
    let name = request.format.as_str();
    match request.format.files() {
        Files::Each(ending, rows) => Ok(read_archive_folders(&folders(folder, rows), ending)?),
        Files::Tree(ending, rows) => Ok(read_archive_trees(&folders(folder, rows), ending)?),
        Files::One(names) => {
            let paths = names.iter().map(|name| folder.join(name));
            match paths.into_iter().find(|path| path.is_file()) {
                Some(path) => Ok(vec![read_archive_file(&path)?]),
                None => {
                    let shown = shown(request);
                    let message = format!("`{shown}` is a folder: `{name}` is a file");
                    Err(invalid(message))
                }
            }
        }
    }
}

/// The folders of the first row of which the first is there.
fn folders(folder: &Path, rows: &[&[&str]]) -> Vec<PathBuf> {
    let row = rows.iter().find(|row| folder.join(row[0]).is_dir());
    let row = row.copied().unwrap_or_default().iter();
    row.map(|inner| folder.join(inner)).collect()
}
