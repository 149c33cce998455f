//! What commands of this clone have taken on a remote: noted before it is there, and until it has
//! been given back. So what a killed command has left there can be told from what others hold.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::durable::write_atomic;
use super::folders::{names, read_if_there};
use super::{Store, StoreError, lock, regular};
use crate::model::TicketId;

/// Between the ticket and the holding in a file's name; in neither.
const BETWEEN: char = '@';

/// Something taken on a remote, or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The ticket.
    pub ticket: TicketId,
    /// What the holding is called there: letters and digits.
    pub holding: String,
    /// The remote's name.
    pub remote: String,
    /// Until when, unless it is renewed.
    pub lease_until: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Note {
    remote: String,
    lease_until: Timestamp,
}

/// That a holding is being taken, which nobody gives back meanwhile. It ends with the process, too.
#[derive(Debug)]
pub struct Taking(#[expect(dead_code, reason = "held, for its lock")] File);

impl Store {
    /// Notes that the holding is about to be taken, or anew until when it is held.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin_taking(&self, holding: &Holding) -> Result<Taking, StoreError> {
        let folder = self.holdings_dir();
        fs::create_dir_all(&folder).map_err(StoreError::io("create", &folder))?;
        let path = self.holding_path(&holding.ticket, &holding.holding);
        let note = Note {
            remote: holding.remote.clone(),
            lease_until: holding.lease_until,
        };
        let begin = || {
            let mut options = File::options();
            let mut file = options
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            file.lock_shared()?;
            let text = serde_json::json!(note).to_string();
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)?;
            Ok(file)
        };
        begin().map(Taking).map_err(StoreError::io("write", &path))
    }

    /// What was taken by commands that have ended, of which no claim in this clone knows any more,
    /// in the order of the tickets. Notes that cannot be read are none.
    ///
    /// # Errors
    /// When the notes cannot be read, or the lock is not to be had.
    pub fn left_there(&self) -> Result<Vec<Holding>, StoreError> {
        let mut found = names(&self.holdings_dir())?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        found.sort();
        // Under the lock a claim is not gone for a moment only.
        let _locked = self.lock()?;
        let left = found.iter().filter_map(|name| self.left(name));
        Ok(left.collect())
    }

    fn left(&self, name: &str) -> Option<Holding> {
        let (ticket, holding) = name.split_once(BETWEEN)?;
        let ticket = TicketId::parse(ticket).ok()?;
        let path = self.holding_path(&ticket, holding);
        let file = File::options().read(true).open(&path).ok()?;
        // First this, then the claim: it is there before the lock is let go of.
        file.try_lock().ok()?;
        let claim = self.claim_at_all(&ticket).ok()?;
        let known = claim.and_then(|claim| claim.remote);
        if known.is_some_and(|known| known.claim.holding == holding) {
            return None;
        }
        let text = regular::read_text(&path).ok()?;
        let note: Note = serde_json::from_str(&text).ok()?;
        Some(Holding {
            ticket,
            holding: holding.to_owned(),
            remote: note.remote,
            lease_until: note.lease_until,
        })
    }

    /// Whether the holding is one that this clone has taken, and not forgotten.
    #[must_use]
    pub fn has_taken(&self, ticket: &TicketId, holding: &str) -> bool {
        self.holding_path(ticket, holding).is_file()
    }

    /// Waits until the command that is taking that holding has ended, or has noted it as a claim;
    /// whether it has, in the time that one waits for the lock.
    ///
    /// # Errors
    /// When the note cannot be locked.
    pub fn wait_for_taking(&self, ticket: &TicketId, holding: &str) -> Result<bool, StoreError> {
        let path = self.holding_path(ticket, holding);
        match lock::wait_for(&path, self.wait) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(StoreError::io("lock", &path)(error))
            }
            ended => Ok(ended.unwrap_or(true)),
        }
    }

    /// Forgets the holding, which is there no more.
    ///
    /// # Errors
    /// When the note cannot be removed.
    pub fn forget_holding(&self, ticket: &TicketId, holding: &str) -> Result<(), StoreError> {
        remove(&self.holding_path(ticket, holding))
    }

    /// Notes that this clone lets go of the holding on that remote, and keeps what became of the
    /// ticket.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_kept(
        &self,
        ticket: &TicketId,
        holding: &str,
        remote: &str,
    ) -> Result<(), StoreError> {
        let path = self.kept_path(ticket);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
        }
        let text = format!("{holding}\n{remote}\n");
        write_atomic(&path, text.as_bytes()).map_err(StoreError::io("write", &path))
    }

    /// The holding in which this clone keeps what became of the ticket, and the remote on which it
    /// was let go of.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn keeps(&self, ticket: &TicketId) -> Result<Option<(String, String)>, StoreError> {
        let text = read_if_there(&self.kept_path(ticket))?;
        Ok(text.map(|text| {
            let (holding, remote) = text.split_once('\n').unwrap_or((&text, ""));
            (holding.to_owned(), remote.trim_end().to_owned())
        }))
    }

    /// The tickets of which this clone keeps what became of them, in order.
    ///
    /// # Errors
    /// When the notes cannot be read.
    pub fn all_kept(&self) -> Result<Vec<TicketId>, StoreError> {
        let mut names = names(&self.kept_dir())?;
        names.sort();
        let ids = names.iter().filter_map(|name| TicketId::parse(name).ok());
        Ok(ids.collect())
    }

    /// Forgets that, where it is of that holding still.
    ///
    /// # Errors
    /// When the note cannot be read or removed.
    pub fn forget_kept(&self, ticket: &TicketId, holding: &str) -> Result<(), StoreError> {
        match self.keeps(ticket)? {
            Some((known, _)) if known == holding => remove(&self.kept_path(ticket)),
            _ => Ok(()),
        }
    }

    fn kept_dir(&self) -> PathBuf {
        self.local_dir().join("kept")
    }

    fn kept_path(&self, ticket: &TicketId) -> PathBuf {
        self.kept_dir().join(ticket.as_str())
    }

    fn holdings_dir(&self) -> PathBuf {
        self.local_dir().join("holdings")
    }

    fn holding_path(&self, ticket: &TicketId, holding: &str) -> PathBuf {
        self.holdings_dir()
            .join(format!("{ticket}{BETWEEN}{holding}"))
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Actor;
    use crate::store::{RemoteClaim, RemoteHold};

    #[test]
    fn what_is_being_taken_or_held_here_is_not_left_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join(".ticks"), folder.path().join("tk"));
        assert_eq!(store.left_there().unwrap(), []);
        let ticket = TicketId::parse("abc").unwrap();
        let (now, until) = ("2026-11-20T08:00:00Z", "2026-11-20T10:00:00Z");
        let (now, until) = (now.parse().unwrap(), until.parse().unwrap());
        let holding = Holding {
            ticket: ticket.clone(),
            holding: "a1".to_owned(),
            remote: "origin".to_owned(),
            lease_until: until,
        };
        let taking = store.begin_taking(&holding).unwrap();
        assert_eq!(store.left_there().unwrap(), []);
        drop(taking);
        assert_eq!(store.left_there().unwrap(), std::slice::from_ref(&holding));
        // A run takes again what it had taken, under the same name.
        let again = store.begin_taking(&holding).unwrap();
        assert_eq!(store.left_there().unwrap(), []);
        drop(again);
        assert_eq!(store.left_there().unwrap(), std::slice::from_ref(&holding));
        let ann = Actor::new("ann");
        let hold = |word: &str| RemoteHold {
            remote: "origin".to_owned(),
            commit: String::new(),
            claim: RemoteClaim::new(&ticket, &ann, until, 1, word),
            without: None,
        };
        let claim = |word: &str| {
            let locked = store.lock().unwrap();
            let held = Some(hold(word));
            locked
                .acquire_claim(&ticket, &ann, until, now, held)
                .unwrap();
        };
        claim("a1");
        assert_eq!(store.left_there().unwrap(), []);
        claim("b2");
        assert_eq!(store.left_there().unwrap(), [holding]);
        fs::write(folder.path().join("tk/holdings/no note"), "x").unwrap();
        fs::write(folder.path().join("tk/holdings/abc@c3"), "x").unwrap();
        assert_eq!(store.left_there().unwrap().len(), 1);
        store.forget_holding(&ticket, "a1").unwrap();
        store.forget_holding(&ticket, "a1").unwrap();
        assert_eq!(store.left_there().unwrap(), []);
    }
}
