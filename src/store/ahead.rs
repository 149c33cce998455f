//! A new ticket's text, put on the disk while it is still found out what its file is called.

use std::io;
use std::path::Path;
use std::thread::{Builder, JoinHandle};

use tempfile::TempPath;

use super::Locked;
use super::durable::write_unfinished;

/// A text that a thread of its own writes beside the tickets' files. Dropped, it is gone again.
pub struct Ahead {
    text: String,
    written: Written,
}

enum Written {
    Soon(JoinHandle<io::Result<TempPath>>),
    Yes(TempPath),
    /// It could not be, or is a file by now.
    No,
}

impl Locked<'_> {
    /// Begins to write the text. Where no thread can be had nothing is done ahead.
    #[must_use]
    pub fn write_ahead(&self, text: String) -> Option<Ahead> {
        let (folder, of_thread) = (self.ticks_dir().to_owned(), text.clone());
        let write = move || write_unfinished(&folder, of_thread.as_bytes(), None);
        let written = Written::Soon(Builder::new().spawn(write).ok()?);
        Some(Ahead { text, written })
    }
}

impl Ahead {
    /// The unfinished file, once the text is in it; none where it could not be written, which
    /// whoever writes it then will find out, too.
    pub fn path(&mut self) -> Option<&Path> {
        self.wait();
        match &self.written {
            Written::Yes(path) => Some(path),
            Written::Soon(_) | Written::No => None,
        }
    }

    /// That file, for whoever wants just this text.
    pub(super) fn take(&mut self, text: &str) -> Option<TempPath> {
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

    use super::super::Store;
    use crate::format;
    use crate::model::{Config, StatusId, Ticket, TicketId};

    #[test]
    fn only_its_own_text_is_taken_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let ticks = folder.path().join(".ticks");
        fs::create_dir(&ticks).unwrap();
        let store = Store::open(ticks.clone(), folder.path().join("tk"));
        let locked = store.lock().unwrap();
        let config = Config::default();
        let ticket = |id: &str| {
            let (title, kind) = ("One".to_owned(), "task".to_owned());
            Ticket::new(
                TicketId::parse(id).unwrap(),
                title,
                kind,
                StatusId::new("open"),
            )
        };
        let there = || fs::read_dir(&ticks).unwrap().count();
        drop(locked.write_ahead("dropped".to_owned()));
        assert_eq!(there(), 0);

        let mut ahead = locked.write_ahead(format::print(&ticket("abc"))).unwrap();
        let unfinished = ahead.path().unwrap().to_owned();
        fs::write(ticks.join(".tk-left.tmp"), "").unwrap();
        let index = store.index(&config).unwrap();
        locked.sweep_seen(&index, ahead.path()).unwrap();
        assert_eq!((there(), unfinished.exists()), (1, true));
        let made = [ticket("abc")];
        locked
            .create_with(&made, format::print, Some(ahead), &config)
            .unwrap();
        assert_eq!((there(), unfinished.exists()), (1, false));

        let ahead = locked.write_ahead("of another".to_owned());
        let made = [ticket("def")];
        locked
            .create_with(&made, format::print, ahead, &config)
            .unwrap();
        assert_eq!(there(), 2);
        assert_eq!(store.load_all(&config).unwrap().tickets.len(), 2);
        fs::remove_dir_all(&ticks).unwrap();
        assert_eq!(
            locked.write_ahead("nowhere".to_owned()).unwrap().path(),
            None
        );
    }
}
