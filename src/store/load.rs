//! Reading tickets. A file that is none never takes the others down.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::thread;
use std::time::SystemTime;

use jiff::Timestamp;

use super::regular::Folder;
use super::{Etag, Store, StoreError, regular};
use crate::cores;
use crate::format::{self, Origin};
use crate::model::{Config, Ticket, TicketId};

/// From so many files on they are parsed by several threads.
const MANY: usize = 200;

/// A file in `.ticks/` that should be a ticket and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {message}")]
pub struct InvalidFile {
    /// The file, as messages name it.
    pub path: String,
    /// The ticket it would be, where its name is an id.
    pub id: Option<TicketId>,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what was expected.
    pub message: String,
}

/// A ticket with the exact text it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// What the file says.
    pub ticket: Ticket,
    /// The file's text.
    pub text: String,
    /// The name of this text.
    pub etag: Etag,
}

/// A ticket without its text: of very many, those take as much memory again.
#[derive(Clone, Debug, PartialEq)]
pub struct Etagged {
    /// What the file says.
    pub ticket: Ticket,
    /// The name of the file's text.
    pub etag: Etag,
}

impl From<Stored> for Etagged {
    fn from(Stored { ticket, etag, .. }: Stored) -> Self {
        Self { ticket, etag }
    }
}

/// Everything in `.ticks/`.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The tickets, by id.
    pub tickets: Vec<Ticket>,
    /// The files that could not be read as tickets, by name.
    pub invalid: Vec<InvalidFile>,
}

/// A ticket that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its id here.
    pub id: TicketId,
    /// When it was filed where it comes from, where its file says so.
    pub filed_at: Option<Timestamp>,
}

/// The tickets that were imported from each place, in the order of their ids.
pub type Origins = BTreeMap<String, Vec<Arrival>>;

/// Giving many tickets back to the allocator takes time that nobody should wait for, least of
/// all at the end of a command.
impl Drop for Loaded {
    fn drop(&mut self) {
        if self.tickets.len() >= MANY {
            let tickets = std::mem::take(&mut self.tickets);
            // Where there can be no thread, they are given back here and now.
            let _ = thread::Builder::new().spawn(move || drop(tickets));
        }
    }
}

impl Loaded {
    /// The ticket of that id.
    #[must_use]
    pub fn get(&self, id: &TicketId) -> Option<&Ticket> {
        let place = self.place(id).ok()?;
        self.tickets.get(place)
    }

    fn place(&self, id: &TicketId) -> Result<usize, usize> {
        self.tickets.binary_search_by(|ticket| ticket.id.cmp(id))
    }

    /// The file of that id that could not be read as a ticket.
    #[must_use]
    pub fn invalid(&self, id: &TicketId) -> Option<&InvalidFile> {
        self.invalid
            .iter()
            .find(|file| file.id.as_ref() == Some(id))
    }
}

/// How the text of a ticket's file is understood.
pub(super) trait Parse:
    Fn(&TicketId, &str) -> Result<Ticket, format::ParseError> + Sync
{
}
impl<F: Fn(&TicketId, &str) -> Result<Ticket, format::ParseError> + Sync> Parse for F {}

impl Store {
    /// Reads every ticket, each file once.
    ///
    /// # Errors
    /// When the folder cannot be read. What is wrong with single files is in the answer.
    pub fn load_all(&self, config: &Config) -> Result<Loaded, StoreError> {
        let parse = |id: &TicketId, text: &str| format::parse(id, text, config);
        let names = self.ticket_files()?;
        let parts = cores::spread(&names, MANY, |part| self.load_files(part, &parse));
        let mut loaded = Loaded::default();
        for part in parts {
            let mut part = part?;
            loaded.tickets.append(&mut part.tickets);
            loaded.invalid.append(&mut part.invalid);
        }
        Ok(loaded)
    }

