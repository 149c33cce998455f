//! A ticket as another tracker has it.

use crate::format::{Kept, OF_ORIGIN, Origin};
use crate::model::{Category, Ticket, TicketId};
use crate::wire::Misfit;

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, as messages have it.
    pub name: String,
    /// The folders that it is in, from the root: they may say what became of its tickets.
    pub folders: Vec<String>,
    /// What it holds, or why that cannot be read.
    pub bytes: Result<Vec<u8>, String>,
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// What a file of an archive holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A ticket.
    Ticket(Box<Imported>),
    /// Something that is no ticket there, such as one that was deleted.
    LeftOut {
        /// Where.
        place: Place,
        /// Its id there.
        id: String,
        /// Why.
        reason: &'static str,
    },
    /// Something that cannot be read.
    Invalid {
        /// Where.
        place: Place,
        /// Its id there; empty where that cannot be read either.
        id: String,
        /// What is wrong, and what was expected.
        message: String,
    },
}

/// A ticket, in the words of where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Where it stands.
    pub place: Place,
    /// Whose ids those are, such as `beads`.
    pub space: String,
    /// Whether `tk` itself has exported it.
    pub own: bool,
    /// Its id there, to which the edges of others refer.
    pub id: String,
    /// What the edges of others in the archive call it, where that is not its id there.
    pub named: Option<String>,
    /// The id it would have here, where that is free.
    pub wanted: Option<TicketId>,
    /// What it says, but for its id, status, type and edges.
    pub ticket: Ticket,
    /// Its status there.
    pub status: Option<Standing>,
    /// Its type there.
    pub kind: Option<String>,
    /// Its edges.
    pub edges: Edges,
    /// What has no place in a ticket, for `[[imported]]`.
    pub kept: Vec<(String, Kept)>,
    /// The edges that it cannot have here, by their key: what each names.
    pub lost: Vec<(&'static str, Vec<String>)>,
    /// Keys that `tk` does not know either, of what it has exported itself.
    pub extra: toml::Table,
    /// What did not fit.
    pub misfits: Vec<Misfit>,
}

/// A status of another tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The word there.
    pub word: String,
    /// What it means, where that is known.
    pub category: Option<Category>,
}

/// The ids that a ticket names, as they are where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// What it is a part of.
    pub parent: Option<String>,
    /// What must be done before.
    pub blocked_by: Vec<String>,
    /// Soft order.
    pub after: Vec<String>,
    /// Worth reading beside it.
    pub related: Vec<String>,
    /// During whose work it was found.
    pub discovered_from: Option<String>,
    /// What it repeats.
    pub duplicate_of: Option<String>,
    /// What it came after.
    pub recurs_from: Option<String>,
    /// What is a part of it, where a tracker says so above.
    pub parts: Vec<String>,
    /// What waits for it, where a tracker says so of what comes first.
    pub blocks: Vec<String>,
}

impl Edges {
    /// All that the ticket itself names.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let single = [
            &self.parent,
            &self.discovered_from,
            &self.duplicate_of,
            &self.recurs_from,
        ];
        let several = [&self.blocked_by, &self.after, &self.related];
        let single = single.into_iter().flatten();
        single
            .chain(several.into_iter().flatten())
            .map(String::as_str)
    }
}

impl Imported {
    /// The name of where it comes from. But for what `tk` has exported, which has its own id
    /// and birth, it is known again by that.
    #[must_use]
    pub fn origin(&self) -> String {
        self.origin_of(&self.id)
    }

    /// The name of where the one of that id comes from, to which an edge refers.
    #[must_use]
    pub fn origin_of(&self, id: &str) -> String {
        format!("{}:{id}", self.space)
    }

    /// The id that the one of that id there has here, where it is free.
    #[must_use]
    pub fn wanted_for(&self, id: &str) -> Option<TicketId> {
        wanted(&self.space, id)
    }

    /// Notes that it cannot have that edge here, which is kept.
    pub fn lose(&mut self, key: &'static str, id: String) {
        match self.lost.iter_mut().find(|(name, _)| *name == key) {
            Some((_, ids)) => ids.push(id),
            None => self.lost.push((key, vec![id])),
        }
    }

    /// All that is kept, the edges that it cannot have too, each under a key of its own.
    #[must_use]
    pub fn all_kept(&self) -> Vec<(String, Kept)> {
        let mut all = self.kept.clone();
        for (key, ids) in &self.lost {
            keep(&mut all, key, Kept::Texts(ids.clone()));
        }
        all
    }

    /// Whether an id of such an origin is no other's anywhere. The others are so in one repository.
    #[must_use]
    pub fn is_unique(origin: &str) -> bool {
        // Of ours, they say when it was filed.
        origin.starts_with("taskwarrior:") || origin.starts_with("tk:")
    }

    /// Where it comes from. But for what is unique, its file keeps when it was filed there.
    #[must_use]
    pub fn came_from(&self) -> Origin {
        let name = self.origin();
        let filed_at = self.ticket.created_at.filter(|_| !Self::is_unique(&name));
        Origin { name, filed_at }
    }

    /// The origins of a ticket that `tk` has exported and that was imported before that.
    pub fn earlier_origins(&self) -> impl Iterator<Item = Origin> {
        let earlier = self.extra.get("imported").and_then(toml::Value::as_array);
        let origins = earlier.into_iter().flatten();
        origins.filter_map(|one| {
            let [name, filed_at] = OF_ORIGIN.map(|key| one.get(key)?.as_str());
            Some(Origin {
                name: name?.to_owned(),
                filed_at: filed_at.and_then(|at| at.parse().ok()),
            })
        })
    }
}

/// Adds what is to be kept, under that key or one like it that is free.
pub(super) fn keep(all: &mut Vec<(String, Kept)>, key: &str, kept: Kept) {
    let mut key = key.to_owned();
    while OF_ORIGIN.contains(&key.as_str()) || all.iter().any(|(name, _)| *name == key) {
        key.push('_');
    }
    all.push((key, kept));
}

/// The id that one of that id has here, where it is free.
pub(super) fn wanted(space: &str, id: &str) -> Option<TicketId> {
    if space.starts_with("github") {
        return TicketId::parse(&format!("gh-{id}")).ok();
    }
    let parsed = TicketId::parse(id).or_else(|_| TicketId::parse(&id.to_lowercase()));
    parsed.ok()
}

impl Record {
    /// That of something there that has that id and cannot be read.
    pub(super) fn invalid(place: Place, id: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            place,
            id: id.into(),
            message: message.into(),
        }
    }
}

impl Source {
    /// A place in it.
    pub(super) fn at(&self, line: usize) -> Place {
        Place {
            file: self.name.clone(),
            line,
        }
    }

    /// What those bytes of it say, the first of which is on that line.
    ///
    /// # Errors
    /// What is told where they are no UTF-8, with the line of the first that is none.
    pub(super) fn text<'b>(&self, bytes: &'b [u8], line: usize) -> Result<&'b str, Record> {
        str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let passed = before.iter().filter(|byte| **byte == b'\n').count();
            self.invalid(line + passed, "not UTF-8 text")
        })
    }

    /// Something in it that cannot be read.
    pub(super) fn invalid(&self, line: usize, message: impl Into<String>) -> Record {
        Record::invalid(self.at(line), "", message)
    }
}
