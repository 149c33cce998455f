//! What became of the tickets between two revisions, or since one.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{AT_A_TIME, Filed, Revision, Tracked, Version, filed, version};
use super::values::invalid;
use super::{Error, ErrorCode, Project, Result};
use crate::compare::{fields, what_became};
use crate::cores;
use crate::git::{BlobId, CommitId};
use crate::merge::{differently_made, is_another};
use crate::model::{Config, Ticket, TicketId, escaped};
use crate::wire::{DiffDocument, DiffSide, DiffTicket, FieldChange, TicketChange};

/// From so many files on they are read by several threads.
const MANY: usize = 200;

/// How many tickets with what they say are there at a time, besides those of other threads.
const PART: usize = 64;

/// What a range of revisions is written with: `A..B` is from A to B, `A...B` from what both
/// have in common.
const FROM_COMMON: &str = "...";
const FROM_TO: &str = "..";

/// What is different.
pub struct Diff {
    /// What is told of it, without the tickets.
    pub document: DiffDocument,
    /// The tickets; of new ones not what they say, which people are not told.
    pub tickets: Vec<DiffTicket>,
    after: Versions,
}

/// Versions of tickets.
type Versions = BTreeMap<TicketId, Version>;

/// One side: a commit, what is checked out where nothing is committed yet, or the working tree.
struct Side {
    /// As it was named; nothing of the working tree.
    name: Option<String>,
    revision: Option<Revision>,
    /// What each file holds that should be a ticket.
    files: BTreeMap<TicketId, BlobId>,
    /// Of the working tree, what is different on the other side, which git need not be asked for.
    read: Versions,
}

/// What is different between the revisions of `A..B` or `A...B`, or between one and the
/// working tree; without one, what is not committed there.
///
/// # Errors
/// When one names no commit, or git fails.
pub fn diff(project: &Project, range: Option<&str>) -> Result<Diff> {
    let tracked = Tracked::of(project)?;
    let (from, mut to) = match range {
        Some(range) => sides(&tracked, range)?,
        // What is checked out where the tickets are, which may be another worktree.
        None => {
            let from = Side::of(&tracked, "HEAD", tracked.head)?;
            let to = Side::working_tree(&tracked, &from)?;
            (from, to)
        }
    };
    let ids: BTreeSet<&TicketId> = from.files.keys().chain(to.files.keys()).collect();
    let different = ids
        .into_iter()
        .filter(|id| from.files.get(*id) != to.files.get(*id));
    let different: Vec<&TicketId> = different.collect();
    let before = from.versions(&tracked, &different)?;
    let read = std::mem::take(&mut to.read);
    let after = match to.revision {
        None => read,
        Some(_) => to.versions(&tracked, &different)?,
    };
    let configs = [from.config(project), to.config(project)];
    let mut tickets = became(&different, [&before, &after], configs);
    // Stable, and they come in the order of their ids.
    tickets.sort_by_key(|ticket| ticket.change);
    let count = |change| tickets.iter().filter(|t| t.change == change).count();
    let document = DiffDocument {
        schema: "tk.diff.v1",
        from: from.shown(),
        to: to.shown(),
        total: tickets.len(),
        opened: count(TicketChange::Opened),
        closed: count(TicketChange::Closed),
        reopened: count(TicketChange::Reopened),
        changed: count(TicketChange::Changed),
        deleted: count(TicketChange::Deleted),
        unreadable: count(TicketChange::Unreadable),
        tickets: Vec::new(),
    };
    Ok(Diff {
        document,
        tickets,
        after,
    })
}

