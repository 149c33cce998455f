//! Writing tickets, under the lock.

use std::borrow::Borrow;
use std::fs;
use std::ops::Deref;

use super::durable::{sync_folder, write_atomic};
use super::last_change::Recording;
use super::lock::Lock;
use super::prepared::{NewTexts, TextFile};
use super::regular::LARGEST_FILE;
use super::{Etag, Etagged, Store, StoreError, Stored};
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
    pub changed: Vec<Ticket>,
    /// The names of their texts.
    pub etags: Vec<Etag>,
    /// Those that come after the ones that the changes close.
    pub following: Vec<Etagged>,
}

/// Changes that are about to be made: what they leave, and the texts beside the files that are to
/// be replaced. Dropped, nothing of them is left.
#[derive(Debug, Default)]
pub struct Prepared {
    written: Written,
    files: Vec<TextFile>,
}

impl Written {
    fn of(changed: Stored, following: Vec<Stored>) -> Self {
        Self {
            changed: vec![changed.ticket],
            etags: vec![changed.etag],
            following: following.into_iter().map(Etagged::from).collect(),
        }
    }

    /// All the tickets, with the names of their texts.
    pub fn all(&self) -> impl Iterator<Item = (&Ticket, Etag)> {
        let changed = self.changed.iter().zip(self.etags.iter().copied());
        let following = self.following.iter();
        changed.chain(following.map(|new| (&new.ticket, new.etag)))
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

    /// Writes the change, and makes the ticket that comes after the one that it closes: all of
    /// [`Locked::prepare`] and [`Locked::put`]. What that leaves.
    ///
    /// # Errors
    /// As theirs.
    pub fn write(&self, change: Change, config: &Config) -> Result<Written, StoreError> {
        let Change { before, after } = change;
        let prepared = self.prepare(vec![after], |_, _| Ok::<_, StoreError>(&before), config)?;
        self.put(prepared)
    }

    /// Gets the tickets ready to be written as they are to be, and those that come after the ones
    /// that this closes. `before` tells of each, when it is asked, how it was read under the same
    /// lock. Every one is turned into text, read back, and put on the disk beside its file before
    /// the first file is replaced, so that what cannot be written changes nothing. Files that say
    /// what they should already are left alone.
    ///
    /// # Errors
    /// When `before` fails, or a text cannot be made or written.
    pub fn prepare<B: Borrow<Stored>, E: From<StoreError>>(
        &self,
        after: Vec<Ticket>,
        before: impl FnMut(usize, &Ticket) -> Result<B, E>,
        config: &Config,
    ) -> Result<Prepared, E> {
        let mut texts = self.new_texts();
        let keep = |new: Stored, before: Option<Etag>| match before == Some(new.etag) {
            true => Ok(Etagged::from(new)),
            false => texts.add(new),
        };
        let written = self.outcome(after, before, config, keep)?;
        let mut files = texts.written()?;
        // What follows is there before what it follows is closed, whenever the power fails.
        files.rotate_right(written.following.len());
        Ok(Prepared { written, files })
    }

    /// What [`Locked::prepare`] makes of the tickets, without any text: there is nothing to put.
    ///
    /// # Errors
    /// When `before` fails, or a text cannot be made.
    pub fn rehearse<B: Borrow<Stored>, E: From<StoreError>>(
        &self,
        after: Vec<Ticket>,
        before: impl FnMut(usize, &Ticket) -> Result<B, E>,
        config: &Config,
    ) -> Result<Prepared, E> {
        let keep = |new: Stored, _| Ok(Etagged::from(new));
        Ok(Prepared {
            written: self.outcome(after, before, config, keep)?,
            files: Vec::new(),
        })
    }

    /// Puts the texts in the places of the files that they are for.
    ///
    /// # Errors
    /// When a file cannot be replaced.
    pub fn put(&self, prepared: Prepared) -> Result<Written, StoreError> {
        self.put_and_remove(prepared, &[])
    }

    /// As [`Locked::put`]; then removes the files of those tickets.
    ///
    /// # Errors
    /// When a file cannot be replaced, or is not there or cannot be removed.
    pub fn put_and_remove(
        &self,
        Prepared { written, files }: Prepared,
        removed: &[TicketId],
    ) -> Result<Written, StoreError> {
        if files.is_empty() && removed.is_empty() {
            return Ok(written);
        }
        let names = files.iter().map(|new| (&new.id, Some(new.etag)));
        self.record(names.chain(removed.iter().map(|id| (id, None))))?;
        for new in files {
            new.file.put()?;
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
        Ok(written)
    }

    /// All files that [`Locked::write`] would leave of that change: the one that is changed, and
    /// that of what comes after it. Nothing is written.
    ///
    /// # Errors
    /// When a text cannot be made.
    pub fn files_after(&self, change: Change, config: &Config) -> Result<Vec<Stored>, StoreError> {
        let Change { before, after } = change;
        let mut files = Vec::new();
        let keep = |new: Stored, _| {
            files.push(new.clone());
            Ok(Etagged::from(new))
        };
        self.outcome(
            vec![after],
            |_, _| Ok::<_, StoreError>(&before),
            config,
            keep,
        )?;
        Ok(files)
    }

    /// The tickets as they are to be, and what comes after those that the changes close. `keep` is
    /// given each with its text, and the etag before of what is there already.
    fn outcome<B: Borrow<Stored>, E: From<StoreError>>(
        &self,
        after: Vec<Ticket>,
        mut before: impl FnMut(usize, &Ticket) -> Result<B, E>,
        config: &Config,
        mut keep: impl FnMut(Stored, Option<Etag>) -> Result<Etagged, StoreError>,
    ) -> Result<Written, E> {
        let (mut etags, mut closed) = (Vec::with_capacity(after.len()), Vec::new());
        for (place, after) in after.iter().enumerate() {
            let before = before(place, after)?;
            let before = before.borrow();
            if closes_repeated(&before.ticket, after, config) {
                closed.push(after);
            }
            let new = self.changed(before, after, config)?;
            etags.push(keep(new, Some(before.etag))?.etag);
        }
        let over = after.iter();
        let over = over.filter(|ticket| config.statuses.is_done(&ticket.status));
        let over: Vec<&TicketId> = over.map(|ticket| &ticket.id).collect();
        let following = self.following(&closed, &over, config)?.into_iter();
        let following = following.map(|new| keep(new, None));
        let following = following.collect::<Result<Vec<_>, _>>()?;
        Ok(Written {
            changed: after,
            etags,
            following,
        })
    }

    /// Makes the tickets' files: all of them or none.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when there is one of such an id already; or when a text cannot be
    /// made or written.
    pub fn create(&self, tickets: &[Ticket], config: &Config) -> Result<Vec<Etagged>, StoreError> {
        let mut texts = self.new_texts();
        let made = tickets.iter().map(|ticket| {
            let text = format::print(ticket);
            texts.add(self.faithful(ticket, text, config)?)
        });
        let made = made.collect::<Result<Vec<_>, _>>()?;
        self.create_texts(texts)?;
        Ok(made)
    }

    /// Texts to be made files of, of no ticket yet: each must be as [`Locked::faithful`] gave it.
    #[must_use]
    pub fn new_texts(&self) -> NewTexts<'_> {
        NewTexts::new(self)
    }

    /// Makes files of the texts, as [`Locked::create`].
    ///
    /// # Errors
    /// As [`Locked::create`].
    pub fn create_texts(&self, texts: NewTexts<'_>) -> Result<(), StoreError> {
        let files = texts.written()?;
        if files.is_empty() {
            return Ok(());
        }
        self.record(files.iter().map(|new| (&new.id, Some(new.etag))))?;
        let mut made = Vec::with_capacity(files.len());
        for TextFile { id, file, .. } in files {
            let failed = match file.put_new() {
                Ok(true) => {
                    made.push(id);
                    continue;
                }
                Ok(false) => StoreError::Taken(id),
                Err(error) => error,
            };
            for id in &made {
                let path = self.ticket_path(id);
                fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            }
            if self.recording.is_some() {
                self.forget_last_change()?;
            }
            return Err(failed);
        }
        sync_folder(self.ticks_dir()).map_err(StoreError::io("write", self.ticks_dir()))
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
        self.put_one(&stored)?;
        Ok(stored)
    }

    /// Puts that text, which must be the ticket's, in place of what its file said, and makes the
    /// ticket that comes after it, if that closes it: as [`Locked::write`].
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
        let mut texts = self.new_texts();
        let differing = Some(&stored).filter(|new| new.etag != before.etag);
        for new in following.iter().chain(differing) {
            texts.add(new.clone())?;
        }
        self.put(Prepared {
            written: Written::of(stored, following),
            files: texts.written()?,
        })
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
            self.put_one(new)?;
        }
        Ok(Written::of(stored, following))
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
        self.following(&[after], &[&after.id], config)
    }

    fn put_one(&self, stored: &Stored) -> Result<(), StoreError> {
        let path = self.ticket_path(&stored.ticket.id);
        write_atomic(&path, stored.text.as_bytes()).map_err(StoreError::io("write", &path))
    }

    /// The ticket with its new text.
    fn changed(
        &self,
        before: &Stored,
        after: &Ticket,
        config: &Config,
    ) -> Result<Stored, StoreError> {
        if before.ticket == *after {
            return Ok(before.clone());
        }
        let text = format::edit(&before.text, &before.ticket, after).map_err(|error| {
            StoreError::Unwritable {
                id: after.id.clone(),
                message: error.to_string(),
            }
        })?;
        self.faithful(after, text, config)
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

#[cfg(test)]
mod tests;
