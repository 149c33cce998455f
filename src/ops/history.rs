//! Who changed a ticket, and when, as git knows it.

mod chain;
mod former;

use std::collections::{BTreeMap, BTreeSet};

use chain::{Chain, Step};
use former::Former;
use jiff::Timestamp;

use super::meant::{resolve_any, whole_id};
use super::past::{Filed, Tracked, Version, filed, version};
use super::values::printable;
use super::{ErrorCode, Project, Result};
use crate::compare::{merged_fields, what_became};
use crate::git::{BlobId, CommitId, FileVersion};
use crate::model::{Actor, Outline, Ticket, TicketId};
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
            let Some(id) = whole_id(given) else {
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
    past.tell(id.clone(), commits)?;
    let deleted = index.get(&id).is_none() && index.invalid(&id).is_none();
    for ticket in index.tickets.iter().filter(|ticket| ticket.id != id) {
        if past.has_had(ticket) {
            let other = &ticket.id;
            project.hint(format!(
                "`{other}`, {:?}, was `{id}` before: `tk history {other}` tells of it",
                printable(ticket.title())
            ));
        }
    }
    let title = index.get(&id).map(|ticket| ticket.title().to_owned());
    let total = past.rows.len();
    past.rows.truncate(limit.unwrap_or(total));
    Ok(HistoryDocument {
        schema: "tk.history.v1",
        total,
        truncated: past.rows.len() < total,
        tickets: vec![HistoryTicket {
            id: id.to_string(),
            title: title.or(past.title),
            deleted,
        }],
        entries: past.rows.into_iter().map(|row| row.entry).collect(),
    })
}

fn commits(
    tracked: &Tracked<'_>,
    tip: Option<CommitId>,
    id: &TicketId,
) -> Result<Vec<FileVersion>> {
    Ok(match tip {
        Some(tip) => tracked.versions_of(&[tip], &tracked.ticket_path(id))?,
        None => Vec::new(),
    })
}

/// What is wrong with a version that is a symbolic link.
const LINK: &str = "it is a symbolic link: expected a regular file";

/// An entry, by when its commit was made; by nothing, where it is not committed.
struct Row {
    commit: Option<CommitId>,
    at: Option<Timestamp>,
    entry: HistoryEntry,
}

/// What has been told so far.
struct Told<'t> {
    tracked: &'t Tracked<'t>,
    rows: Vec<Row>,
    /// The newest title that could be read.
    title: Option<String>,
    /// The tickets that the file of that name ever held, by when they were filed, and as what.
    had: BTreeSet<(Timestamp, String)>,
}

impl<'t> Told<'t> {
    fn new(tracked: &'t Tracked<'t>) -> Self {
        Self {
            tracked,
            rows: Vec::new(),
            title: None,
            had: BTreeSet::new(),
        }
    }

    /// Whether the ticket is one that was in the file of that name.
    fn has_had(&self, ticket: &Outline) -> bool {
        let made = ticket.created_at();
        made.is_some_and(|at| self.had.contains(&(at, ticket.title().to_owned())))
    }

    /// Tells what is not committed and these commits, and, where one of them has the ticket from
    /// another name, those of that one.
    fn tell(&mut self, id: TicketId, commits: Vec<FileVersion>) -> Result<()> {
        let mut seen = BTreeSet::new();
        let chain = self.checked_out(id, commits)?;
        let versions = chain.versions.values().flatten();
        let had = versions.filter_map(|ticket| filed(ticket));
        self.had = had.map(|(at, _, title)| (at, title.to_owned())).collect();
        let (rows, former) = self.told(&chain)?;
        self.rows = rows;
        let mut chains = self.chains_of(former, &mut seen)?;
        while let Some((chain, since)) = chains.pop() {
            let (rows, former) = self.told(&chain)?;
            self.weave(rows, since);
            chains.extend(self.chains_of(former, &mut seen)?);
        }
        Ok(())
    }

