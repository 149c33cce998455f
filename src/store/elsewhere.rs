//! What other clones hold, as it was last seen on the remotes. It is no more than a memory of
//! that: losing it loses nothing that the next look at the remote does not bring back.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::durable::write_atomic;
use super::remote_claim::RemoteHold;
use super::{Locked, Store, StoreError, regular};
use crate::model::TicketId;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// By ticket and remote, as [`Seen::note`] calls it.
    held: BTreeMap<String, RemoteHold>,
}

impl Seen {
    /// Notes what is held on a remote, in place of what was noted of that ticket on it.
    fn note(&mut self, id: &TicketId, hold: RemoteHold) {
        self.forget(id, &hold.remote);
        self.held.insert(format!("{id}@{}", hold.remote), hold);
    }

    fn forget(&mut self, id: &TicketId, remote: &str) {
        let is_it =
            |hold: &RemoteHold| hold.remote == remote && hold.claim.ticket().as_ref() == Some(id);
        self.held.retain(|_, hold| !is_it(hold));
    }
}

impl Store {
    /// The tickets that other clones hold at that time, or have closed or keep for a person, by
    /// what was last seen: of each on every remote where it is so, and first where it is held.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn held_elsewhere(
        &self,
        now: Timestamp,
    ) -> Result<BTreeMap<TicketId, Vec<RemoteHold>>, StoreError> {
        let mut all: BTreeMap<_, Vec<RemoteHold>> = BTreeMap::new();
        let seen = self.seen()?.held.into_values();
        for hold in seen.filter(|hold| hold.claim.bars(now)) {
            if let Some(id) = hold.claim.ticket() {
                all.entry(id).or_default().push(hold);
            }
        }
        for holds in all.values_mut() {
            holds.sort_by_key(|hold| !hold.claim.holds(now));
        }
        Ok(all)
    }

    fn seen(&self) -> Result<Seen, StoreError> {
        let path = self.elsewhere_path();
        let text = match regular::read_text(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Seen::default()),
            Err(error) => return Err(StoreError::io("read", &path)(error)),
        };
        serde_json::from_str(&text).map_err(|error| StoreError::Corrupt {
            path,
            expected: "what other clones hold",
            message: error.to_string(),
            remedy: Some("`tk sync` fetches it anew"),
        })
    }

    fn elsewhere_path(&self) -> PathBuf {
        self.local_dir().join("elsewhere.json")
    }
}

impl Locked<'_> {
    /// Notes what is now known of the ticket: that another clone holds it on a remote, or that none
    /// does on any. Where what was noted before cannot be read that stays as it is, which whoever
    /// reads it is told.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn see_elsewhere(&self, id: &TicketId, hold: Option<RemoteHold>) -> Result<(), StoreError> {
        // What was seen there may be what another process has just taken for this clone.
        let own = self
            .claim_at_all(id)
            .ok()
            .flatten()
            .and_then(|claim| claim.remote);
        let is_own = |hold: &RemoteHold| {
            own.as_ref()
                .is_some_and(|own| own.claim.holding == hold.claim.holding)
        };
        self.change_seen(|seen| match hold {
            Some(hold) if is_own(&hold) => seen.forget(id, &hold.remote),
            Some(hold) => seen.note(id, hold),
            None => seen
                .held
                .retain(|_, hold| hold.claim.ticket().as_ref() != Some(id)),
        })
    }

    /// Notes that no other clone holds the ticket on that remote.
    ///
    /// # Errors
    /// As [`Locked::see_elsewhere`].
    pub fn forget_elsewhere(&self, id: &TicketId, remote: &str) -> Result<(), StoreError> {
        self.change_seen(|seen| seen.forget(id, remote))
    }

    fn change_seen(&self, change: impl FnOnce(&mut Seen)) -> Result<(), StoreError> {
        let Ok(before) = self.seen() else {
            return Ok(());
        };
        let mut seen = before.clone();
        change(&mut seen);
        match seen == before {
            true => Ok(()),
            false => self.write_seen(&seen),
        }
    }

    /// Notes everything that other clones hold on that remote, one of those that there are. Of one
    /// that is none of them any more nothing stays noted, nor of any where what was noted cannot be
    /// read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn see_all_elsewhere(
        &self,
        remote: &str,
        remotes: &[String],
        holds: impl IntoIterator<Item = (TicketId, RemoteHold)>,
    ) -> Result<(), StoreError> {
        let before = self.seen();
        let mut seen = before.as_ref().ok().cloned().unwrap_or_default();
        seen.held
            .retain(|_, hold| hold.remote != remote && remotes.contains(&hold.remote));
        for (id, hold) in holds {
            seen.note(&id, hold);
        }
        match before {
            Ok(before) if before == seen => Ok(()),
            _ => self.write_seen(&seen),
        }
    }

    fn write_seen(&self, seen: &Seen) -> Result<(), StoreError> {
        let path = self.elsewhere_path();
        let json = serde_json::json!(seen).to_string() + "\n";
        write_atomic(&path, json.as_bytes()).map_err(StoreError::io("write", &path))
    }
}
