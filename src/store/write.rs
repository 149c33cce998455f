//! Writing tickets, under the lock.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::durable::{Replacement, sync_folder, write_atomic};
use super::last_change::Recording;
use super::lock::Lock;
use super::regular::LARGEST_FILE;
use super::{Etag, Store, StoreError, Stored};
use crate::format;
use crate::model::{Config, Ticket, TicketId};

/// The store with its lock held: what is read stays so until it is let go. The only way to
/// write; where only [`Store::lock_to_tell`] has made it, nothing is.
#[derive(Debug)]
pub struct Locked<'a> {
    store: &'a Store,
    _lock: Option<Lock>,
    /// Whose changes can be taken back; nobody's, if nothing is said.
    pub(super) recording: Option<Recording>,
}

/// A ticket as it was read, and as it is to be.
#[derive(Clone, Debug)]
pub struct Change {
    /// As it was read under the same lock.
    pub before: Stored,
    /// As it is to be.
    pub after: Ticket,
}

/// What changes leave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The tickets of the changes, in their order.
    pub changed: Vec<Stored>,
    /// Those that come after the ones that the changes close.
    pub following: Vec<Stored>,
}

/// The tickets as changes leave them, each with the etag before, and those that follow.
type Outcome = (Vec<(Etag, Stored)>, Vec<Stored>);

impl Written {
    fn of((texts, following): Outcome) -> Self {
        let changed = texts.into_iter().map(|(_, stored)| stored).collect();
        Self { changed, following }
    }
}

impl Deref for Locked<'_> {
    type Target = Store;
    fn deref(&self) -> &Store {
        self.store
    }
}

impl<'a> Locked<'a> {
    pub(super) fn new(store: &'a Store, lock: Option<Lock>) -> Self {
        Self {
            store,
            _lock: lock,
            recording: None,
        }
    }

    /// Writes the changes, and makes the tickets that come after those that they close. Every
    /// one is turned into text, read back, and put on the disk beside its file before the first
    /// file is replaced, so that what cannot be written changes nothing. Files that say what they
    /// should already are left alone.
    ///
    /// # Errors
    /// When a text cannot be made or written.
    pub fn write(&self, changes: Vec<Change>, config: &Config) -> Result<Vec<Stored>, StoreError> {
        Ok(self.write_all(changes, config)?.changed)
    }

    /// As [`Locked::write`]; what comes after the tickets is in the answer, too.
    ///
    /// # Errors
    /// As [`Locked::write`].
    pub fn write_all(&self, changes: Vec<Change>, config: &Config) -> Result<Written, StoreError> {
        self.put_all(self.outcome(changes, config)?, &[])
    }

    /// What [`Locked::write_all`] would leave. Nothing is written.
    ///
    /// # Errors
    /// When a text cannot be made.
    pub fn rehearse(&self, changes: Vec<Change>, config: &Config) -> Result<Written, StoreError> {
        Ok(Written::of(self.outcome(changes, config)?))
    }

    /// Writes the changes as [`Locked::write`] does, then removes the files of those tickets.
    ///
    /// # Errors
    /// When a text cannot be made or written, or a file is not there or cannot be removed.
    pub fn write_and_remove(
        &self,
        changes: Vec<Change>,
        removed: &[TicketId],
        config: &Config,
    ) -> Result<Vec<Stored>, StoreError> {
        Ok(self
            .put_all(self.outcome(changes, config)?, removed)?
            .changed)
    }

