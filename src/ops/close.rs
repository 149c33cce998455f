//! Closing tickets: every way to it goes through the same guard.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Scene, Targets};
use super::notes::{refused, say};
use super::values;
use super::{Changed, Error, Project, Result};
use crate::model::{Category, Note, NoteKind, Outline, StatusId, Ticket, TicketId, some_of};
use crate::store::InvalidFile;

/// How tickets are to be closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloseRequest {
    /// Why.
    pub reason: Option<String>,
    /// A note to add in the same write.
    pub note: Option<String>,
    /// Although blockers or children are open.
    pub force: bool,
}

/// Closes the tickets, or puts those that require a gate before it.
///
/// # Errors
/// When an agent closes, a blocker or child is open, or the transition is not allowed.
pub fn close(project: &Project, targets: &Targets, request: &CloseRequest) -> Result<Changed> {
    let closing = Closing::new(project, request, None)?;
    let mut changed = project.change(targets, |scene, tickets| {
        closing.all(scene, tickets)?;
        closing.hint_at_epics(scene, tickets)
    })?;
    closing.tell(&mut changed);
    Ok(changed)
}

/// A closing by a person, checked as far as it can be without the tickets.
pub(super) struct Closing<'c> {
    project: &'c Project,
    to: Option<StatusId>,
    by: String,
    reason: Option<String>,
    note: Option<Note>,
    force: bool,
}

impl<'c> Closing<'c> {
    /// With `to`, into that status; else into the first of its kind that is allowed.
    pub(super) fn new(
        project: &'c Project,
        request: &CloseRequest,
        to: Option<StatusId>,
    ) -> Result<Self> {
        let by = project.require_human("close")?.as_str().to_owned();
        let reason = request.reason.as_deref().unwrap_or_default();
        let note = request.note.as_deref();
        let note = note.map(|text| say(project, NoteKind::Comment, "note", text));
        Ok(Self {
            project,
            to,
            by,
            reason: values::line("reason", reason)?,
            note: note.transpose()?,
            force: request.force,
        })
    }

    /// Closes the tickets, or puts them before their gates. Blockers and children that are
    /// closed by the same command do not stand in the way.
    pub(super) fn all(&self, scene: &Scene<'_>, tickets: &mut [Ticket]) -> Result<()> {
        let statuses = &self.project.config.statuses;
        let closing: BTreeSet<TicketId> = tickets
            .iter()
            .filter(|ticket| statuses.is_done(&ticket.status) || ticket.passes_gate())
            .map(|ticket| ticket.id.clone())
            .collect();
        // By epic, what comes after these would be below it.
        let mut coming = BTreeMap::<TicketId, Vec<TicketId>>::new();
        for ticket in tickets.iter() {
            if let Some(epic) = &ticket.parent
                && ticket.repeat.is_some()
                && !statuses.is_done(&ticket.status)
            {
                coming
                    .entry(epic.clone())
                    .or_default()
                    .push(ticket.id.clone());
            }
        }
        for ticket in tickets {
            if let Some(note) = &self.note {
                ticket.say(note);
            }
            if statuses.is_done(&ticket.status) {
                self.again(ticket)?;
                continue;
            }
            if !self.force {
                self.guard(scene, ticket, &closing)?;
                if let Some(children) = coming.get(&ticket.id) {
                    return Err(never_over(&ticket.id, children));
                }
            }
            match ticket.requires {
                Some(gate) if !ticket.passes_gate() => {
                    ticket.awaiting = Some(gate.awaiting());
                    ticket.verdict = None;
                }
                _ => self.one(ticket)?,
            }
        }
        Ok(())
    }

    /// Closing what is closed changes nothing but the reason, where one is given.
    fn again(&self, ticket: &mut Ticket) -> Result<()> {
        if let Some(to) = self.to.as_ref().filter(|to| **to != ticket.status) {
            self.allow(ticket, to)?;
            ticket.status = to.clone();
        }
        if self.reason.is_some() {
            ticket.reason.clone_from(&self.reason);
        }
        Ok(())
    }

    fn one(&self, ticket: &mut Ticket) -> Result<()> {
        ticket.status = self.target(ticket)?;
        ticket.awaiting = None;
        ticket.closed_at = Some(self.project.now);
        ticket.closed_by = Some(self.by.clone());
        ticket.reason.clone_from(&self.reason);
        Ok(())
    }

    fn target(&self, ticket: &Ticket) -> Result<StatusId> {
        if let Some(to) = &self.to {
            self.allow(ticket, to)?;
            return Ok(to.clone());
        }
        let statuses = &self.project.config.statuses;
        let done = statuses
            .all()
            .iter()
            .filter(|def| def.category == Category::Done);
        let mut allowed = done.filter(|def| statuses.allows(&ticket.status, &def.id));
        allowed.next().map(|def| def.id.clone()).ok_or_else(|| {
            let (id, from) = (&ticket.id, &ticket.status);
            transition(
                self.project,
                from,
                format!("`{id}` cannot be closed from `{from}`"),
            )
        })
    }

    fn allow(&self, ticket: &Ticket, to: &StatusId) -> Result<()> {
        allow(self.project, ticket, to)
    }