impl Diff {
    /// Hands parts of the tickets, with what new ones say, to `tell`, one after the other, so that
    /// it is not all there at once; `add` has added each to its part, in their order.
    pub fn in_parts<P: Default + Send, E: Send, R>(
        &self,
        add: impl Fn(&mut P, &DiffTicket) -> std::result::Result<(), E> + Sync,
        tell: impl FnOnce(&mut dyn Iterator<Item = std::result::Result<P, E>>) -> R,
    ) -> R {
        let part = |tickets: &[DiffTicket]| {
            let mut part = P::default();
            for ticket in tickets {
                let ticket = DiffTicket {
                    changes: self.changes(ticket),
                    ..ticket.clone()
                };
                add(&mut part, &ticket)?;
            }
            Ok(part)
        };
        cores::stream(&self.tickets, PART, MANY, part, tell)
    }

    /// What is different in the ticket: of one that is new, everything.
    fn changes(&self, ticket: &DiffTicket) -> Vec<FieldChange> {
        let is_new = ticket.status_before.is_none() && ticket.problem.is_none();
        let new = self.after.get(ticket.id.as_str()).filter(|_| is_new);
        let new = new.and_then(|version| version.as_deref().ok());
        new.map_or_else(|| ticket.changes.clone(), |new| fields(None, new))
    }
}

/// What the words of a range mean. A side that is left out is `HEAD`, as to git.
fn sides(tracked: &Tracked<'_>, range: &str) -> Result<(Side, Side)> {
    let named = |name: &str| match name.trim() {
        "" => "HEAD".to_owned(),
        name => name.to_owned(),
    };
    let (from, to, from_common) = match (range.split_once(FROM_COMMON), range.split_once(FROM_TO)) {
        (Some((from, to)), _) => (from, Some(to), true),
        (None, Some((from, to))) => (from, Some(to), false),
        (None, None) => (range, None, false),
    };
    let is_range = |side: &str| side.contains(FROM_TO) || side.starts_with('.');
    if is_range(from) || to.is_some_and(is_range) {
        let message = format!("`{}` names more than two revisions", escaped(range, 80));
        return Err(invalid(message)
            .hint("expected `A..B`, `A...B` or `A`")
            .with("given", range));
    }
    let from = named(from);
    let one = tracked.commit_if_any(&from)?;
    let Some(to) = to.map(named) else {
        let from = Side::of(tracked, &from, one)?;
        let to = Side::working_tree(tracked, &from)?;
        return Ok((from, to));
    };
    let other = tracked.commit_if_any(&to)?;
    let base = match (from_common, one.zip(other)) {
        (false, _) => one,
        (true, None) => None,
        (true, Some((one, other))) => tracked.git.merge_base(one, other)?,
    };
    if from_common && base.is_none() {
        let message = format!("`{from}` and `{to}` have no commit in common");
        let error = Error::new(ErrorCode::Git, message).with("given", range);
        return Err(tracked.with_what_is_cut(error));
    }
    let from = Side::of(tracked, &from, base)?;
    Ok((from, Side::of(tracked, &to, other)?))
}

impl Side {
    fn of(tracked: &Tracked<'_>, name: &str, commit: Option<CommitId>) -> Result<Self> {
        let revision = commit.map(|commit| tracked.revision(name, commit));
        let mut revision = revision.transpose()?;
        let files = revision
            .as_mut()
            .map(|revision| std::mem::take(&mut revision.files));
        Ok(Self {
            name: Some(name.to_owned()),
            revision,
            files: files.unwrap_or_default(),
            read: Versions::new(),
        })
    }

