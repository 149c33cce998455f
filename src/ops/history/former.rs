//! The name that a ticket had before the commit that gave it another one.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::Told;
use crate::git::{BlobId, CommitId};
use crate::merge::differently_made;
use crate::model::{Ticket, TicketId};
use crate::ops::Result;
use crate::ops::past::{Filed, Version, filed, version};

/// A ticket under the name that it had before.
pub(super) struct Former {
    pub(super) id: TicketId,
    /// The commit that gave it the other one; none of what is not committed.
    pub(super) commit: Option<CommitId>,
    /// The parent of that which had it.
    pub(super) parent: CommitId,
    pub(super) blob: BlobId,
    pub(super) version: Version,
}

/// A commit, or the working tree, with what it comes from.
struct Point {
    /// Each parent, with its place among the versions before.
    parents: Vec<(usize, CommitId)>,
    /// What its files hold that should be tickets.
    files: BTreeMap<TicketId, BlobId>,
    /// The versions that git may not have.
    versions: BTreeMap<BlobId, Version>,
}

impl Told<'_> {
    /// The ticket as it was in those parents of the commit that have it under another name, if only
    /// one there was filed when it was, by the same person and with the same title, or only one at
    /// all when and by whom, and the commit has that one no more; with which parent that is. Without
    /// a commit it is what is not committed, which may come from what is being merged.
    pub(super) fn former(
        &self,
        id: &TicketId,
        commit: Option<CommitId>,
        before: &[Option<&Version>],
        filed_so: &BTreeSet<Filed<'_>>,
    ) -> Result<Vec<(usize, Former)>> {
        let missing = |place: usize| before.get(place).is_some_and(Option::is_none);
        if !(0..before.len()).any(missing) {
            return Ok(Vec::new());
        }
        let point = match commit {
            Some(commit) => self.committed(commit)?,
            None => self.uncommitted()?,
        };
        let mut found: Vec<(usize, Former)> = Vec::new();
        for (place, parent) in &point.parents {
            if !missing(*place) || found.iter().any(|(other, _)| other == place) {
                continue;
            }
            let mut files = self.tracked.files_at(*parent)?;
            files.retain(|old, blob| old != id && point.files.get(old) != Some(blob));
            // With the same title, and with another one.
            let (mut alike, mut retitled) = (Vec::new(), Vec::new());
            for (old, blob, version) in self.read(files)? {
                let Some(was) = version.as_deref().ok().and_then(filed) else {
                    continue;
                };
                let is_made_so = |one: &Filed<'_>| (one.0, one.1) == (was.0, was.1);
                let found = match filed_so.contains(&was) {
                    true => &mut alike,
                    false if filed_so.iter().any(is_made_so) => &mut retitled,
                    false => continue,
                };
                if let Ok(was) = &version
                    && self.is_gone(&old, was, &point)?
                {
                    found.push(Former {
                        id: old,
                        commit,
                        parent: *parent,
                        blob,
                        version,
                    });
                }
            }
            if alike.is_empty() {
                alike = retitled;
            }
            // Of several nobody can tell which it was.
            if let (Some(was), true) = (alike.pop(), alike.is_empty()) {
                found.push((*place, was));
            }
        }
        Ok(found)
    }

    fn committed(&self, commit: CommitId) -> Result<Point> {
        let (_, parents) = self.tracked.project.repo.time_and_parents(commit)?;
        Ok(Point {
            parents: parents.into_iter().enumerate().collect(),
            files: self.tracked.files_at(commit)?,
            versions: BTreeMap::new(),
        })
    }

    /// The working tree, with what is checked out and what git says that comes in: of the files, those
    /// that one of the two has.
    fn uncommitted(&self) -> Result<Point> {
        let mut point = Point {
            parents: Vec::new(),
            files: BTreeMap::new(),
            versions: BTreeMap::new(),
        };
        let tracked = self.tracked;
        let Some(head) = tracked.head else {
            return Ok(point);
        };
        let incoming = tracked.git.incoming_by_name()?.map(|it| it.commit);
        let parents = [head].into_iter().chain(incoming);
        point.parents = parents.map(|parent| (0, parent)).collect();
        let same = tracked.unchanged_since(head)?;
        let config = &tracked.project.config;
        for (_, parent) in &point.parents {
            for (id, blob) in tracked.files_at(*parent)? {
                if *parent == head && same.contains(&id) {
                    point.files.insert(id, blob);
                    continue;
                }
                let Entry::Vacant(place) = point.files.entry(id) else {
                    continue;
                };
                let id = place.key();
                let (bytes, found) = match tracked.project.store.read_text(id) {
                    Ok(None) => continue,
                    Ok(Some(text)) => {
                        let found = version(id, Some(text.as_bytes()), config);
                        (text, found)
                    }
                    Err(error) => (error.to_string(), Err(error.to_string())),
                };
                if let Some(blob) = BlobId::of(bytes.as_bytes()) {
                    place.insert(blob);
                    point.versions.insert(blob, found);
                }
            }
        }
        Ok(point)
    }

    /// Whether the file that this ticket had is not there, or another ticket's.
    fn is_gone(&self, old: &TicketId, was: &Ticket, point: &Point) -> Result<bool> {
        let Some(blob) = point.files.get(old) else {
            return Ok(true);
        };
        let is_another = |now: &Version| now.as_ref().is_ok_and(|now| differently_made(was, now));
        if let Some(now) = point.versions.get(blob) {
            return Ok(is_another(now));
        }
        let now = self.read([(old.clone(), *blob)].into())?.pop();
        Ok(now.is_some_and(|(_, _, now)| is_another(&now)))
    }

    fn read(&self, files: BTreeMap<TicketId, BlobId>) -> Result<Vec<(TicketId, BlobId, Version)>> {
        let blobs: Vec<BlobId> = files.values().copied().collect();
        let texts = self.tracked.blobs(&blobs)?;
        let config = &self.tracked.project.config;
        let read = files.into_iter().zip(texts).map(|((id, blob), text)| {
            let version = version(&id, text.as_deref(), config);
            (id, blob, version)
        });
        Ok(read.collect())
    }
}
