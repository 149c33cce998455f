//! Tickets as they were: where git has them, and what they were at a revision.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Error, ErrorCode, Project, Result};
use crate::config;
use crate::cores;
use crate::format;
use crate::git::{BlobId, CommitId, FileVersion, Git};
use crate::model::{Config, Outline, Shown, Ticket, TicketId, escaped};
use crate::store::{Etag, Index, InvalidFile, Stored, is_ticket_file, named};

/// From so many texts on they are read by several threads.
const MANY: usize = 200;

/// So many texts are read at a time: each time a `git` is started, and what they say is there at
/// once.
pub(super) const AT_A_TIME: usize = 500;

/// The tickets of a commit.
#[derive(Clone)]
pub(super) struct Past {
    /// In outline.
    pub(super) index: Index,
    /// The commit.
    pub(super) commit: CommitId,
    git: Git,
    config: Config,
    /// Their texts.
    files: BTreeMap<TicketId, BlobId>,
}

impl std::fmt::Debug for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Past({} files)", self.files.len())
    }
}

impl Past {
    /// The tickets of those ids with their texts, in their order. No more than [`AT_A_TIME`] are
    /// asked for as a rule.
    ///
    /// # Errors
    /// When git fails, or no longer has one.
    pub(super) fn read<'i>(&self, ids: impl Iterator<Item = &'i TicketId>) -> Result<Vec<Stored>> {
        let files = ids.filter_map(|id| Some((id, *self.files.get(id)?)));
        let (ids, blobs): (Vec<&TicketId>, Vec<BlobId>) = files.unzip();
        let texts = self.git.known_blobs(&blobs)?;
        let one = |(id, bytes): (&TicketId, Option<Vec<u8>>)| {
            let read = ticket_of(bytes.as_deref(), |text| {
                format::parse(id, text, &self.config)
            });
            read.map_err(|(line, message)| {
                Error::new(ErrorCode::Git, format!("`{id}`, line {line}: {message}"))
            })
        };
        ids.into_iter().zip(texts).map(one).collect()
    }
}

/// Where git has the tickets.
pub(super) struct Tracked<'p> {
    pub(super) project: &'p Project,
    pub(super) git: Git,
    /// What is checked out; none where there is no commit yet.
    pub(super) head: Option<CommitId>,
    /// The folder of the tickets, from the top of the working tree.
    folder: PathBuf,
}

/// A commit with tickets.
pub(super) struct Revision {
    /// The commit.
    pub(super) commit: CommitId,
    /// When that was made.
    pub(super) at: Option<Timestamp>,
    /// The configuration that it has.
    pub(super) config: Config,
    /// The files that should be tickets.
    pub(super) files: BTreeMap<TicketId, BlobId>,
}

impl<'p> Tracked<'p> {
    /// The working tree that the project's tickets are in.
    ///
    /// # Errors
    /// When they are in none, or what is checked out cannot be read.
    pub(super) fn of(project: &'p Project) -> Result<Self> {
        let (repo, ticks) = (&project.repo, project.store.ticks_dir());
        // As `TK_DIR` spells it, it may have `..` and links in it.
        let real = ticks.canonicalize();
        let ticks = real.as_deref().unwrap_or(ticks);
        let below = |root: &Path| ticks.strip_prefix(root).ok().map(Path::to_owned);
        // A worktree may be a folder of the main one.
        let (git, head, folder) = match (below(repo.worktree_root()), below(repo.home())) {
            (Some(folder), _) => (repo.git(), repo.head()?, folder),
            (None, Some(folder)) => (repo.home_git(), repo.home_head()?, folder),
            (None, None) => {
                let message = format!("git does not have `{}`", Shown(ticks));
                return Err(Error::new(ErrorCode::Git, message)
                    .hint("what was is told of tickets in the repository"));
            }
        };
        Ok(Self {
            project,
            git,
            head: head.commit,
            folder,
        })
    }

    /// The path of a file of the folder, as git has it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The file of that ticket, as git has it.
    pub(super) fn ticket_path(&self, id: &TicketId) -> PathBuf {
        self.path(&format!("{id}.toml"))
    }

    /// The commits up to those `tips` that changed the file, newest first. What a partial clone has
    /// left out is fetched.
    pub(super) fn versions_of(&self, tips: &[CommitId], path: &Path) -> Result<Vec<FileVersion>> {
        self.project.repo.fetch_trees_of(tips)?;
        Ok(self.git.versions_of(tips, path)?)
    }

