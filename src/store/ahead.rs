//! A ticket's text, put on the disk while it is still found out whether it may be, which takes
//! about as long.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use tempfile::TempPath;

use super::durable::{Replacement, permissions_of, write_unfinished};
use super::{Locked, StoreError, Stored};
use crate::format;
use crate::model::Ticket;

/// A text that a thread of its own writes beside the tickets' files. Dropped, it is gone again.
#[derive(Debug)]
pub(super) struct Ahead {
    /// The file it is for; none for that of a new ticket.
    of: Option<PathBuf>,
    text: String,
    written: Written,
}

#[derive(Debug)]
enum Written {
    Soon(JoinHandle<io::Result<TempPath>>),
    Yes(TempPath),
    /// It could not be, or is a file by now.
    No,
}

impl Locked<'_> {
    /// Begins to write the text of a new ticket, which [`Locked::create`] takes if it is the one
    /// that it makes.
    pub fn create_ahead(&self, ticket: &Ticket) {
        self.begin(None, format::print(ticket));
    }

    /// Begins to write the ticket as it will probably be, which [`Locked::write`] takes if it is
    /// just that.
    pub fn write_ahead(&self, before: &Stored, after: &Ticket) {
        if before.ticket == *after {
            return;
        }
        // What cannot be written is told when it is to be.
        if let Ok(text) = format::edit(&before.text, &before.ticket, after) {
            self.begin(Some(self.ticket_path(&after.id)), text);
        }
    }

    /// Where no thread can be had nothing is done ahead.
    fn begin(&self, of: Option<PathBuf>, text: String) {
        let (folder, path, bytes) = (self.ticks_dir().to_owned(), of.clone(), text.clone());
        let write = move || {
            let permissions = path.as_deref().map(permissions_of).transpose()?;
            write_unfinished(&folder, bytes.as_bytes(), permissions.flatten())
        };
        let written = Builder::new().spawn(write).map(Written::Soon);
        *self.ahead.borrow_mut() = written.ok().map(|written| Ahead { of, text, written });
    }

    /// The files, on the disk beside those they replace or, with `new`, where none is.
    pub(super) fn prepare<'p>(
        &self,
        files: &[(&'p Path, &'p str)],
        new: bool,
    ) -> Result<Vec<Replacement<'p>>, StoreError> {
        let ahead = self.ahead.take();
        if let ([(path, text)], Some(mut ahead)) = (files, ahead)
            && ahead.of.as_deref() == (!new).then_some(*path)
            && let Some(draft) = ahead.take(text)
        {
            return Ok(vec![Replacement::drafted(path, draft)]);
        }
        Replacement::prepare_all(files)
    }
}

impl Ahead {
    /// The unfinished file, once the text is in it; none where it could not be written, which
    /// whoever writes it then will find out, too.
    pub(super) fn path(&mut self) -> Option<&Path> {
        self.wait();
        match &self.written {
            Written::Yes(path) => Some(path),
            Written::Soon(_) | Written::No => None,
        }
    }

    /// That file, for whoever wants just this text.
    fn take(&mut self, text: &str) -> Option<TempPath> {
        self.wait();
        if self.text != text {
            return None;
        }
        match std::mem::replace(&mut self.written, Written::No) {
            Written::Yes(path) => Some(path),
            Written::Soon(_) | Written::No => None,
        }
    }

    fn wait(&mut self) {
        self.written = match std::mem::replace(&mut self.written, Written::No) {
            Written::Soon(thread) => match thread.join() {
                Ok(written) => written.map_or(Written::No, Written::Yes),
                Err(panic) => std::panic::resume_unwind(panic),
            },
            written => written,
        };
    }
}

impl Drop for Ahead {
    /// Not before it is written: else the thread would leave it there.
    fn drop(&mut self) {
        if let Written::Soon(thread) = std::mem::replace(&mut self.written, Written::No) {
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::{Change, Store};
    use super::*;
    use crate::model::{Config, StatusId, TicketId};

    fn ticket(id: &str, title: &str) -> Ticket {
        let (title, kind) = (title.to_owned(), "task".to_owned());
        Ticket::new(
            TicketId::parse(id).unwrap(),
            title,
            kind,
            StatusId::new("open"),
        )
    }

    #[test]
    fn only_what_is_meant_is_taken_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let ticks = folder.path().join(".ticks");
        fs::create_dir(&ticks).unwrap();
        let store = Store::open(ticks.clone(), folder.path().join("tk"));
        let config = Config::default();
        let there = || fs::read_dir(&ticks).unwrap().count();
        let unfinished = |locked: &Locked<'_>| {
            let mut ahead = locked.ahead.borrow_mut();
            ahead.as_mut().and_then(Ahead::path).map(Path::to_owned)
        };

        let locked = store.lock().unwrap();
        locked.create_ahead(&ticket("abc", "Dropped"));
        drop(locked);
        assert_eq!(there(), 0);

        let locked = store.lock().unwrap();
        locked.create_ahead(&ticket("any", "One"));
        let draft = unfinished(&locked).unwrap();
        fs::write(ticks.join(".tk-left.tmp"), "").unwrap();
        locked.sweep_seen(&store.index(&config).unwrap()).unwrap();
        assert_eq!((there(), draft.exists()), (1, true));
        let made = locked.create(&[ticket("abc", "One")], &config).unwrap();
        assert_eq!((there(), draft.exists()), (1, false));

        locked.create_ahead(&ticket("any", "Of another"));
        locked.create(&[ticket("def", "Two")], &config).unwrap();
        assert_eq!(there(), 2);

        let path = store.ticket_path(&made[0].ticket.id);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        for (probably, title) in [("Three", "Three"), ("Four", "Five")] {
            let before = store.read(&made[0].ticket.id, &config).unwrap();
            locked.write_ahead(&before, &ticket("abc", probably));
            assert!(unfinished(&locked).is_some());
            let after = ticket("abc", title);
            locked
                .write(vec![Change { before, after }], &config)
                .unwrap();
            let now = store.read(&made[0].ticket.id, &config).unwrap();
            assert_eq!((now.ticket.title.as_str(), there()), (title, 2));
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        }

        fs::remove_dir_all(&ticks).unwrap();
        locked.create_ahead(&ticket("any", "Nowhere"));
        assert_eq!(unfinished(&locked), None);
    }
}