    fn put_all(&self, outcome: Outcome, removed: &[TicketId]) -> Result<Written, StoreError> {
        let (texts, following) = &outcome;
        let differing = texts.iter().filter(|(before, new)| *before != new.etag);
        let differing = differing.map(|(_, new)| new);
        // What follows is there before what it follows is closed, whenever the power fails.
        let files: Vec<(PathBuf, &str)> = following
            .iter()
            .chain(differing)
            .map(|new| (self.ticket_path(&new.ticket.id), new.text.as_str()))
            .collect();
        let files: Vec<(&Path, &str)> = files.iter().map(|(path, text)| (&**path, *text)).collect();
        let prepared = Replacement::prepare_all(&files)?;
        if prepared.is_empty() && removed.is_empty() {
            return Ok(Written::of(outcome));
        }
        let differing = texts.iter().filter(|(before, new)| *before != new.etag);
        let differing = differing.map(|(_, new)| new);
        let written = following.iter().chain(differing);
        let written = written.map(|new| (&new.ticket.id, Some(new.etag)));
        self.record(written.chain(removed.iter().map(|id| (id, None))))?;
        for ((path, _), replacement) in files.iter().zip(prepared) {
            replacement.put().map_err(StoreError::io("write", path))?;
        }
        // References to a ticket are gone before it is, whenever the power fails.
        let sync = || sync_folder(self.ticks_dir());
        sync().map_err(StoreError::io("write", self.ticks_dir()))?;
        for id in removed {
            let path = self.ticket_path(id);
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
        if !removed.is_empty() {
            sync().map_err(StoreError::io("write", self.ticks_dir()))?;
        }
        Ok(Written::of(outcome))
    }

    /// All files that [`Locked::write`] would leave of these changes: those that are changed,
    /// and those of what comes after them. Nothing is written.
    ///
    /// # Errors
    /// When a text cannot be made.
    pub fn files_after(
        &self,
        changes: Vec<Change>,
        config: &Config,
    ) -> Result<Vec<Stored>, StoreError> {
        let Written { changed, following } = self.rehearse(changes, config)?;
        Ok(changed.into_iter().chain(following).collect())
    }

    /// The tickets as they are to be, each with the etag before, and what comes after those that
    /// the changes close.
    fn outcome(&self, changes: Vec<Change>, config: &Config) -> Result<Outcome, StoreError> {
        let done = |ticket: &Ticket| config.statuses.is_done(&ticket.status);
        let is_closed =
            |change: &&Change| closes_repeated(&change.before.ticket, &change.after, config);
        let closed: Vec<Ticket> = changes
            .iter()
            .filter(is_closed)
            .map(|change| change.after.clone())
            .collect();
        let texts = changes
            .into_iter()
            .map(|change| self.changed(change, config))
            .collect::<Result<Vec<_>, _>>()?;
        let over: Vec<&TicketId> = texts
            .iter()
            .map(|(_, new)| &new.ticket)
            .filter(|ticket| done(ticket))
            .map(|ticket| &ticket.id)
            .collect();
        let following = self.following(&closed, &over, config)?;
        Ok((texts, following))
    }

    /// Makes the tickets' files: all of them or none.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when there is one of such an id already; or when a text cannot be
    /// made or written.
    pub fn create(&self, tickets: &[Ticket], config: &Config) -> Result<Vec<Stored>, StoreError> {
        let texts = tickets.iter().map(|ticket| {
            let text = format::print(ticket);
            self.faithful(ticket, text, config)
        });
        self.create_texts(texts.collect::<Result<Vec<_>, _>>()?)
    }

    /// As [`Locked::create`], of texts that [`Locked::faithful`] has checked.
    ///
    /// # Errors
    /// As [`Locked::create`].
    pub fn create_texts(&self, texts: Vec<Stored>) -> Result<Vec<Stored>, StoreError> {
        let ids = texts.iter().map(|new| &new.ticket.id);
        let paths: Vec<PathBuf> = ids.map(|id| self.ticket_path(id)).collect();
        let files = paths.iter().zip(&texts);
        let files: Vec<(&Path, &str)> = files
            .map(|(path, stored)| (&**path, stored.text.as_str()))
            .collect();
        let prepared = Replacement::prepare_all(&files)?;
        self.record(texts.iter().map(|new| (&new.ticket.id, Some(new.etag))))?;
        for (place, replacement) in prepared.into_iter().enumerate() {
            let failed = match replacement.put_new() {
                Ok(true) => continue,
                Ok(false) => StoreError::Taken(texts[place].ticket.id.clone()),
                Err(error) => StoreError::io("write", &paths[place])(error),
            };
            for path in &paths[..place] {
                fs::remove_file(path).map_err(StoreError::io("remove", path))?;
            }
            if self.recording.is_some() {
                self.forget_last_change()?;
            }
            return Err(failed);
        }
        sync_folder(self.ticks_dir()).map_err(StoreError::io("write", self.ticks_dir()))?;
        Ok(texts)
    }

    /// Puts that text, which must be a ticket's, in place of the ticket's file, or makes it.
    /// For texts that come out of a merge.
    ///
    /// # Errors
    /// When the text is no ticket's, the file that is there is none, or it cannot be written.
    pub fn write_text(
        &self,
        id: &TicketId,
        text: String,
        config: &Config,
    ) -> Result<Stored, StoreError> {
        let stored = self.parse(id, text, config)?;
        match self.read(id, config) {
            Ok(old) if old.etag == stored.etag => return Ok(stored),
            Ok(_) | Err(StoreError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        self.record([(id, Some(stored.etag))])?;
        self.put(&stored)?;
        Ok(stored)
    }

    /// Puts that text, which must be the ticket's, in place of what its file said, and makes the
    /// ticket that comes after it, if that closes it: as [`Locked::write_all`].
    ///
    /// # Errors
    /// When the text is no ticket's, or it cannot be written.
    pub fn write_edited(
        &self,
        before: &Stored,
        text: String,
        config: &Config,
    ) -> Result<Written, StoreError> {
        let stored = self.parse(&before.ticket.id, text, config)?;
        let following = self.following_edit(&before.ticket, &stored.ticket, config)?;
        self.put_all((vec![(before.etag, stored)], following), &[])
    }

    /// Puts that text, which must be a ticket's, in place of a file that is none. What it said
    /// must be in safety. Makes what comes after the ticket, if what it was is known and
    /// this closes it.
    ///
    /// # Errors
    /// When the text is no ticket's, or it cannot be written.
    pub fn mend(
        &self,
        id: &TicketId,
        before: Option<&Ticket>,
        text: String,
        config: &Config,
    ) -> Result<Written, StoreError> {
        let stored = self.parse(id, text, config)?;
        let following = match before {
            Some(before) => self.following_edit(before, &stored.ticket, config)?,
            None => Vec::new(),
        };
        if self.recording.is_some() {
            // There is no ticket to go back to.
            self.forget_last_change()?;
        }
        for new in following.iter().chain([&stored]) {
            self.put(new)?;
        }
        let changed = vec![stored];
        Ok(Written { changed, following })
    }

    /// What comes after the ticket, if that change closes it.
    fn following_edit(
        &self,
        before: &Ticket,
        after: &Ticket,
        config: &Config,
    ) -> Result<Vec<Stored>, StoreError> {
        if !closes_repeated(before, after, config) {
            return Ok(Vec::new());
        }
        self.following(std::slice::from_ref(after), &[&after.id], config)
    }

    fn put(&self, stored: &Stored) -> Result<(), StoreError> {
        let path = self.ticket_path(&stored.ticket.id);
        write_atomic(&path, stored.text.as_bytes()).map_err(StoreError::io("write", &path))
    }

    /// The etag before, and the ticket with its new text.
    fn changed(&self, change: Change, config: &Config) -> Result<(Etag, Stored), StoreError> {
        let Change { before, after } = change;
        if before.ticket == after {
            return Ok((before.etag, before));
        }
        let text = format::edit(&before.text, &before.ticket, &after).map_err(|error| {
            StoreError::Unwritable {
                id: after.id.clone(),
                message: error.to_string(),
            }
        })?;
        Ok((before.etag, self.faithful(&after, text, config)?))
    }

    /// The text as that of the ticket, if it reads back as the same.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] where it does not, or is too large for a file.
    pub fn faithful(
        &self,
        ticket: &Ticket,
        text: String,
        config: &Config,
    ) -> Result<Stored, StoreError> {
        let unwritable = |message: String| StoreError::Unwritable {
            id: ticket.id.clone(),
            message,
        };
        if text.len() > LARGEST_FILE {
            let most = LARGEST_FILE >> 20;
            let message = format!("its file would be larger than {most} MiB");
            return Err(unwritable(message));
        }
        let read = format::parse(&ticket.id, &text, config)
            .map_err(|error| unwritable(format!("what would be written is invalid: {error}")))?;
        if read != *ticket {
            let message = "what would be written reads back as another ticket".to_owned();
            return Err(unwritable(message));
        }
        let etag = Etag::of(text.as_bytes());
        let ticket = read;
        Ok(Stored { ticket, text, etag })
    }
}

/// Whether the change closes a ticket that comes again.
fn closes_repeated(before: &Ticket, after: &Ticket, config: &Config) -> bool {
    let done = |ticket: &Ticket| config.statuses.is_done(&ticket.status);
    after.repeat.is_some() && done(after) && !done(before)
}

impl Store {
    /// Reads the ticket under the lock, changes it, and writes it. What `change` answers
    /// comes back beside the ticket as it now stands; where it fails, nothing is written.
    ///
    /// # Errors
    /// What `change` fails with; or when the ticket cannot be read or written.
    pub fn edit<R, E: From<StoreError>>(
        &self,
        id: &TicketId,
        config: &Config,
        change: impl FnOnce(&mut Ticket) -> Result<R, E>,
    ) -> Result<(Stored, R), E> {
        let locked = self.lock()?;
        let before = locked.read(id, config)?;
        let mut after = before.ticket.clone();
        let answer = change(&mut after)?;
        let (_, stored) = locked.changed(
            Change {
                before: before.clone(),
                after,
            },
            config,
        )?;
        if stored.etag != before.etag {
            let path = locked.ticket_path(id);
            write_atomic(&path, stored.text.as_bytes()).map_err(StoreError::io("write", &path))?;
        }
        Ok((stored, answer))
    }
}

#[cfg(test)]
mod tests;
