//! A ticket's text on its way through a person's editor.
//!
//! `<local>/edits/<id>/` holds the text as it was opened and the file that the editor has,
//! from before the editor starts until what came of it is in the store, so that nothing typed
//! is ever lost. The store's lock is not held meanwhile; `<local>/edits/<id>.lock` sees to it
//! that a ticket is in one editor at a time.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::durable::write_atomic;
use super::folders::read_if_there;
use super::lock::{Lock, acquire};
use super::{Etag, Store, StoreError};
use crate::model::TicketId;

/// The text of a ticket that is being edited by this process.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
    file: PathBuf,
    opened: PathBuf,
    _lock: Lock,
}

impl Store {
    /// The draft of that ticket, for this process alone.
    ///
    /// # Errors
    /// [`StoreError::Editing`] while another process has it.
    pub fn draft(&self, id: &TicketId) -> Result<Draft, StoreError> {
        let edits = self.local_dir().join("edits");
        let lock = acquire(&edits.join(format!("{id}.lock")), Duration::ZERO);
        let lock = lock.map_err(|error| match error {
            StoreError::Locked { holder, .. } => StoreError::Editing {
                id: id.clone(),
                holder,
            },
            other => other,
        })?;
        let folder = edits.join(id.as_str());
        Ok(Draft {
            file: folder.join(format!("{id}.toml")),
            opened: folder.join("opened"),
            folder,
            _lock: lock,
        })
    }
}

impl Draft {
    /// The file that the editor opens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// What an earlier edit was opened from, where it was kept.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn kept(&self) -> Result<Option<String>, StoreError> {
        let Some(opened) = read_if_there(&self.opened)? else {
            return Ok(None);
        };
        // What cannot be read as text is no less kept.
        let same = match read_if_there(&self.file) {
            Ok(None) => true,
            Ok(Some(edited)) => edited == opened,
            Err(_) => false,
        };
        Ok((!same).then_some(opened))
    }

    /// Puts `text` into the file, opened from `opened`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(&self, opened: &str, text: &str) -> Result<(), StoreError> {
        fs::create_dir_all(&self.folder).map_err(StoreError::io("create", &self.folder))?;
        for (path, text) in [(&self.opened, opened), (&self.file, text)] {
            write_atomic(path, text.as_bytes()).map_err(StoreError::io("write", path))?;
        }
        Ok(())
    }

    /// Whether a regular file is in its place, or nothing.
    #[must_use]
    pub fn is_file(&self) -> bool {
        fs::symlink_metadata(&self.file).map_or(true, |data| data.is_file())
    }

    /// What the file says now; nothing where the editor has left none.
    ///
    /// # Errors
    /// When it is too large, not text, or no regular file.
    pub fn edited(&self) -> Result<Option<String>, StoreError> {
        read_if_there(&self.file)
    }

    /// Keeps that text beside the drafts, where no edit overwrites it; where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, text: &str) -> Result<PathBuf, StoreError> {
        let path = self.aside(text);
        write_atomic(&path, text.as_bytes()).map_err(StoreError::io("write", &path))?;
        Ok(path)
    }

    /// Moves a kept edit out of the way, so that another can begin; to where.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn set_aside(&self) -> Result<PathBuf, StoreError> {
        let aside = match self.edited() {
            Ok(text) => self.aside(&text.unwrap_or_default()),
            Err(_) => self.aside_unread(),
        };
        fs::rename(&self.file, &aside).map_err(StoreError::io("move", &self.file))?;
        Ok(aside)
    }

    /// A file named after what it says: the same text is kept once.
    fn aside(&self, text: &str) -> PathBuf {
        let name = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let etag = Etag::of(text.as_bytes());
        self.folder.with_file_name(format!("{name}-{etag}.toml"))
    }

    /// A name for what cannot be read, which nothing has yet.
    fn aside_unread(&self) -> PathBuf {
        let name = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let mut number = 1;
        loop {
            let path = self
                .folder
                .with_file_name(format!("{name}-unread-{number}.toml"));
            if fs::symlink_metadata(&path).is_err() {
                return path;
            }
            number += 1;
        }
    }

    /// Removes the draft, and whatever the editor has left beside it.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn discard(self) -> Result<(), StoreError> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(StoreError::io("remove", &self.folder)(error))
            }
            _ => Ok(()),
        }
    }
}
