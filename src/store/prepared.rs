//! New texts of tickets on their way to the disk: beside the files that they are for.

use super::durable::Replacement;
use super::{Etag, Etagged, Store, StoreError, Stored};
use crate::model::TicketId;

/// How many texts are there at a time before they are written.
const AT_ONCE: usize = 512;

/// Texts that are written beside the files that they are for, all of them before the first is put
/// in its place. Of very many, only some are in memory. Dropped, they go away.
#[derive(Debug)]
pub struct NewTexts<'s> {
    store: &'s Store,
    waiting: Vec<(TicketId, Etag, String)>,
    files: Vec<TextFile>,
}

/// The new text of a ticket's file, on the disk beside it.
#[derive(Debug)]
pub(super) struct TextFile {
    /// The ticket.
    pub(super) id: TicketId,
    /// The name of the text.
    pub(super) etag: Etag,
    /// The text itself.
    pub(super) file: Replacement,
}

impl<'s> NewTexts<'s> {
    /// Of no ticket yet.
    pub(super) fn new(store: &'s Store) -> Self {
        Self {
            store,
            waiting: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Adds that of a ticket.
    ///
    /// # Errors
    /// When it, or one before it, cannot be written.
    pub fn add(&mut self, new: Stored) -> Result<Etagged, StoreError> {
        let Stored { ticket, text, etag } = new;
        self.waiting.push((ticket.id.clone(), etag, text));
        if self.waiting.len() == AT_ONCE {
            self.write()?;
        }
        Ok(Etagged { ticket, etag })
    }

    /// All of them, on the disk, in the order in which they came.
    ///
    /// # Errors
    /// When one cannot be written.
    pub(super) fn written(mut self) -> Result<Vec<TextFile>, StoreError> {
        self.write()?;
        Ok(self.files)
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let files = self.waiting.iter();
        let files = files.map(|(id, _, text)| (self.store.ticket_path(id), text.as_str()));
        let files = Replacement::prepare_all(&files.collect::<Vec<_>>())?;
        let waiting = self.waiting.drain(..).zip(files);
        let files = waiting.map(|((id, etag, _), file)| TextFile { id, etag, file });
        self.files.extend(files);
        Ok(())
    }
}
