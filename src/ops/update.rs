//! Changing the fields of tickets.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::change::{Scene, Targets};
use super::close::{self, CloseRequest, Closing};
use super::new::{acceptance, check_edges, subtasks};
use super::notes::{can_await_nothing, refused, say};
use super::reopen;
use super::values::{self, invalid};
use super::{Changed, Error, ErrorCode, Project, Result};
use crate::model::{Category, Defer, NoteKind, StatusId, Ticket, TicketId};

/// What is to be different, in words as they were typed; what is absent stays. An empty value
/// clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateRequest {
    /// The title.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The type.
    pub kind: Option<String>,
    /// The status, through the transitions and the human gates.
    pub status: Option<String>,
    /// The priority.
    pub priority: Option<String>,
    /// Who is responsible.
    pub owner: Option<String>,
    /// The epic it is a part of.
    pub parent: Option<String>,
    /// The labels, in place of those there are.
    pub labels: Option<Vec<String>>,
    /// More labels.
    pub add_labels: Vec<String>,
    /// Labels to go.
    pub remove_labels: Vec<String>,
    /// The blockers, in place of those there are.
    pub blocked_by: Option<Vec<String>>,
    /// The soft order, in place of what there is.
    pub after: Option<Vec<String>>,
    /// The tickets worth reading, in place of those there are.
    pub related: Option<Vec<String>>,
    /// The human gate.
    pub requires: Option<String>,
    /// What a person owes it.
    pub awaiting: Option<String>,
    /// How long it will take.
    pub estimate: Option<String>,
    /// When it should be done.
    pub due: Option<String>,
    /// Until when it is put off.
    pub defer_until: Option<String>,
    /// How often it comes again.
    pub repeat: Option<String>,
    /// The agent to run it with.
    pub agent: Option<String>,
    /// The model to run it with.
    pub model: Option<String>,
    /// Never together with others of that lock.
    pub lock: Option<String>,
    /// A pull request's address.
    pub pr: Option<String>,
    /// During whose work it was found.
    pub discovered_from: Option<String>,
    /// The ticket it repeats.
    pub duplicate_of: Option<String>,
    /// The checks, in place of those there are.
    pub checks: Option<Vec<String>>,
    /// The globs, in place of those there are.
    pub touches: Option<Vec<String>>,
    /// The acceptance items, in place of those there are.
    pub acceptance: Option<Vec<String>>,
    /// The subtasks, in place of those there are.
    pub subtasks: Option<Vec<String>>,
    /// Numbers, from 1, of acceptance items that are met.
    pub met: Vec<usize>,
    /// Numbers, from 1, of subtasks that are done.
    pub subtask_done: Vec<usize>,
    /// A note to add.
    pub note: Option<String>,
    /// Why it is closed: where the status closes it, or it is closed already.
    pub reason: Option<String>,
    /// Close although blockers or children are open.
    pub force: bool,
}

/// Changes the tickets.
///
/// # Errors
/// When a value cannot be, a rule does not allow it, or an agent changes what it may not.
pub fn update(project: &Project, targets: &Targets, request: &UpdateRequest) -> Result<Changed> {
    let to = request.status.as_deref();
    let to = to
        .map(|word| values::status(&project.config, word))
        .transpose()?;
    let note = request.note.as_deref();
    let note = note
        .map(|text| say(project, NoteKind::Comment, "note", text))
        .transpose()?;
    let is_agent = project.is_agent()?;
    let awaiting = request.awaiting.as_deref().unwrap_or_default();
    let closing = match &to {
        Some(to) if project.config.statuses.is_done(to) && !is_agent => {
            let close = CloseRequest {
                reason: request.reason.clone(),
                note: None,
                force: request.force,
            };
            Some(Closing::new(project, &close, Some(to.clone()))?)
        }
        _ => None,
    };
    let mut changed = project.change_alone(targets, |scene, tickets| {
        let closed = reopen::closed_ones(project, tickets);
        for ticket in tickets.iter_mut() {
            let before = ticket.clone();
            set(scene, ticket, request)?;
            if closing.is_some() && !awaiting.trim().is_empty() {
                return Err(cannot_both(ticket));
            }
            if let Some(note) = &note {
                ticket.say(note);
            }
            if is_agent {
                agent_may(project, scene, &before, request)?;
            }
            check_edges(ticket, &before)?;
        }
        match (&to, &closing) {
            (_, Some(closing)) => {
                closing.all(scene, tickets)?;
                closing.hint_at_epics(scene, tickets)?;
            }
            (Some(to), None) => go(scene, tickets, to)?,
            (None, None) => {}
        }
        if let (Some(reason), None) = (&request.reason, &closing) {
            give_reason(project, tickets, reason)?;
        }
        let moved = |ticket: &Ticket| request.parent.is_some() || closed.contains(&ticket.id);
        reopen::check_parents(scene, tickets, moved)
    })?;
    if let Some(closing) = &closing {
        closing.tell(&mut changed);
    }
    Ok(changed)
}