    /// The files as they lie there, also those that are no tickets. What cannot be read and is as
    /// that other side has it holds what it has there.
    fn working_tree(tracked: &Tracked<'_>, other: &Self) -> Result<Self> {
        let (store, config) = (&tracked.project.store, &tracked.project.config);
        let ids: Vec<TicketId> = store.ids()?.into_iter().collect();
        let read = |id: &TicketId| {
            let text = match store.read_text(id) {
                Ok(text) => Ok(text?),
                Err(error) => Err(error.to_string()),
            };
            // Of one that cannot be read, something that git has nowhere.
            let (Ok(bytes) | Err(bytes)) = &text;
            let blob = BlobId::of(bytes.as_bytes())?;
            let (is_read, is_different) = (text.is_ok(), other.files.get(id) != Some(&blob));
            // What both have is not kept.
            let different = is_different
                .then(|| text.and_then(|text| version(id, Some(text.as_bytes()), config)));
            Some((id.clone(), blob, is_read, different))
        };
        let parts = cores::spread(&ids, MANY, |part| {
            part.iter().filter_map(read).collect::<Vec<_>>()
        });
        let (mut files, mut read, mut unread) = (BTreeMap::new(), Versions::new(), Vec::new());
        for (id, blob, is_read, different) in parts.into_iter().flatten() {
            files.insert(id.clone(), blob);
            if !is_read {
                unread.push(id.clone());
            }
            read.extend(different.map(|version| (id, version)));
        }
        if let Some(revision) = other.revision.as_ref().filter(|_| !unread.is_empty()) {
            let same = tracked.unchanged_since(revision.commit)?;
            unread.retain(|id| same.contains(id));
            for id in unread {
                read.remove(&id);
                files.remove(&id);
                // Of a link, neither side has a file.
                files.extend(
                    other
                        .files
                        .get_key_value(&id)
                        .map(|(id, blob)| (id.clone(), *blob)),
                );
            }
        }
        Ok(Self {
            name: None,
            revision: None,
            files,
            read,
        })
    }

    /// The versions of those tickets that are on this side, a commit's; of very many not all texts are
    /// there at once.
    fn versions(&self, tracked: &Tracked<'_>, ids: &[&TicketId]) -> Result<Versions> {
        let there = ids.iter().copied();
        let there = there.filter_map(|id| Some((id, *self.files.get(id)?)));
        let there: Vec<(&TicketId, BlobId)> = there.collect();
        let blobs: Vec<BlobId> = there.iter().map(|(_, blob)| *blob).collect();
        tracked.project.repo.fetch_left_out(&blobs)?;
        let (git, config) = (&tracked.git, self.config(tracked.project));
        let read = |part: &[(&TicketId, BlobId)]| -> Result<Vec<(TicketId, Version)>> {
            let blobs: Vec<BlobId> = part.iter().map(|(_, blob)| *blob).collect();
            let texts = git.known_blobs(&blobs)?.into_iter();
            let each = part.iter().zip(texts);
            let version = |id, bytes: Option<Vec<u8>>| version(id, bytes.as_deref(), config);
            Ok(each
                .map(|((id, _), bytes)| ((*id).clone(), version(id, bytes)))
                .collect())
        };
        cores::stream(&there, AT_A_TIME, MANY, read, |parts| {
            let mut versions = Versions::new();
            for part in parts {
                versions.extend(part?);
            }
            Ok(versions)
        })
    }

    fn config<'s>(&'s self, project: &'s Project) -> &'s Config {
        let revision = self.revision.as_ref();
        revision.map_or(&project.config, |revision| &revision.config)
    }

    fn shown(&self) -> DiffSide {
        let revision = self.revision.as_ref();
        DiffSide {
            revision: self.name.clone(),
            commit: revision.map(|revision| revision.commit.to_string()),
        }
    }
}

/// What became of the tickets of these ids, whose versions and configurations are those of the two
/// sides.
fn became(
    different: &[&TicketId],
    [before, after]: [&Versions; 2],
    [config, new_config]: [&Config; 2],
) -> Vec<DiffTicket> {
    let renamed = renamed(before, after);
    let former: BTreeSet<&TicketId> = renamed.values().copied().collect();
    let mut tickets = Vec::new();
    for id in different.iter().copied() {
        let (was, is) = (before.get(id), after.get(id));
        let old = renamed.get(id).copied();
        // The ticket that had the id is told by the id that it has now, or is gone.
        let is_elsewhere = former.contains(id);
        let are_apart = is_elsewhere || old.is_some() || are_two(was, is, is_another);
        if are_apart && was.is_some() && !is_elsewhere {
            tickets.push(ticket(id, [(was, config), (None, new_config)]));
        }
        if are_apart && is.is_none() {
            continue;
        }
        let was = match old {
            Some(old) => before.get(old),
            None => was.filter(|_| !are_apart),
        };
        let ticket = DiffTicket {
            renamed_from: old.map(ToString::to_string),
            ..ticket(id, [(was, config), (is, new_config)])
        };
        // Where nothing but comments, layout or unknown keys is different, nothing became of it.
        let is_same = ticket.change == TicketChange::Changed && ticket.changes.is_empty();
        if !is_same || old.is_some() {
            tickets.push(ticket);
        }
    }
    tickets
}