    /// Refuses while blockers or children are open.
    fn guard(
        &self,
        scene: &Scene<'_>,
        ticket: &Ticket,
        closing: &BTreeSet<TicketId>,
    ) -> Result<()> {
        let id = &ticket.id;
        let stays = |other: &TicketId| !closing.contains(other);
        let (index, graph) = (scene.index()?, scene.graph()?);
        let blockers: Vec<TicketId> = graph
            .open_blockers(id)
            .into_iter()
            .filter(|id| stays(id))
            .collect();
        if !blockers.is_empty() {
            return Err(held(id, "is blocked by", &blockers));
        }
        let statuses = &self.project.config.statuses;
        let open = |child: &TicketId| {
            index
                .get(child)
                .is_some_and(|child| !child.is_done(statuses))
        };
        let children = graph.children(id).into_iter();
        let children: Vec<TicketId> = children
            .filter(|child| open(child) && stays(child))
            .collect();
        if !children.is_empty() {
            return Err(held(id, "has open children:", &children));
        }
        match self.broken_child(scene, id)? {
            Some(file) => Err(
                refused(format!("`{id}` has a child that cannot be read: {file}"))
                    .hint("correct its file first, or close it all the same with `--force`")
                    .with("id", id.as_str()),
            ),
            None => Ok(()),
        }
    }

    /// A file that is no ticket, of which may be told that it would be a child of that one.
    fn broken_child(&self, scene: &Scene<'_>, id: &TicketId) -> Result<Option<InvalidFile>> {
        let (store, config) = (&self.project.store, &self.project.config);
        let mut broken = store.broken_children(id, &scene.index()?.invalid, config);
        Ok(broken.next().cloned())
    }

    /// Says which epics have no open children any more: only a run closes them by itself.
    pub(super) fn hint_at_epics(&self, scene: &Scene<'_>, tickets: &[Ticket]) -> Result<()> {
        let index = scene.index()?;
        let statuses = &self.project.config.statuses;
        let now = |id: &TicketId| {
            let changed = tickets.iter().find(|ticket| ticket.id == *id);
            let changed = changed.map(|ticket| ticket.status.as_str());
            changed.or_else(|| index.get(id).map(Outline::status))
        };
        let is_done = |id: &TicketId| now(id).is_some_and(|status| statuses.is_done(status));
        let closed = tickets.iter().filter(|ticket| is_done(&ticket.id));
        let epics: BTreeSet<&TicketId> =
            closed.filter_map(|ticket| ticket.parent.as_ref()).collect();
        for epic in epics {
            let open = now(epic).is_some() && !is_done(epic);
            let comes_again =
                |ticket: &Ticket| ticket.repeat.is_some() && ticket.parent.as_ref() == Some(epic);
            if tickets.iter().any(comes_again) {
                continue;
            }
            if open
                && scene.children(epic)?.all(|child| is_done(&child.id))
                && self.broken_child(scene, epic)?.is_none()
                // Below one that was closed by force.
                && scene.graph()?.descendants(epic).iter().all(is_done)
            {
                let hint = format!("every child of the epic `{epic}` is closed: `tk close {epic}`");
                self.project.hint(hint);
            }
        }
        Ok(())
    }

    /// Says what became of each ticket, and what may be next.
    pub(super) fn tell(&self, changed: &mut Changed) {
        let statuses = &self.project.config.statuses;
        let now: Vec<_> = changed
            .tickets()
            .map(|it| (it.id.clone(), statuses.is_done(&it.status), it.awaiting))
            .collect();
        for (result, (id, closed, awaiting)) in changed.results.iter_mut().zip(now) {
            result.closed = Some(closed);
            let Some(gate) = awaiting.filter(|_| !closed) else {
                continue;
            };
            if self.reason.is_some() {
                self.project.warn(format!(
                    "`{id}` is not closed before {gate}: the reason is not kept, so give it then"
                ));
            }
            if !changed.dry_run {
                self.project.hint(format!(
                    "`{id}` requires {gate}, so it waits: `tk approve {id}`, then close it"
                ));
            }
        }
    }
}

/// Refuses a transition that the configuration does not allow.
pub(super) fn allow(project: &Project, ticket: &Ticket, to: &StatusId) -> Result<()> {
    let from = &ticket.status;
    if project.config.statuses.allows(from, to) {
        return Ok(());
    }
    let message = format!("`{}` cannot go from `{from}` to `{to}`", ticket.id);
    Err(transition(project, from, message))
}

pub(super) fn transition(project: &Project, from: &StatusId, message: String) -> Error {
    let next = project.config.statuses.next(from);
    let next: Vec<String> = next.iter().map(ToString::to_string).collect();
    let hint = match next.is_empty() {
        true => format!("no transition leads on from `{from}`"),
        false => format!("from `{from}` it can go to: {}", next.join(", ")),
    };
    refused(message).hint(hint).with("allowed", next)
}

/// The error that children of the epic come again: what comes next would have none.
fn never_over(id: &TicketId, children: &[TicketId]) -> Error {
    let ids: Vec<&str> = children.iter().map(TicketId::as_str).collect();
    stopped(id, "has children that come again:", children).hint(format!(
        "`tk update {} --repeat ''` ends that; with `--force` what comes next is below no epic",
        ids.join(" ")
    ))
}

fn held(id: &TicketId, what: &str, by: &[TicketId]) -> Error {
    let hint = "close those first, or close it all the same with `--force`";
    stopped(id, what, by).hint(hint)
}

fn stopped(id: &TicketId, what: &str, by: &[TicketId]) -> Error {
    let by: Vec<String> = by.iter().map(ToString::to_string).collect();
    let shown = some_of(by.iter().map(|id| format!("`{id}`")), 8);
    refused(format!("`{id}` {what} {shown}"))
        .with("id", id.as_str())
        .with("open", by)
}