    /// What these blobs hold, in their order; `None` of one that is not there. What a partial clone
    /// has left out is fetched.
    pub(super) fn blobs(&self, ids: &[BlobId]) -> Result<Vec<Option<Vec<u8>>>> {
        self.project.repo.fetch_left_out(ids)?;
        Ok(self.git.known_blobs(ids)?)
    }

    /// The commit that a revision names in the worktree where the command runs, whose `HEAD` it
    /// means.
    ///
    /// # Errors
    /// When it names none.
    pub(super) fn commit(&self, name: &str) -> Result<CommitId> {
        // Git would answer ranges with several commits.
        let found = match name.trim().is_empty() || name.contains("..") {
            true => Ok(None),
            false => self.project.repo.git().commit_of(name),
        };
        found.ok().flatten().ok_or_else(|| {
            let shown = escaped(name, 80);
            let message = format!("`{shown}` names no commit");
            let error = Error::new(ErrorCode::Git, message).with("given", name);
            let is_of_head = name.starts_with("HEAD") || name.starts_with('@');
            if self.head.is_none() && is_of_head {
                return error.hint("what is checked out has no commit yet");
            }
            let example = "expected a commit, a branch, a tag or the like, such as `HEAD~3`";
            self.with_what_is_cut(error.hint(example))
        })
    }

    /// The error that a commit is not there, with why that may be.
    pub(super) fn with_what_is_cut(&self, error: Error) -> Error {
        // Where git cannot tell that either, the error stands without it.
        match self.git.is_shallow() {
            Ok(true) => error.hint(
                "this clone is shallow: `git fetch --unshallow` brings the commits before those \
                 that it has",
            ),
            Ok(false) | Err(_) => error,
        }
    }

    /// The commit that a revision names; none where that is what is checked out, and nothing is
    /// committed there yet.
    ///
    /// # Errors
    /// When it names none otherwise.
    pub(super) fn commit_if_any(&self, name: &str) -> Result<Option<CommitId>> {
        match self.head {
            None if matches!(name.trim(), "HEAD" | "@") => Ok(None),
            _ => self.commit(name).map(Some),
        }
    }

    /// What the commit of that name has. Its configuration is today's where its own cannot be used.
    pub(super) fn revision(&self, name: &str, commit: CommitId) -> Result<Revision> {
        let repo = &self.project.repo;
        let (at, _) = repo.time_and_parents(commit)?;
        Ok(Revision {
            commit,
            at,
            config: self.config_at(name, commit)?,
            files: self.files_at(commit)?,
        })
    }

    /// The files of the commit that should be tickets.
    pub(super) fn files_at(&self, commit: CommitId) -> Result<BTreeMap<TicketId, BlobId>> {
        let files = self.project.repo.files_at(commit, &self.folder)?;
        let tickets = files.into_iter();
        let tickets = tickets.filter_map(|file| Some((id_of(&file.name)?, file.blob)));
        Ok(tickets.collect())
    }

    /// The files of the commit that should be tickets, and cannot be for their names.
    fn misnamed_at(&self, commit: CommitId) -> Result<Vec<SmolStr>> {
        let files = self
            .project
            .repo
            .files_at(commit, &self.folder)?
            .into_iter();
        let names = files.map(|file| file.name);
        Ok(names
            .filter(|name| is_ticket_file(name.as_bytes()) && id_of(name).is_none())
            .collect())
    }

    /// The tickets whose files are in the working tree as in the commit, whatever they are.
    pub(super) fn unchanged_since(&self, commit: CommitId) -> Result<BTreeSet<TicketId>> {
        let names = self.git.unchanged_in(&self.folder, commit)?;
        Ok(names.iter().filter_map(|name| id_of(name)).collect())
    }

    fn config_at(&self, name: &str, commit: CommitId) -> Result<Config> {
        let repo = &self.project.repo;
        let Some(bytes) = repo.blob_at(commit, self.path("config.toml"))? else {
            return Ok(Config::default());
        };
        let shown = self.project.store.shown("config.toml");
        let text = String::from_utf8_lossy(&bytes);
        config::parse(&text, &format!("{name}:{shown}")).or_else(|error| {
            self.project.warn(format!(
                "{error}; the configuration of today is used instead"
            ));
            Ok(self.project.config.clone())
        })
    }
}

