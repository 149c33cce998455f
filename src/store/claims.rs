//! Who holds which ticket, in this clone, and until when.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::durable::{UNFINISHED, sync_folder, write_atomic, write_unsynchronised};
use super::folders::names;
use super::remote_claim::{Kept, RemoteHold};
use super::{Backup, Locked, Store, StoreError, regular};
use crate::model::{Actor, TicketId};

/// A ticket held by somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub actor: String,
    /// Until when; after that it is as if it were not there.
    pub lease_until: Timestamp,
    /// The same on a remote, where it was taken there too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Box<RemoteHold>>,
}

impl Claim {
    /// What another clone holds, as a claim.
    #[must_use]
    pub fn elsewhere(hold: RemoteHold) -> Self {
        Self {
            actor: hold.claim.actor.clone(),
            lease_until: hold.claim.lease_until,
            remote: Some(Box::new(hold)),
        }
    }

    /// What became of the ticket in the other clone, where it is not held there any more.
    #[must_use]
    pub fn kept(&self) -> Option<&Kept> {
        self.remote.as_ref()?.claim.kept.as_ref()
    }
}

/// A file in the folder of the claims, whatever it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimFile {
    /// The file.
    pub path: PathBuf,
    /// The ticket, where the file's name is an id.
    pub id: Option<TicketId>,
    /// The claim, its lease over or not; or why it cannot be read as one.
    pub claim: Result<Claim, String>,
}

impl Store {
    /// Every claim there is a file of, by name.
    ///
    /// # Errors
    /// When the folder of the claims is there and cannot be read.
    pub fn claim_files(&self) -> Result<Vec<ClaimFile>, StoreError> {
        let folder = self.claims_dir();
        let failed = || StoreError::io("read", &folder);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed()(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed())?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(UNFINISHED.0) {
                continue;
            }
            let claim = match regular::read_text(&entry.path()) {
                Ok(text) => serde_json::from_str(&text).map_err(|error| error.to_string()),
                // Released since the folder was read.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => Err(error.to_string()),
            };
            found.push(ClaimFile {
                path: entry.path(),
                id: TicketId::parse(&name).ok(),
                claim,
            });
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// The claim on the ticket, if there is one whose lease has not run out at `now`.
    ///
    /// # Errors
    /// When the claim's file cannot be read as one.
    pub fn claim(&self, id: &TicketId, now: Timestamp) -> Result<Option<Claim>, StoreError> {
        let claim = self.claim_at_all(id)?;
        Ok(claim.filter(|claim| now < claim.lease_until))
    }

    /// The claim on the ticket, whether its lease has run out or not.
    ///
    /// # Errors
    /// When the claim's file cannot be read as one.
    pub fn claim_at_all(&self, id: &TicketId) -> Result<Option<Claim>, StoreError> {
        let path = self.claim_path(id);
        let text = match regular::read_text(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("read", &path)(error)),
        };
        if text.is_empty() {
            // The power failed before its content was on the disk.
            return Ok(None);
        }
        serde_json::from_str(&text).map_err(|error| StoreError::Corrupt {
            path,
            expected: "a claim",
            message: error.to_string(),
            remedy: Some("`tk doctor --fix` removes it, unless a run works at the ticket"),
        })
    }

    /// The tickets that somebody has claimed at some time and not let go of; many of those
    /// leases may have run out.
    ///
    /// # Errors
    /// When the folder of the claims is there and cannot be read.
    pub fn claimed(&self) -> Result<BTreeSet<TicketId>, StoreError> {
        let names = names(&self.claims_dir())?;
        Ok(names
            .iter()
            .filter_map(|name| TicketId::parse(name).ok())
            .collect())
    }

    /// The folder of the claims.
    pub(super) fn claims_dir(&self) -> PathBuf {
        self.local_dir().join("claims")
    }

    fn claim_path(&self, id: &TicketId) -> PathBuf {
        self.claims_dir().join(id.as_str())
    }
}

