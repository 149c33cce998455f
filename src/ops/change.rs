//! Changing tickets: lock, read, decide, check, write; all of them or none.

use std::cell::OnceCell;

use super::changed::{Changed, Was};
use super::choose::Chosen;
use super::cycles::{Returning, refuse_cycles};
use super::holds::Ends;
use super::meant::{by_exact_id, by_part_of_id, named, resolve, resolve_all};
use super::values::printable;
use super::{Error, ErrorCode, Project, Result};
use crate::cores;
use crate::graph::Graph;
use crate::model::{Category, Defer, Outline, Ticket, TicketId};
use crate::store::{Etag, Etagged, Follower, Index, Locked, StoreError, Stored, Written};

/// From so many files on they are read by several threads, in parts of so many.
const MANY: usize = 200;
const PART: usize = 64;

/// How many epics one in the other are looked at without the graph.
const DEEPEST: usize = 32;

/// Which tickets a command is to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Ids as they were typed.
    pub ids: Vec<String>,
    /// In their place, an expression that the tickets fit.
    pub query: Option<String>,
    /// An expression that says nothing about status or closing means closed tickets, not open ones.
    pub closed: bool,
    /// Nothing is written: it is only told what would change.
    pub dry_run: bool,
    /// The etag that the only ticket must still have.
    pub if_match: Option<String>,
}

/// What a change is decided by: the tickets as they stand under the lock. Other tickets than
/// those that are to be changed are read when something asks about them, all at once and only
/// once: most changes need none.
pub(super) struct Scene<'s> {
    pub(super) project: &'s Project,
    pub(super) locked: &'s Locked<'s>,
    all: &'s OnceCell<Index>,
    graph: OnceCell<Graph<'s>>,
}

impl<'s> Scene<'s> {
    /// The scene of a change; `all` is where every ticket is kept once they are read.
    pub(super) fn new(
        project: &'s Project,
        locked: &'s Locked<'s>,
        all: &'s OnceCell<Index>,
    ) -> Self {
        let graph = OnceCell::new();
        Self {
            project,
            locked,
            all,
            graph,
        }
    }