impl Project {
    /// The project as it was at a revision: its tickets and configuration, at its time.
    ///
    /// # Errors
    /// When it names no commit, or the commit cannot be read.
    pub fn seen_at(mut self, revision: &str) -> Result<Self> {
        let tracked = Tracked::of(&self)?;
        let commit = tracked.commit(revision)?;
        let was = tracked.revision(revision, commit)?;
        let files: Vec<(&TicketId, BlobId)> =
            was.files.iter().map(|(id, blob)| (id, *blob)).collect();
        // All at once, not as they are read.
        let blobs: Vec<BlobId> = was.files.values().copied().collect();
        self.repo.fetch_left_out(&blobs)?;
        let one = |id: &TicketId, bytes: Option<Vec<u8>>| {
            let ticket = ticket_of(bytes.as_deref(), |text| {
                format::parse(id, text, &was.config)
            });
            let ticket = ticket.map(|stored| (Outline::from(&stored.ticket), stored.etag));
            ticket.map_err(|(line, message)| InvalidFile {
                path: format!("{revision}:{}", self.store.shown(&format!("{id}.toml"))),
                id: Some(id.clone()),
                line,
                message,
            })
        };
        let read = |part: &[(&TicketId, BlobId)]| -> Result<_> {
            let blobs: Vec<BlobId> = part.iter().map(|(_, blob)| *blob).collect();
            let texts = tracked.git.known_blobs(&blobs)?.into_iter();
            let (mut tickets, mut etags, mut invalid) = (Vec::new(), Vec::new(), Vec::new());
            for ((id, _), bytes) in part.iter().zip(texts) {
                match one(id, bytes) {
                    Ok((outline, etag)) => {
                        tickets.push(outline);
                        etags.push(etag);
                    }
                    Err(file) => invalid.push(file),
                }
            }
            Ok((Outline::together(tickets), etags, invalid))
        };
        let mut index = cores::stream(&files, AT_A_TIME, MANY, read, |parts| -> Result<Index> {
            let mut index = Index::default();
            for part in parts {
                let (tickets, etags, invalid) = part?;
                let tickets = tickets.into_iter().zip(etags);
                tickets.for_each(|(outline, etag)| index.push(outline, etag));
                index.invalid.extend(invalid);
            }
            Ok(index)
        })?;
        for name in tracked.misnamed_at(commit)? {
            let shown = self.store.shown(&name.escape_debug().to_string());
            if let Err(message) = named(&name) {
                index.invalid.push(InvalidFile {
                    path: format!("{revision}:{shown}"),
                    id: None,
                    line: 1,
                    message,
                });
            }
        }
        self.past = Some(Past {
            index,
            commit,
            git: tracked.git,
            config: was.config.clone(),
            files: was.files,
        });
        self.config = was.config;
        self.now = was.at.unwrap_or(self.now);
        Ok(self)
    }
}

/// The ticket that a file of that name should be.
fn id_of(name: &str) -> Option<TicketId> {
    is_ticket_file(name.as_bytes()).then(|| named(name).ok())?
}

/// The ticket that a file of git spells, or the line and what is wrong with it.
fn ticket_of(
    bytes: Option<&[u8]>,
    parse: impl FnOnce(&str) -> std::result::Result<Ticket, format::ParseError>,
) -> std::result::Result<Stored, (usize, String)> {
    let bytes = bytes.ok_or((1, "it is not in this clone".to_owned()))?;
    let text = std::str::from_utf8(bytes).map_err(|_| (1, "it is not UTF-8".to_owned()))?;
    let ticket = parse(text).map_err(|error| (error.line, error.without_place()))?;
    Ok(Stored {
        ticket,
        text: text.to_owned(),
        etag: Etag::of(bytes),
    })
}

/// Versions of tickets, or why one cannot be read: its place, and what is wrong there. Their
/// types and statuses may be any words: another configuration may have had them. Boxed, since of
/// very many the room in lists and maps counts.
pub(super) type Version = std::result::Result<Box<Ticket>, String>;

/// When a ticket was filed, by whom and with what title: what tells it from others under whatever
/// id.
pub(super) type Filed<'t> = (Timestamp, Option<&'t str>, &'t str);

/// That of the ticket; nothing where it does not say when.
pub(super) fn filed(ticket: &Ticket) -> Option<Filed<'_>> {
    let by = ticket.created_by.as_deref();
    Some((ticket.created_at?, by, &ticket.title))
}

/// Reads one.
pub(super) fn version(id: &TicketId, bytes: Option<&[u8]>, config: &Config) -> Version {
    let stored = ticket_of(bytes, |text| format::parse_any(id, text, config));
    let stored = stored.map_err(|(line, message)| format!("line {line}: {message}"))?;
    Ok(Box::new(stored.ticket))
}