    /// Those of the files that are no tickets which, as far as they can be read, name the ticket
    /// as their parent.
    pub fn broken_children<'f>(
        &'f self,
        parent: &'f TicketId,
        invalid: &'f [InvalidFile],
        config: &'f Config,
    ) -> impl Iterator<Item = &'f InvalidFile> {
        invalid.iter().filter(move |file| {
            let Some(id) = &file.id else { return false };
            // Of what is no text nothing can be told.
            let Ok(Some(text)) = self.read_text(id) else {
                return false;
            };
            text.contains(parent.as_str())
                && format::legible(id, &text, config).ticket.parent.as_ref() == Some(parent)
        })
    }

    /// Reads the tickets of these files, which are in the order of their ids.
    fn load_files(&self, names: &[String], parse: &impl Parse) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded {
            tickets: Vec::with_capacity(names.len()),
            invalid: Vec::new(),
        };
        let folder =
            Folder::open(self.ticks_dir()).map_err(StoreError::io("read", self.ticks_dir()))?;
        for name in names {
            let text = folder.read_text(name).map(|(_, text)| text);
            match self.read_one(name, text, parse)? {
                Some(Ok(stored)) => loaded.tickets.push(stored.ticket),
                Some(Err(file)) => loaded.invalid.push(file),
                // Deleted since the folder was read.
                None => {}
            }
        }
        Ok(loaded)
    }

    /// The ticket that was read from the file of that name, or what is wrong with it; `None`
    /// where there is no such file.
    pub(super) fn read_one(
        &self,
        name: &str,
        text: io::Result<String>,
        parse: &impl Parse,
    ) -> Result<Option<Result<Stored, InvalidFile>>, StoreError> {
        match self.spelled(name, text, parse) {
            Ok(stored) => Ok(Some(Ok(stored))),
            Err(StoreError::Invalid(file)) => Ok(Some(Err(file))),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(StoreError::Io { source, .. }) => {
                Ok(Some(Err(self.invalid(name, 1, source.to_string()))))
            }
            Err(error) => Err(error),
        }
    }

    /// Reads one ticket.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no file, [`StoreError::Invalid`] where it is
    /// no ticket.
    pub fn read(&self, id: &TicketId, config: &Config) -> Result<Stored, StoreError> {
        let parse = |id: &_, text: &_| format::parse(id, text, config);
        self.read_file(&format!("{id}.toml"), parse)
    }

    /// The text of the ticket's file, whatever it says; `None` where there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_text(&self, id: &TicketId) -> Result<Option<String>, StoreError> {
        self.part(&format!("{id}.toml"))
    }

    /// The ids that are in use, also by files that are no tickets.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self) -> Result<std::collections::BTreeSet<TicketId>, StoreError> {
        let names = self.ticket_files()?;
        Ok(names.iter().filter_map(|name| named(name).ok()).collect())
    }

    /// Where the tickets were imported from, as far as their files can be read.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn origins(&self) -> Result<Origins, StoreError> {
        let names = self.ticket_files()?;
        let folder =
            Folder::open(self.ticks_dir()).map_err(StoreError::io("read", self.ticks_dir()))?;
        let mut origins = Origins::new();
        for name in &names {
            // Files that are none are named by others.
            let Ok(text) = folder.read_legible(name) else {
                continue;
            };
            let Ok(id) = named(name) else { continue };
            for Origin { name, filed_at } in format::origins(&text) {
                let id = id.clone();
                let arrival = Arrival { id, filed_at };
                let arrivals = origins.entry(name).or_default();
                if arrivals.last() != Some(&arrival) {
                    arrivals.push(arrival);
                }
            }
        }
        Ok(origins)
    }

    /// The tickets whose files hold such a text. Those that cannot be read are left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn texts_that(
        &self,
        is_such: impl Fn(&str) -> bool + Sync,
    ) -> Result<Vec<TicketId>, StoreError> {
        let names = self.ticket_files()?;
        let folder =
            Folder::open(self.ticks_dir()).map_err(StoreError::io("read", self.ticks_dir()))?;
        let parts = cores::spread(&names, MANY, |part| {
            let holds_such = |name: &&String| {
                let text = folder.read_text(name).map(|(_, text)| text);
                text.is_ok_and(|text| is_such(&text))
            };
            let such = part.iter().filter(holds_such);
            such.filter_map(|name| named(name).ok()).collect::<Vec<_>>()
        });
        Ok(parts.into_iter().flatten().collect())
    }

    /// Tickets whose ids begin with `begun`, those changed last first, at most `most`: what
    /// can be told in a moment, however many there are. Files that are none are left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn newest(
        &self,
        begun: &str,
        most: usize,
        config: &Config,
    ) -> Result<Vec<Ticket>, StoreError> {
        let mut names = self.ticket_files()?;
        names.retain(|name| name.starts_with(begun));
        if names.len() > most {
            let changed = |name: &String| {
                let metadata = fs::symlink_metadata(self.ticks_dir().join(name));
                let modified = metadata.and_then(|metadata| metadata.modified());
                std::cmp::Reverse(modified.unwrap_or(SystemTime::UNIX_EPOCH))
            };
            // Stable: of the same time, those first whose names come first.
            names.sort_by_cached_key(changed);
            names.truncate(most);
        }
        let parse = |id: &_, text: &_| format::parse(id, text, config);
        let read = names.iter().map(|name| self.read_file(name, parse));
        Ok(read.flatten().map(|stored| stored.ticket).collect())
    }

    /// The names of the files that should be tickets, in the order of their ids.
    fn ticket_files(&self) -> Result<Vec<String>, StoreError> {
        let failed = || StoreError::io("read", self.ticks_dir());
        let mut names = Vec::new();
        for entry in fs::read_dir(self.ticks_dir()).map_err(failed())? {
            let name = entry.map_err(failed())?.file_name();
            if is_ticket_file(name.as_encoded_bytes()) {
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort_unstable_by(|a, b| stem(a).cmp(stem(b)));
        Ok(names)
    }

    fn read_file(&self, name: &str, parse: impl Parse) -> Result<Stored, StoreError> {
        let text = regular::read_text(&self.ticks_dir().join(name));
        self.spelled(name, text, parse)
    }

    /// The ticket that was read from the file of that name.
    fn spelled(
        &self,
        name: &str,
        text: io::Result<String>,
        parse: impl Parse,
    ) -> Result<Stored, StoreError> {
        let id = named(name).map_err(|message| self.invalid(name, 1, message))?;
        let text = match text {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(StoreError::NotFound(id));
            }
            Err(error) => return Err(self.invalid(name, 1, error.to_string()).into()),
        };
        self.parse_with(&id, text, parse)
    }

    /// The ticket that the text of its file spells.
    pub(super) fn parse(
        &self,
        id: &TicketId,
        text: String,
        config: &Config,
    ) -> Result<Stored, StoreError> {
        self.parse_with(id, text, |id, text| format::parse(id, text, config))
    }

    fn parse_with(
        &self,
        id: &TicketId,
        text: String,
        parse: impl Parse,
    ) -> Result<Stored, StoreError> {
        match parse(id, &text) {
            Ok(ticket) => {
                let etag = Etag::of(text.as_bytes());
                Ok(Stored { ticket, text, etag })
            }
            Err(error) => {
                let name = format!("{id}.toml");
                Err(self
                    .invalid(&name, error.line, error.without_place())
                    .into())
            }
        }
    }

    fn invalid(&self, name: &str, line: usize, message: String) -> InvalidFile {
        InvalidFile {
            path: self.shown(&name.escape_debug().to_string()),
            id: named(name).ok(),
            line,
            message,
        }
    }
}

/// Whether a file of that name should be a ticket.
#[must_use]
pub fn is_ticket_file(name: &[u8]) -> bool {
    name.ends_with(b".toml") && !name.starts_with(b".") && name != b"config.toml"
}

/// The ticket that a file of that name is.
///
/// # Errors
/// When the name is no id: why.
pub fn named(name: &str) -> Result<TicketId, String> {
    TicketId::parse(stem(name)).map_err(|error| format!("the file's name must be an id: {error}"))
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".toml").unwrap_or(name)
}