    /// Every ticket.
    pub(super) fn index(&self) -> Result<&'s Index> {
        if let Some(index) = self.all.get() {
            return Ok(index);
        }
        let index = self.project.index()?;
        Ok(self.all.get_or_init(|| index))
    }

    /// The graph of every ticket.
    pub(super) fn graph(&self) -> Result<&Graph<'s>> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph);
        }
        let (tickets, statuses) = (&self.index()?.tickets, &self.project.config.statuses);
        let graph = || Graph::new(tickets, statuses, self.project.now);
        Ok(self.graph.get_or_init(graph))
    }

    /// The tickets whose parent it is, by id. Asked without the graph, which takes longer.
    pub(super) fn children(&self, id: &TicketId) -> Result<impl Iterator<Item = &'s Outline>> {
        let tickets = self.index()?.tickets.iter();
        Ok(tickets.filter(|ticket| ticket.parent() == Some(id.as_str()) && ticket.id != *id))
    }

    /// Whether it is the parent of others, or of type `epic`: never work. Asked without the
    /// graph, too.
    pub(super) fn is_epic(&self, ticket: &Ticket) -> Result<bool> {
        Ok(ticket.kind == "epic" || self.children(&ticket.id)?.next().is_some())
    }

    /// Whether neither the ticket nor any epic above it waits for anything that is open, missing
    /// or to come: then nothing holds it. Else the graph knows what does, if anything.
    pub(super) fn is_plainly_free(&self, id: &TicketId) -> Result<bool> {
        let (index, project) = (self.index()?, self.project);
        let named = |id: &str| index.get(&TicketId::known(id));
        let is_done = |ticket: &Outline| ticket.is_done(&project.config.statuses);
        let mut next = index.get(id);
        for _ in 0..DEEPEST {
            let Some(ticket) = next else { return Ok(true) };
            let mut edges = ticket.edges();
            if ticket.awaiting().is_some()
                || edges
                    .defer_until
                    .is_some_and(|defer| defer.holds(project.now))
                || !edges.blocked_by.all(|id| named(id).is_some_and(is_done))
            {
                return Ok(false);
            }
            next = ticket.parent().and_then(named);
        }
        // Perhaps they are parts of one another.
        Ok(false)
    }

    /// The ticket that is meant, which can be read as one.
    pub(super) fn resolve(&self, given: &str) -> Result<TicketId> {
        resolve(self.index()?, self.graph()?, given)
    }

    /// The tickets that are meant, which can be read as such.
    pub(super) fn resolve_all(&self, given: &[impl AsRef<str>]) -> Result<Vec<TicketId>> {
        resolve_all(self.index()?, self.graph()?, given)
    }

    /// The tickets that are to be changed, as they are on the disk, and the names of their texts.
    pub(super) fn targets(&self, targets: &Targets) -> Result<(Vec<Ticket>, Vec<Etag>)> {
        let ids = match &targets.query {
            Some(query) => self.chosen(query, targets.closed)?,
            None => named(&targets.ids, |word| self.target(word))?,
        };
        let (store, config) = (&self.project.store, &self.project.config);
        let read = |part: &[TicketId]| {
            let read = part.iter().map(|id| store.read(id, config));
            let read = read.map(|stored| stored.map(Etagged::from));
            read.collect::<std::result::Result<Vec<_>, _>>()
        };
        let mut tickets = Vec::with_capacity(ids.len());
        let mut etags = Vec::with_capacity(ids.len());
        cores::stream(&ids, PART, MANY, read, |parts| -> Result<()> {
            for part in parts {
                for Etagged { ticket, etag } in part? {
                    tickets.push(ticket);
                    etags.push(etag);
                }
            }
            Ok(())
        })?;
        if let Some(expected) = &targets.if_match {
            must_match(&tickets, &etags, expected)?;
        }
        Ok((tickets, etags))
    }

    /// The tickets that fit the query; if it says nothing about that, only closed or open ones.
    /// Everything else that was read for that is gone before they are: of very many, each of the
    /// two takes much memory.
    fn chosen(&self, query: &str, closed: bool) -> Result<Vec<TicketId>> {
        let all = OnceCell::new();
        let scene = Scene::new(self.project, self.locked, &all);
        let chosen = Chosen::new(self.project, query)?;
        let both = chosen.query().names_closed();
        let found = scene.fitting(&chosen, |is_done| both || is_done == closed)?;
        Ok(found.iter().map(|ticket| ticket.id.clone()).collect())
    }

    /// Those that fit, of the tickets that are `meant` by whether they are done.
    fn fitting(
        &self,
        chosen: &Chosen<'_>,
        meant: impl Fn(bool) -> bool,
    ) -> Result<Vec<&'s Outline>> {
        let (index, graph) = (self.index()?, self.graph()?);
        let statuses = &self.project.config.statuses;
        let tickets = index.tickets.iter();
        let tickets: Vec<&Outline> = tickets
            .filter(|ticket| meant(ticket.is_done(statuses)))
            .collect();
        chosen.among(self.project, index, graph, &tickets)
    }

    /// Says that no ticket fits the query, and where it is so, that others would have.
    fn tell_of_none(&self, query: &str, closed: bool) -> Result<()> {
        let chosen = Chosen::new(self.project, query)?;
        let others = match chosen.query().names_closed() {
            true => 0,
            false => self.fitting(&chosen, |is_done| is_done != closed)?.len(),
        };
        self.project.hint(match (closed, others) {
            (_, 0) => "no ticket fits the query".to_owned(),
            (true, 1) => "no closed ticket fits the query: one that is open does".to_owned(),
            (true, _) => format!("no closed ticket fits the query: {others} that are open do"),
            (false, 1) => "no open ticket fits the query: one that is closed does, and \
                `(…) and closed` means it"
                .to_owned(),
            (false, _) => format!(
                "no open ticket fits the query: {others} that are closed do, and \
                 `(…) and closed` means them"
            ),
        });
        Ok(())
    }

    /// The ticket that a word means, by the names of the files where they suffice.
    fn target(&self, given: &str) -> Result<TicketId> {
        if let Some(id) = by_exact_id(given, |id| self.locked.has(id)) {
            return Ok(id);
        }
        let ids = self.locked.ids()?;
        match by_part_of_id(given, &ids).as_slice() {
            [id] => Ok((*id).clone()),
            _ => self.resolve(given),
        }
    }
}

/// Refuses a change of a ticket that is not what the person saw.
fn must_match(tickets: &[Ticket], etags: &[Etag], expected: &str) -> Result<()> {
    let ([ticket], [etag]) = (tickets, etags) else {
        let message = "`--if-match` is for one ticket at a time";
        return Err(Error::new(ErrorCode::InvalidArgument, message));
    };
    refuse_stale(&ticket.id, Some(expected), &etag.to_string())
}

