//! Who changed a ticket, and when, as git knows it.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{Tracked, Version, filed, version};
use super::resolve::resolve_any;
use super::{ErrorCode, Project, Result};
use crate::compare::{fields, merged_fields, what_became};
use crate::git::{BlobId, CommitId, FileVersion};
use crate::model::{Actor, Ticket, TicketId};
use crate::wire::{HistoryDocument, HistoryEntry, HistoryTicket, TicketChange};

/// The commits that changed the ticket in the history of what is checked out, newest first, and
/// before them what is not committed; so many of these at most. A ticket that was deleted has a
/// history, too.
///
/// # Errors
/// When there is no such ticket and never was one, or git fails.
pub fn history(project: &Project, given: &str, limit: Option<usize>) -> Result<HistoryDocument> {
    let tracked = Tracked::of(project)?;
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let (id, commits) = match resolve_any(&index, &graph, given) {
        Ok(id) => (id.clone(), commits(&tracked, tracked.head, &id)?),
        Err(error) if error.code == ErrorCode::TicketNotFound => {
            let Ok(id) = TicketId::parse(&given.trim().to_lowercase()) else {
                return Err(error);
            };
            let found = commits(&tracked, tracked.head, &id)?;
            if found.is_empty() {
                return Err(error);
            }
            (id, found)
        }
        Err(error) => return Err(error),
    };
    let mut past = Told::new(&tracked);
    past.tell_uncommitted(&id)?;
    past.tell(id.clone(), commits)?;
    let deleted = index.get(&id).is_none() && index.invalid(&id).is_none();
    let title = index.get(&id).map(|ticket| ticket.title().to_owned());
    let total = past.entries.len();
    past.entries.truncate(limit.unwrap_or(total));
    Ok(HistoryDocument {
        schema: "tk.history.v1",
        total,
        truncated: past.entries.len() < total,
        tickets: vec![HistoryTicket {
            id: id.to_string(),
            title: title.or(past.title),
            deleted,
        }],
        entries: past.entries,
    })
}

fn commits(
    tracked: &Tracked<'_>,
    tip: Option<CommitId>,
    id: &TicketId,
) -> Result<Vec<FileVersion>> {
    Ok(match tip {
        Some(tip) => tracked.git.versions_of(tip, &tracked.ticket_path(id))?,
        None => Vec::new(),
    })
}

/// What has been told so far.
struct Told<'t> {
    tracked: &'t Tracked<'t>,
    entries: Vec<HistoryEntry>,
    /// The newest title that could be read.
    title: Option<String>,
}

impl<'t> Told<'t> {
    fn new(tracked: &'t Tracked<'t>) -> Self {
        Self {
            tracked,
            entries: Vec::new(),
            title: None,
        }
    }

    fn tell_uncommitted(&mut self, id: &TicketId) -> Result<()> {
        let (tracked, project) = (self.tracked, self.tracked.project);
        let committed = match tracked.head {
            Some(head) => project.repo.blob_at(head, tracked.ticket_path(id))?,
            None => None,
        };
        let config = &project.config;
        let now = match project.store.read_text(id) {
            Ok(text) => {
                let bytes = text.as_ref().map(String::as_bytes);
                if bytes == committed.as_deref() {
                    return Ok(());
                }
                bytes.map(|bytes| version(id, Some(bytes), config))
            }
            Err(error) => Some(Err(error.to_string())),
        };
        let before = committed.map(|bytes| version(id, Some(&bytes), config));
        let entry = self.entry(&[before.as_ref()], now.as_ref());
        self.entries.push(entry);
        Ok(())
    }

    /// Tells these commits, and, where the first of them has the file from another name, those
    /// of that one.
    fn tell(&mut self, mut id: TicketId, mut commits: Vec<FileVersion>) -> Result<()> {
        let mut seen = BTreeSet::new();
        while seen.insert(id.clone()) {
            let versions = self.read(&id, &commits)?;
            let get = |blob: &Option<BlobId>| blob.as_ref().and_then(|blob| versions.get(blob));
            for commit in &commits {
                let unknown = match commit.before.as_slice() {
                    [None] if self.is_cut_before(commit.commit)? => {
                        Some(Err("this clone is shallow, and begins here".to_owned()))
                    }
                    _ => None,
                };
                let before: Vec<_> = match &unknown {
                    Some(unknown) => vec![Some(unknown)],
                    None => commit.before.iter().map(get).collect(),
                };
                let after = get(&commit.after);
                let entry = self.entry(&before, after);
                let own = !entry.changes.is_empty() || entry.problem.is_some();
                // A merge that took every key from one of its sides is nobody's change.
                if before.len() == 1 || own || after.is_none() {
                    self.entries.push(signed(entry, commit, after));
                }
            }
            let Some(first) = commits.last() else {
                return Ok(());
            };
            let Some(Ok(new)) = get(&first.after) else {
                return Ok(());
            };
            let Some((old, parent, was)) = self.renamed_from(first, new)? else {
                return Ok(());
            };
            if let Some(entry) = self.entries.pop() {
                let entry = HistoryEntry {
                    renamed_from: Some(old.to_string()),
                    change: self.became(Some(&was), new),
                    changes: fields(Some(&was), new),
                    ..entry
                };
                self.entries.push(entry);
            }
            commits = self
                .tracked
                .git
                .versions_of(parent, &self.tracked.ticket_path(&old))?;
            id = old;
        }
        Ok(())
    }