/// A ticket that is closed awaits nothing, and one that `requires` a gate awaits that.
fn cannot_both(ticket: &Ticket) -> Error {
    let id = &ticket.id;
    refused(format!("`{id}` cannot be closed and await something"))
        .hint("expected `--awaiting` or a status that closes it, not both")
}

/// Why the tickets were closed, all of which are.
fn give_reason(project: &Project, tickets: &mut [Ticket], reason: &str) -> Result<()> {
    let reason = values::line("reason", reason)?;
    for ticket in tickets {
        if !project.config.statuses.is_done(&ticket.status) {
            let message = format!("`{}` is not closed: it has no reason", ticket.id);
            return Err(invalid(message).hint("`--reason` goes with closing: `tk close`"));
        }
        ticket.reason.clone_from(&reason);
    }
    Ok(())
}

/// Puts the tickets into a status that is not the end.
pub(super) fn go(scene: &Scene<'_>, tickets: &mut [Ticket], to: &StatusId) -> Result<()> {
    let project = scene.project;
    let statuses = &project.config.statuses;
    for ticket in tickets {
        close::allow(project, ticket, to)?;
        let begins = statuses.category(to) == Category::Active
            && statuses.category(&ticket.status) != Category::Active;
        if statuses.is_done(&ticket.status) {
            project.require_human("reopen")?;
            reopen::open(ticket, to);
        }
        ticket.status = to.clone();
        if begins {
            begin(scene, ticket)?;
        }
    }
    Ok(())
}

/// Notes that work begins, and warns where it should not yet.
pub(super) fn begin(scene: &Scene<'_>, ticket: &mut Ticket) -> Result<()> {
    ticket.started_at = ticket.started_at.or(Some(scene.project.now));
    if scene.is_plainly_free(&ticket.id)? {
        return Ok(());
    }
    let reasons = scene.graph()?.reasons(&ticket.id);
    if !reasons.is_empty() {
        let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        let id = &ticket.id;
        scene
            .project
            .warn(format!("`{id}` is begun though {}", reasons.join(", ")));
    }
    Ok(())
}

fn set(scene: &Scene<'_>, ticket: &mut Ticket, request: &UpdateRequest) -> Result<()> {
    let (config, now) = (&scene.project.config, scene.project.now);
    if let Some(title) = &request.title {
        ticket.title = values::title(title)?;
    }
    if let Some(description) = &request.description {
        ticket.description = values::text("description", description)?;
    }
    if let Some(kind) = &request.kind {
        ticket.kind = values::kind(config, kind)?;
    }
    if let Some(priority) = &request.priority {
        ticket.priority = values::word(priority)?.unwrap_or_default();
    }
    put(&mut ticket.owner, request.owner.as_deref(), |v| {
        values::line("owner", v)
    })?;
    let gate = ticket.requires;
    put(
        &mut ticket.requires,
        request.requires.as_deref(),
        values::word,
    )?;
    if ticket.requires != gate {
        // What was said before was not said at this gate.
        ticket.verdict = None;
    }
    put(
        &mut ticket.estimate,
        request.estimate.as_deref(),
        values::word,
    )?;
    let due_before = ticket.due;
    put(&mut ticket.due, request.due.as_deref(), |v| {
        values::day("due day", now, v)
    })?;
    put(
        &mut ticket.defer_until,
        request.defer_until.as_deref(),
        |v| values::defer(now, v),
    )?;
    if request.due.is_some() || request.defer_until.is_some() {
        put_off(scene.project, ticket, due_before, request);
    }
    put(&mut ticket.repeat, request.repeat.as_deref(), values::word)?;
    if request.repeat.is_some() {
        // Else another day is what somebody says instead.
        values::fitting_repeat(ticket.repeat, ticket.due, ticket.defer_until)?;
    }
    let store = &scene.project.store;
    put(&mut ticket.agent, request.agent.as_deref(), |v| {
        values::agent(store, v)
    })?;
    put(&mut ticket.model, request.model.as_deref(), |v| {
        values::line("model", v)
    })?;
    put(&mut ticket.lock, request.lock.as_deref(), |v| {
        values::line("lock", v)
    })?;
    put(&mut ticket.pr, request.pr.as_deref(), |v| {
        values::line("pull request", v)
    })?;
    if let Some(awaiting) = &request.awaiting {
        ticket.awaiting = values::word(awaiting)?;
        if ticket.awaiting.is_some() && config.statuses.is_done(&ticket.status) {
            return Err(can_await_nothing(ticket));
        }
    }
    set_edges(scene, ticket, request)?;
    set_lists(ticket, request)
}