/// Refuses a ticket that is no longer of the etag that the caller saw, if any.
pub(super) fn refuse_stale(id: &TicketId, expected: Option<&str>, etag: &str) -> Result<()> {
    let Some(expected) = expected.filter(|expected| expected.trim() != etag) else {
        return Ok(());
    };
    let expected = printable(expected);
    let message = format!("`{id}` has changed: its etag is `{etag}`, not `{expected}`");
    Err(Error::new(ErrorCode::Changed, message)
        .hint(format!("`tk show {id}` tells how it stands now"))
        .with("id", id.as_str())
        .with("etag", etag))
}

impl Targets {
    /// These tickets, whatever they say by now.
    #[must_use]
    pub fn new(ids: Vec<String>) -> Self {
        Self {
            ids,
            ..Self::default()
        }
    }
}

impl Project {
    /// Changes the tickets by what `decide` makes of them, and tells them as they then stand
    /// among the others. Nothing is written if it fails, if a cycle would come about, or if
    /// any of them cannot be written.
    pub(super) fn change(
        &self,
        targets: &Targets,
        decide: impl FnOnce(&Scene<'_>, &mut [Ticket]) -> Result<()>,
    ) -> Result<Changed> {
        let all = OnceCell::new();
        let (before, written) = self.changed(targets, &all, |scene, tickets| {
            scene.index()?;
            decide(scene, tickets)
        })?;
        let mut index = all.into_inner().unwrap_or_default();
        for (ticket, etag) in written.all() {
            index.put(ticket, etag);
        }
        Ok(Changed::new(before, written, Some(index)).told(targets))
    }

    /// Changes the tickets as [`Project::change`] does, and tells what their own files say:
    /// no other ticket is read, unless `decide` asks for it.
    pub(super) fn change_alone(
        &self,
        targets: &Targets,
        decide: impl FnOnce(&Scene<'_>, &mut [Ticket]) -> Result<()>,
    ) -> Result<Changed> {
        let (before, written) = self.changed(targets, &OnceCell::new(), decide)?;
        Ok(Changed::new(before, written, None).told(targets))
    }

    /// The tickets before the change, and what it leaves.
    fn changed(
        &self,
        targets: &Targets,
        all: &OnceCell<Index>,
        decide: impl FnOnce(&Scene<'_>, &mut [Ticket]) -> Result<()>,
    ) -> Result<(Vec<Was>, Written)> {
        if !targets.dry_run {
            self.mend_merge_driver();
        }
        let locked = self.lock_for(targets.dry_run)?;
        let scene = Scene::new(self, &locked, all);
        let (mut after, etags) = scene.targets(targets)?;
        decide(&scene, &mut after)?;
        if targets.dry_run {
            // What to do next is for when it has been done.
            self.forget_hints();
        }
        if let (Some(query), []) = (&targets.query, after.as_slice()) {
            scene.tell_of_none(query, targets.closed)?;
        }
        let (mut was, mut rewired) = (Vec::with_capacity(after.len()), Vec::new());
        // What the tickets were is read again one by one: of very many, it takes as much memory.
        let before = |place: usize, after: &Ticket| -> Result<Stored> {
            let before = self.still(&locked, &after.id, etags[place])?;
            was.push(Was::new(&before.ticket, after, targets.dry_run));
            if is_rewired(&before.ticket, after) {
                rewired.push(after.clone());
            }
            Ok(before)
        };
        let prepared = match targets.dry_run {
            true => locked.rehearse(after, before, &self.config)?,
            false => locked.prepare(after, before, &self.config)?,
        };
        if !rewired.is_empty() {
            refuse_cycles(scene.graph()?, &rewired)?;
        }
        drop(rewired);
        let written = locked.put(prepared)?;
        self.after_write(&locked, &was, &written, targets.dry_run)?;
        self.warn_of_reopened(&scene, &was, &written.changed, targets.dry_run)?;
        Ok((was, written))
    }

    /// Warns where tickets wait for one another since some of these are open again.
    fn warn_of_reopened(
        &self,
        scene: &Scene<'_>,
        before: &[Was],
        after: &[Ticket],
        dry_run: bool,
    ) -> Result<()> {
        let is_done = |status| self.config.statuses.is_done(status);
        let pairs = before.iter().zip(after);
        let reopened = pairs.filter(|(old, new)| is_done(&old.status) && !is_done(&new.status));
        for (_, ticket) in reopened {
            let waits = !ticket.blocked_by.is_empty() || !ticket.after.is_empty();
            if waits || ticket.parent.is_some() || scene.children(&ticket.id)?.next().is_some() {
                let after: Vec<&Ticket> = after.iter().collect();
                let returning = Returning {
                    before: scene.index()?,
                    gone: &[],
                    after: &after,
                    dry_run,
                };
                returning.warn_of_cycles(self);
                break;
            }
        }
        Ok(())
    }

    /// Says what comes after a ticket that was closed, or with `dry_run` would be: one of
    /// `following`, or what is there already; and warns where nothing does.
    fn tell_follower(&self, ticket: &Ticket, following: &[Etagged], dry_run: bool) -> Result<()> {
        let id = &ticket.id;
        let mut made = following.iter().map(|new| &new.ticket);
        let made = made.find(|next| next.recurs_from.as_ref() == Some(id));
        let left = made.filter(|next| next.parent.is_none());
        let left = left.and(ticket.parent.as_ref());
        let next = match made {
            Some(next) => Some(Follower::Ticket(Box::new(next.clone()))),
            None => self.store.follower(id, &self.config)?,
        };
        let (comes, does) = match dry_run {
            true => ("would come", "would"),
            false => ("comes", "does"),
        };
        match next {
            Some(Follower::Ticket(next)) => {
                let until = next.defer_until.map(|until| match until {
                    Defer::Day(day) => format!(" on {day}"),
                    Defer::At(at) => format!(" at {at}"),
                });
                let until = until.unwrap_or_default();
                let left = left.map(|epic| format!(", no longer below the closed epic `{epic}`"));
                let left = left.unwrap_or_default();
                self.hint(format!("`{id}` {comes} again{until}: `{}`{left}", next.id));
            }
            Some(Follower::Broken(file)) => {
                self.warn(format!(
                    "`{}` is taken for what comes after `{id}`, and cannot be read",
                    file.path
                ));
                self.hint(format!(
                    "if it is another ticket: correct it, `tk reopen {id}`, and close that again"
                ));
            }
            None => {
                let often = ticket.repeat.map(|often| often.to_string());
                self.warn(format!(
                    "`{id}` {does} not come again: there is no next day by `{}`, or no id for it",
                    often.unwrap_or_default()
                ));
            }
        }
        Ok(())
    }

    /// The ticket, which is still as it was read: other programs write without the lock.
    fn still(&self, locked: &Locked<'_>, id: &TicketId, etag: Etag) -> Result<Stored> {
        let changed = || Error::overtaken(format!("`{id}` was changed by another program"));
        match locked.read(id, &self.config) {
            Ok(now) if now.etag == etag => Ok(now),
            Ok(_) | Err(StoreError::Invalid(_)) => Err(changed()),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells what comes after the tickets that were closed, and lets go of what is over.
    pub(super) fn after_write(
        &self,
        locked: &Locked<'_>,
        before: &[Was],
        written: &Written,
        dry_run: bool,
    ) -> Result<()> {
        let statuses = &self.config.statuses;
        let is_active = |status| statuses.category(status) == Category::Active;
        let mut moved = Vec::new();
        for (ticket, Was { status: old, .. }) in written.changed.iter().zip(before) {
            let is_done = statuses.is_done(&ticket.status);
            if ticket.repeat.is_some() && is_done && !statuses.is_done(old) {
                self.tell_follower(ticket, &written.following, dry_run)?;
            }
            if !is_done && ticket.status == *old {
                continue;
            }
            if statuses.is_done(old) && !is_done {
                self.owe_reopening(&ticket.id);
            }
            let ends = if is_done {
                Ends::Anyones
            } else if is_active(old) && !is_active(&ticket.status) {
                Ends::Own
            } else {
                Ends::Never
            };
            moved.push((&ticket.id, ends));
        }
        self.settle_claims(locked, moved, dry_run);
        Ok(())
    }
}

/// Whether a change makes the ticket's edges others.
fn is_rewired(old: &Ticket, new: &Ticket) -> bool {
    old.parent != new.parent
        || old.blocked_by != new.blocked_by
        || old.after != new.after
        || old.kind != new.kind
}