    /// All versions that these commits name.
    fn read(&self, id: &TicketId, commits: &[FileVersion]) -> Result<BTreeMap<BlobId, Version>> {
        let blobs = commits.iter().flat_map(|commit| {
            let all = commit.before.iter().chain([&commit.after]);
            all.filter_map(|blob| *blob)
        });
        let blobs: BTreeSet<BlobId> = blobs.collect();
        let blobs: Vec<BlobId> = blobs.into_iter().collect();
        let texts = self.tracked.git.known_blobs(&blobs)?;
        let config = &self.tracked.project.config;
        let versions = texts
            .iter()
            .map(|text| version(id, text.as_deref(), config));
        Ok(blobs.into_iter().zip(versions).collect())
    }

    /// Whether the clone is shallow and ends at that commit, what was before not being there.
    fn is_cut_before(&self, commit: CommitId) -> Result<bool> {
        let (_, parent) = self.tracked.project.repo.time_and_parent(commit)?;
        match parent {
            Some(parent) => Ok(self.tracked.git.commit_of(&parent.to_string())?.is_none()),
            None => Ok(false),
        }
    }

    /// The ticket that this one was before, if the commit that brought it took away one of
    /// another name that was filed at the same time by the same person with the same title; with
    /// the commit before.
    fn renamed_from(
        &self,
        first: &FileVersion,
        new: &Ticket,
    ) -> Result<Option<(TicketId, CommitId, Ticket)>> {
        let (tracked, repo) = (self.tracked, &self.tracked.project.repo);
        let (_, parent) = repo.time_and_parent(first.commit)?;
        let Some(parent) = parent.filter(|_| first.before == [None]) else {
            return Ok(None);
        };
        if filed(new).is_none() || self.is_cut_before(first.commit)? {
            return Ok(None);
        }
        let after = tracked.files_at(first.commit)?;
        let mut gone = tracked.files_at(parent)?;
        gone.retain(|id, _| !after.contains_key(id));
        let blobs: Vec<BlobId> = gone.values().copied().collect();
        let texts = tracked.git.known_blobs(&blobs)?;
        let config = &tracked.project.config;
        for (id, text) in gone.into_keys().zip(texts) {
            if let Ok(was) = version(&id, text.as_deref(), config)
                && filed(&was) == filed(new)
            {
                return Ok(Some((id, parent, was)));
            }
        }
        Ok(None)
    }

    fn became(&self, before: Option<&Ticket>, after: &Ticket) -> TicketChange {
        let statuses = &self.tracked.project.config.statuses;
        let done = |ticket: &Ticket| statuses.is_done(&ticket.status);
        what_became(before.map(done), Some(done(after)))
    }

    /// What happened between these versions, by nobody yet.
    fn entry(&mut self, before: &[Option<&Version>], after: Option<&Version>) -> HistoryEntry {
        let readable = |version: &Option<&'_ Version>| {
            version.and_then(|version| version.as_ref().ok().cloned())
        };
        let parents: Vec<Option<Ticket>> = before.iter().map(readable).collect();
        let parents: Vec<Option<&Ticket>> = parents.iter().map(Option::as_ref).collect();
        // A merge's first parent may not have had it yet.
        let first = parents.iter().find_map(|parent| *parent);
        let unreadable = before.iter().flatten().find_map(|was| was.as_ref().err());
        let before_it = |problem: &String| format!("the version before it: {problem}");
        let (change, problem, changes) = match after {
            None => (TicketChange::Deleted, None, Vec::new()),
            Some(Err(problem)) => (TicketChange::Unreadable, Some(problem.clone()), Vec::new()),
            Some(Ok(_)) if unreadable.is_some() => {
                let problem = unreadable.map(before_it);
                (TicketChange::Changed, problem, Vec::new())
            }
            Some(Ok(now)) => (self.became(first, now), None, merged_fields(&parents, now)),
        };
        let newest = after.and_then(|after| after.as_ref().ok()).or(first);
        if self.title.is_none() {
            self.title = newest.map(|ticket| ticket.title.clone());
        }
        HistoryEntry {
            commit: None,
            at: None,
            author: None,
            email: None,
            run: None,
            actor: None,
            subject: None,
            change,
            renamed_from: None,
            problem,
            changes,
        }
    }
}

/// The entry with what the commit says of itself.
fn signed(entry: HistoryEntry, commit: &FileVersion, after: Option<&Version>) -> HistoryEntry {
    let record = after.and_then(|after| {
        let run = commit.run.as_ref()?;
        let runs = &after.as_ref().ok()?.runs;
        runs.iter().rfind(|record| record.run == *run)
    });
    HistoryEntry {
        commit: Some(commit.commit.to_string()),
        at: commit.at.map(|at| at.to_string()),
        author: Some(commit.author.clone()),
        email: Some(commit.email.clone()),
        actor: record.map(|record| Actor::agent(&record.agent).to_string()),
        run: commit.run.clone(),
        subject: Some(commit.subject.clone()),
        ..entry
    }
}