impl Locked<'_> {
    /// Takes the ticket for the actor until then, or renews the actor's own claim. With `remote`
    /// it has been taken there; what other clones are known to hold, there or elsewhere, is theirs.
    ///
    /// # Errors
    /// [`StoreError::Held`] when somebody else has it; or when it cannot be written.
    pub fn acquire_claim(
        &self,
        id: &TicketId,
        actor: &Actor,
        lease_until: Timestamp,
        now: Timestamp,
        remote: Option<RemoteHold>,
    ) -> Result<Claim, StoreError> {
        let own = self.claim_free_for(id, actor, now)?;
        let seen = match self.held_elsewhere(now) {
            // What was taken there nobody else has there; that what was seen cannot be read is told
            // beside it.
            Err(_) if remote.is_some() => BTreeMap::new(),
            seen => seen?,
        };
        let mut seen = seen.get(id).into_iter().flatten();
        let theirs = seen.find(|seen| match &remote {
            // What this clone has left on another one is its own.
            Some(own) => own.remote != seen.remote && !self.has_taken(id, &seen.claim.holding),
            None => true,
        });
        if let Some(hold) = theirs {
            let (id, claim) = (id.clone(), Claim::elsewhere(hold.clone()));
            return Err(StoreError::Held { id, claim });
        }
        let remote = remote.map(Box::new);
        let claim = Claim {
            actor: actor.as_str().to_owned(),
            lease_until,
            remote: remote.or_else(|| own.and_then(|own| own.remote)),
        };
        self.write_claim(id, &claim)?;
        Ok(claim)
    }

    /// The actor's own claim, if there is one, on a ticket that nobody else in this clone holds.
    ///
    /// # Errors
    /// [`StoreError::Held`] when somebody else does.
    pub fn claim_free_for(
        &self,
        id: &TicketId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<Claim>, StoreError> {
        match self.claim(id, now)? {
            Some(claim) if claim.actor != actor.as_str() => {
                let id = id.clone();
                Err(StoreError::Held { id, claim })
            }
            own => Ok(own),
        }
    }

    /// Notes how the claim stands on the remote now, where it is still the same holding.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn note_renewal(&self, id: &TicketId, hold: &RemoteHold) -> Result<(), StoreError> {
        let Some(mut claim) = self.claim_at_all(id)? else {
            return Ok(());
        };
        let known = claim.remote.as_deref().map(|known| &known.claim.holding);
        if known == Some(&hold.claim.holding) {
            claim.remote = Some(Box::new(hold.clone()));
            self.write_claim(id, &claim)?;
        }
        Ok(())
    }

    /// Notes that the claim is of this clone only, where it still is that holding elsewhere, too.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn forget_remote(&self, id: &TicketId, hold: &RemoteHold) -> Result<(), StoreError> {
        let Some(mut claim) = self.claim_at_all(id)? else {
            return Ok(());
        };
        let is_it = |known: &mut Box<RemoteHold>| known.claim.holding == hold.claim.holding;
        if claim.remote.take_if(is_it).is_some() {
            self.write_claim(id, &claim)?;
        }
        Ok(())
    }

    /// Puts the ticket's claim back as it was.
    ///
    /// # Errors
    /// When it cannot be written or removed.
    pub fn restore_claim(&self, id: &TicketId, claim: Option<&Claim>) -> Result<(), StoreError> {
        match claim {
            Some(claim) => self.write_claim(id, claim),
            None => self.release_claim(id).map(|_| ()),
        }
    }

    fn write_claim(&self, id: &TicketId, claim: &Claim) -> Result<(), StoreError> {
        let path = self.claim_path(id);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
        }
        let json = serde_json::json!(claim).to_string() + "\n";
        // What holds in this clone alone may be lost when the power fails: nobody who held a
        // ticket is at work then, and whose it is and that it is begun is in its own file. What is
        // held on a remote is so still.
        let write = match claim.remote {
            None => write_unsynchronised,
            Some(_) => write_atomic,
        };
        write(&path, json.as_bytes()).map_err(StoreError::io("write", &path))
    }

    /// Lets go of the ticket as [`Locked::release_claim`] does, and tells what is held of it on
    /// a remote by that.
    ///
    /// # Errors
    /// When the claim's file cannot be removed.
    pub fn let_go(&self, id: &TicketId) -> Result<(bool, Option<RemoteHold>), StoreError> {
        // One that cannot be read holds nothing there that could be told.
        let claim = self.claim_at_all(id).ok().flatten();
        let released = self.release_claim(id)?;
        Ok((released, claim.and_then(|claim| claim.remote).map(|it| *it)))
    }

    /// Lets go of the ticket, whoever holds it; `false` when nobody did.
    ///
    /// # Errors
    /// When the claim's file cannot be removed.
    pub fn release_claim(&self, id: &TicketId) -> Result<bool, StoreError> {
        let path = self.claim_path(id);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(StoreError::io("remove", &path)(error)),
        }
        if let Some(folder) = path.parent() {
            sync_folder(folder).map_err(StoreError::io("write", folder))?;
        }
        Ok(true)
    }
}

impl Locked<'_> {
    /// Takes the claim's file away, if it still holds what was seen in it; whether it did. What
    /// is no file gets that name in the backup.
    ///
    /// # Errors
    /// When it cannot be read or taken away.
    pub fn remove_claim_file(
        &self,
        seen: &ClaimFile,
        backup: &Backup,
        name: &Path,
    ) -> Result<bool, StoreError> {
        if !self.claim_files()?.contains(seen) {
            return Ok(false);
        }
        backup.take(&seen.path, name)?;
        let failed = StoreError::io("remove", &seen.path);
        sync_folder(&self.claims_dir()).map_err(failed)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_until_it_is_released_or_runs_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join(".ticks"), folder.path().join("tk"));
        let id = TicketId::parse("abc").unwrap();
        let (ann, bob) = (Actor::new("ann"), Actor::new("bob"));
        let now: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let locked = store.lock().unwrap();
        assert_eq!(store.claim(&id, now).unwrap(), None);
        locked.acquire_claim(&id, &ann, later, now, None).unwrap();
        locked.acquire_claim(&id, &ann, later, now, None).unwrap();
        let error = locked
            .acquire_claim(&id, &bob, later, now, None)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`abc` is held by ann until 2026-11-20T10:00:00Z"
        );
        locked.acquire_claim(&id, &bob, later, later, None).unwrap();
        fs::write(store.claim_path(&id), "").unwrap();
        assert_eq!(store.claim(&id, now).unwrap(), None);
        locked.acquire_claim(&id, &bob, later, now, None).unwrap();
        assert!(locked.release_claim(&id).unwrap());
        assert!(!locked.release_claim(&id).unwrap());
        assert_eq!(store.claim(&id, now).unwrap(), None);
    }
}
