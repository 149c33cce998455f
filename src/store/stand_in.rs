//! A folder that stands in for `.ticks/` while that is another branch's: with what the files
//! said when it began, so that what was written meanwhile can be merged back.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::durable::write_atomic;
use super::{Locked, Store, StoreError};
use crate::merge::{Merged, merge_ticket};
use crate::model::{Config, TicketId};

/// The folder, which need not be there.
#[derive(Clone, Debug)]
pub struct StandIn {
    folder: PathBuf,
}

/// How it began; written last, so that a folder without it is none.
#[derive(Debug, Serialize, Deserialize)]
struct Beginning {
    /// The branch whose files it stands in for.
    branch: String,
    /// The files below `.ticks/`, by their relative paths.
    files: BTreeMap<String, String>,
}

impl StandIn {
    /// The one in that folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Makes it, with these files, by their paths below `.ticks/`, which must come from checked
    /// names.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn make(&self, branch: &str, files: BTreeMap<String, String>) -> Result<(), StoreError> {
        self.remove()?;
        for (name, text) in &files {
            let path = self.ticks().join(name);
            let folder = path.parent().unwrap_or(&path);
            fs::create_dir_all(folder).map_err(StoreError::io("make", folder))?;
            fs::write(&path, text).map_err(StoreError::io("write", &path))?;
        }
        let path = self.beginning();
        let branch = branch.to_owned();
        let json = serde_json::to_vec(&Beginning { branch, files });
        let json = json.map_err(|error| self.corrupt(&error))?;
        write_atomic(&path, &json).map_err(StoreError::io("write", &path))
    }

    /// The branch whose files it stands in for; none where it is not there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn branch(&self) -> Result<Option<String>, StoreError> {
        Ok(self.read()?.map(|beginning| beginning.branch))
    }

    /// The tickets in it, for whoever would use those of that store.
    #[must_use]
    pub fn store(&self, of: &Store) -> Store {
        of.elsewhere(self.ticks())
    }

    /// Merges what was written into it since it began into the tickets, key by key, and
    /// removes it; the tickets that were changed differently there, and stay as they are.
    /// A ticket that is no longer there is not made again.
    ///
    /// # Errors
    /// When something cannot be read or written; then it stays, and may be brought back again.
    pub fn bring_back(
        &self,
        tickets: &Locked<'_>,
        config: &Config,
    ) -> Result<Vec<TicketId>, StoreError> {
        let mut unsettled = Vec::new();
        let meanwhile = self.store(tickets);
        for (name, before) in self.read()?.map(|found| found.files).unwrap_or_default() {
            let stem = name.strip_suffix(".toml").unwrap_or_default();
            let Ok(id) = TicketId::parse(stem) else {
                continue;
            };
            let (Some(theirs), Some(ours)) = (meanwhile.read_text(&id)?, tickets.read_text(&id)?)
            else {
                continue;
            };
            if theirs == before || theirs == ours {
                continue;
            }
            match merge_ticket(&id, Some(&before), &ours, &theirs, config) {
                Merged::Clean(text) => drop(tickets.write_text(&id, text, config)?),
                Merged::Conflict { .. } | Merged::TwoTickets { .. } => unsettled.push(id),
            }
        }
        self.remove()?;
        Ok(unsettled)
    }

    /// Removes it.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self) -> Result<(), StoreError> {
        // Without its beginning it is none any more, whatever is left.
        gone(fs::remove_file(self.beginning()), &self.beginning())?;
        gone(fs::remove_dir_all(&self.folder), &self.folder)
    }

    fn read(&self) -> Result<Option<Beginning>, StoreError> {
        let path = self.beginning();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("read", &path)(error)),
        };
        let beginning = serde_json::from_str(&text).map_err(|error| self.corrupt(&error))?;
        Ok(Some(beginning))
    }

    fn ticks(&self) -> PathBuf {
        self.folder.join("ticks")
    }

    fn beginning(&self) -> PathBuf {
        self.folder.join("beginning.json")
    }

    fn corrupt(&self, error: &serde_json::Error) -> StoreError {
        StoreError::Corrupt {
            path: self.beginning(),
            expected: "how a stand-in for ticket files began",
            message: error.to_string(),
            remedy: None,
        }
    }
}

fn gone(removed: std::io::Result<()>, path: &Path) -> Result<(), StoreError> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