    /// The changes of these former names that nobody has `seen` yet, each with the commit since which
    /// the ticket has another; none of what is not committed.
    fn chains_of(
        &self,
        former: Vec<Former>,
        seen: &mut BTreeSet<(TicketId, CommitId)>,
    ) -> Result<Vec<(Chain, Option<CommitId>)>> {
        let mut by_id: BTreeMap<TicketId, Vec<Former>> = BTreeMap::new();
        for former in former {
            if seen.insert((former.id.clone(), former.parent)) {
                by_id.entry(former.id.clone()).or_default().push(former);
            }
        }
        let mut chains = Vec::new();
        for (id, former) in by_id {
            let tips: Vec<CommitId> = former.iter().map(|was| was.parent).collect();
            let path = self.tracked.ticket_path(&id);
            let commits = self.tracked.versions_of(&tips, &path)?;
            let since = former.first().and_then(|was| was.commit);
            let versions = former.into_iter().map(|was| (was.blob, was.version));
            chains.push((self.chain(id, commits, versions.collect())?, since));
        }
        Ok(chains)
    }

    /// The changes of a file that holds these versions where it is followed from.
    fn chain(
        &self,
        id: TicketId,
        commits: Vec<FileVersion>,
        newest: BTreeMap<BlobId, Version>,
    ) -> Result<Chain> {
        let blobs = commits.iter().flat_map(|commit| {
            let all = commit.before.iter().chain([&commit.after]);
            all.filter_map(|blob| *blob)
        });
        let blobs: BTreeSet<BlobId> = blobs.collect();
        let blobs: Vec<BlobId> = blobs.into_iter().collect();
        let texts = self.tracked.blobs(&blobs)?;
        let config = &self.tracked.project.config;
        let read = |text: &Option<Vec<u8>>| version(&id, text.as_deref(), config);
        let mut versions: BTreeMap<BlobId, Version> =
            blobs.into_iter().zip(texts.iter().map(read)).collect();
        let links = commits.iter().filter(|commit| commit.is_link);
        let links = links.filter_map(|commit| Some((commit.after?, Err(LINK.to_owned()))));
        versions.extend(links);
        let blobs = newest.keys().copied().collect();
        versions.extend(newest);
        Ok(Chain {
            id,
            steps: commits.into_iter().map(Step::of).collect(),
            versions,
            newest: blobs,
        })
    }

    /// The changes of the file of what is checked out, with what is not committed.
    fn checked_out(&self, id: TicketId, commits: Vec<FileVersion>) -> Result<Chain> {
        let (tracked, project) = (self.tracked, self.tracked.project);
        let committed = match tracked.head {
            Some(head) => project.repo.blob_at(head, tracked.ticket_path(&id))?,
            None => None,
        };
        let config = &project.config;
        let known = |bytes: &[u8], version: Version| Some((BlobId::of(bytes)?, version));
        let before = committed.as_deref();
        let before = before.and_then(|bytes| known(bytes, version(&id, Some(bytes), config)));
        let after = match (project.store.read_text(&id), tracked.head) {
            (Ok(text), _) => text.and_then(|text| {
                let bytes = text.as_bytes();
                known(bytes, version(&id, Some(bytes), config))
            }),
            (Err(_), Some(head)) if tracked.unchanged_since(head)?.contains(&id) => before.clone(),
            // Something that git has nowhere.
            (Err(error), _) => known(error.to_string().as_bytes(), Err(error.to_string())),
        };
        let blob = |known: &Option<(BlobId, Version)>| known.as_ref().map(|(blob, _)| *blob);
        let step = Step {
            commit: None,
            before: vec![blob(&before)],
            after: blob(&after),
        };
        // To git it may be the same all the same, as where only the ends of its lines are others.
        let is_same = step.before == [step.after]
            || match tracked.head.filter(|_| before.is_some() && after.is_some()) {
                Some(head) => tracked.unchanged_since(head)?.contains(&id),
                None => false,
            };
        let newest = match is_same {
            true => before.clone(),
            false => after,
        };
        let newest = newest.into_iter().collect();
        let mut chain = self.chain(id, commits, newest)?;
        if !is_same {
            chain.versions.extend(before);
            chain.steps.insert(0, step);
        }
        Ok(chain)
    }