/// Puts a ticket off until its new due day that came after another and was put off until the old
/// one, which nobody has said; warns of any other that is hidden when it is due.
fn put_off(project: &Project, ticket: &mut Ticket, before: Option<Date>, request: &UpdateRequest) {
    let goes_along = ticket.recurs_from.is_some()
        && request.defer_until.is_none()
        && before.is_some()
        && ticket.defer_until == before.map(Defer::Day);
    match ticket.due {
        Some(due) if goes_along && before != Some(due) => {
            ticket.defer_until = Some(Defer::Day(due));
            let id = &ticket.id;
            project.hint(format!(
                "`{id}` is put off until {due}, too, as it was until its due day before"
            ));
        }
        _ => values::warn_where_hidden_when_due(project, ticket),
    }
}

fn set_edges(scene: &Scene<'_>, ticket: &mut Ticket, request: &UpdateRequest) -> Result<()> {
    let one = |given: &str| match given.trim() {
        "" => Ok(None),
        given => scene.resolve(given).map(Some),
    };
    // One that is there already may be kept, even if there is no such ticket.
    let several = |given: &[String], old: &BTreeSet<TicketId>| -> Result<BTreeSet<TicketId>> {
        let words = values::words("id", given)?;
        let ids = words.iter().map(|word| match old.get(word.as_str()) {
            Some(id) => Ok(id.clone()),
            None => scene.resolve(word),
        });
        ids.collect()
    };
    put(&mut ticket.parent, request.parent.as_deref(), one)?;
    put(
        &mut ticket.discovered_from,
        request.discovered_from.as_deref(),
        one,
    )?;
    put(
        &mut ticket.duplicate_of,
        request.duplicate_of.as_deref(),
        one,
    )?;
    for (to, given) in [
        (&mut ticket.blocked_by, &request.blocked_by),
        (&mut ticket.after, &request.after),
        (&mut ticket.related, &request.related),
    ] {
        if let Some(given) = given {
            *to = several(given, to)?;
        }
    }
    Ok(())
}

fn set_lists(ticket: &mut Ticket, request: &UpdateRequest) -> Result<()> {
    if let Some(given) = &request.labels {
        ticket.labels = values::labels(given)?;
    }
    // A blank one says nothing here, where no list is replaced.
    let one = |word| values::needed_line("label", word);
    for word in request.add_labels.iter().flat_map(|words| words.split(',')) {
        ticket.labels.insert(one(word)?);
    }
    let is_there = |label: &str| ticket.labels.contains(label);
    for label in values::labels_there(&request.remove_labels, is_there)? {
        ticket.labels.remove(&label);
    }
    if let Some(given) = &request.checks {
        ticket.checks = values::lines("check", given)?;
    }
    if let Some(given) = &request.touches {
        ticket.touches = values::lines("glob", given)?;
    }
    if let Some(given) = &request.acceptance {
        ticket.acceptance = acceptance(given, &ticket.acceptance)?;
    }
    if let Some(given) = &request.subtasks {
        ticket.subtasks = subtasks(given, &ticket.subtasks)?;
    }
    for number in &request.met {
        numbered(
            &ticket.id,
            &mut ticket.acceptance,
            *number,
            "acceptance item",
        )?
        .met = true;
    }
    for number in &request.subtask_done {
        numbered(&ticket.id, &mut ticket.subtasks, *number, "subtask")?.done = true;
    }
    Ok(())
}

fn put<T>(
    to: &mut Option<T>,
    given: Option<&str>,
    read: impl Fn(&str) -> Result<Option<T>>,
) -> Result<()> {
    if let Some(given) = given {
        *to = read(given)?;
    }
    Ok(())
}

fn numbered<'t, T>(
    id: &TicketId,
    items: &'t mut [T],
    number: usize,
    what: &str,
) -> Result<&'t mut T> {
    let count = items.len();
    let place = number.checked_sub(1);
    place.and_then(|place| items.get_mut(place)).ok_or_else(|| {
        let wrong = format!("there is no {what} {number} in `{id}`");
        invalid(match count {
            0 => format!("{wrong}: it has none"),
            _ => format!("{wrong}: expected 1 to {count}"),
        })
    })
}

/// An agent may tick acceptance items and subtasks of its own ticket and add notes; the rest
/// is for people.
fn agent_may(
    project: &Project,
    scene: &Scene<'_>,
    ticket: &Ticket,
    request: &UpdateRequest,
) -> Result<()> {
    let allowed = UpdateRequest {
        met: request.met.clone(),
        subtask_done: request.subtask_done.clone(),
        note: request.note.clone(),
        ..UpdateRequest::default()
    };
    if *request != allowed {
        project.require_human("change anything but `--met`, `--subtask-done` and `--note`")?;
    }
    let actor = project.actor()?;
    let ticks = !request.met.is_empty() || !request.subtask_done.is_empty();
    let claim = scene.locked.claim(&ticket.id, project.now)?;
    let own = project.works_on(&ticket.id)
        || ticket.owner.as_deref() == Some(actor.as_str())
        || claim.is_some_and(|claim| claim.actor == actor.as_str());
    if ticks && !own {
        let message = format!("`{}` is not the ticket that `{actor}` works on", ticket.id);
        return Err(Error::new(ErrorCode::HumansOnly, message));
    }
    Ok(())
}