/// Whether both can be read, and are two tickets by that rule.
fn are_two(
    one: Option<&Version>,
    other: Option<&Version>,
    rule: fn(&Ticket, &Ticket) -> bool,
) -> bool {
    let both = one.zip(other);
    both.is_some_and(|both| matches!(both, (Ok(one), Ok(other)) if rule(one, other)))
}

/// The ids that tickets have only after, with those that the same tickets had only before; what had
/// the id on the other side, if anything, is another ticket. Of several that were filed alike, nobody
/// can tell which is which, but by their titles.
fn renamed<'v>(before: &'v Versions, after: &'v Versions) -> BTreeMap<&'v TicketId, &'v TicketId> {
    let only = |here: &'v Versions, there: &Versions| {
        let is_only = |id: &TicketId, version| {
            let other = there.get(id);
            other.is_none() || are_two(Some(version), other, differently_made)
        };
        let only = here.iter().filter(|(id, version)| is_only(id, version));
        let filed = only.filter_map(|(id, version)| Some((id, filed(version.as_deref().ok()?)?)));
        filed.collect::<BTreeMap<_, _>>()
    };
    let (mut gone, mut new) = (only(before, after), only(after, before));
    let mut pairs = BTreeMap::new();
    // The title may be another one since.
    for with_title in [true, false] {
        let alike = |side: &BTreeMap<&'v TicketId, Filed<'v>>| {
            let mut found = BTreeMap::new();
            for (id, (at, by, title)) in side {
                let same = found.entry((*at, *by, with_title.then_some(*title)));
                same.and_modify(|id| *id = None).or_insert(Some(*id));
            }
            found
        };
        let was = alike(&gone);
        for (filed, id) in alike(&new) {
            if let (Some(id), Some(Some(old))) = (id, was.get(&filed)) {
                gone.remove(old);
                new.remove(id);
                pairs.insert(id, *old);
            }
        }
    }
    pairs
}

/// What became of a ticket, by its versions and by what their statuses mean; of one that is new, not
/// what it says.
fn ticket(
    id: &TicketId,
    [(before, was), (after, is)]: [(Option<&Version>, &Config); 2],
) -> DiffTicket {
    let old = before.and_then(|version| version.as_deref().ok());
    let new = after.and_then(|version| version.as_deref().ok());
    let sides = [("after", after), ("before", before)];
    let problem = sides.into_iter().find_map(|(side, version)| {
        let problem = version?.as_ref().err()?;
        Some(format!("{side}: {problem}"))
    });
    let done = |ticket: Option<&Ticket>, config: &Config| {
        ticket.map(|ticket| config.statuses.is_done(&ticket.status))
    };
    let change = match &problem {
        Some(_) => TicketChange::Unreadable,
        None => what_became(done(old, was), done(new, is)),
    };
    let changes = match (&problem, old, new) {
        (None, Some(old), Some(new)) => fields(Some(old), new),
        _ => Vec::new(),
    };
    let status = |ticket: Option<&Ticket>| ticket.map(|ticket| ticket.status.to_string());
    DiffTicket {
        id: id.to_string(),
        title: new.or(old).map(|ticket| ticket.title.clone()),
        change,
        renamed_from: None,
        status_before: status(old),
        status: status(new),
        problem,
        changes,
    }
}