    /// The entries of these changes, and where the ticket had other names before them.
    fn told(&mut self, chain: &Chain) -> Result<(Vec<Row>, Vec<Former>)> {
        let own = chain.own();
        let filed_so = own.iter().filter_map(|blob| filed(chain.ticket(*blob)?));
        let filed_so: BTreeSet<Filed<'_>> = filed_so.collect();
        let (mut rows, mut all_former) = (Vec::new(), Vec::new());
        for step in &chain.steps {
            // What is of another ticket is, to this one, not there.
            let mine = |blob: &Option<BlobId>| blob.filter(|blob| own.contains(blob));
            let (blobs, after) = (step.before.iter().map(mine), mine(&step.after));
            let mut before: Vec<Option<&Version>> = blobs.map(|b| chain.version(b)).collect();
            let is_new = before.iter().all(Option::is_none);
            if is_new && after.is_none() {
                continue;
            }
            let (mut unknown, mut former) = (None, Vec::new());
            if let Some(after) = after {
                let commit = step.commit.as_ref().map(|commit| commit.commit);
                let first = commit.filter(|_| step.before == [None]);
                if first.map_or(Ok(false), |commit| self.is_cut_before(commit))? {
                    unknown = Some(Err("this clone is shallow, and begins here".to_owned()));
                } else if chain
                    .ticket(after)
                    .is_some_and(|ticket| filed(ticket).is_some())
                {
                    former = self.former(&chain.id, commit, &before, &filed_so)?;
                }
            }
            if let Some(unknown) = &unknown {
                before = vec![Some(unknown)];
            }
            for (place, was) in &former {
                before[*place] = Some(&was.version);
            }
            let after = chain.version(after);
            let entry = self.entry(&before, after);
            let entry = HistoryEntry {
                renamed_from: former
                    .first()
                    .filter(|_| is_new)
                    .map(|(_, was)| was.id.to_string()),
                ..entry
            };
            let own = !entry.changes.is_empty() || entry.problem.is_some();
            // A merge that took every key from one of its sides is nobody's change.
            if before.len() == 1 || own || after.is_none() || entry.renamed_from.is_some() {
                let commit = step.commit.as_ref();
                rows.push(Row {
                    commit: commit.map(|commit| commit.commit),
                    at: commit.and_then(|commit| commit.at),
                    entry: signed(entry, commit, after),
                });
            }
            all_former.extend(former.into_iter().map(|(_, was)| was));
        }
        Ok((rows, all_former))
    }

    /// Puts the entries among those that there are, each chain's in their order: behind that commit,
    /// by when they were made.
    fn weave(&mut self, rows: Vec<Row>, since: Option<CommitId>) {
        let is_since = |row: &Row| row.commit == since;
        let mut place = self
            .rows
            .iter()
            .position(is_since)
            .map_or(0, |place| place + 1);
        for row in rows {
            let known = self
                .rows
                .iter_mut()
                .find(|known| known.commit == row.commit);
            match known {
                // It went on under another name.
                Some(known) if known.entry.change == TicketChange::Deleted => *known = row,
                Some(_) => {}
                None => {
                    let is_older = |known: &Row| known.commit.is_some() && known.at < row.at;
                    let newer = self.rows[place..]
                        .iter()
                        .take_while(|known| !is_older(known));
                    place += newer.count();
                    self.rows.insert(place, row);
                    place += 1;
                }
            }
        }
    }

    /// Whether the clone is shallow and ends at that commit, what was before not being there.
    fn is_cut_before(&self, commit: CommitId) -> Result<bool> {
        let (_, parents) = self.tracked.project.repo.time_and_parents(commit)?;
        match parents.first() {
            Some(parent) => Ok(self.tracked.git.commit_of(&parent.to_string())?.is_none()),
            None => Ok(false),
        }
    }

    fn became(&self, before: Option<&Ticket>, after: &Ticket) -> TicketChange {
        let statuses = &self.tracked.project.config.statuses;
        let done = |ticket: &Ticket| statuses.is_done(&ticket.status);
        what_became(before.map(done), Some(done(after)))
    }

    /// What happened between these versions, by nobody yet.
    fn entry(&mut self, before: &[Option<&Version>], after: Option<&Version>) -> HistoryEntry {
        let readable = |version: &Option<&'_ Version>| {
            version.and_then(|version| version.as_deref().ok().cloned())
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
        let newest = after.and_then(|after| after.as_deref().ok()).or(first);
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
fn signed(
    entry: HistoryEntry,
    commit: Option<&FileVersion>,
    after: Option<&Version>,
) -> HistoryEntry {
    let Some(commit) = commit else {
        return entry;
    };
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
