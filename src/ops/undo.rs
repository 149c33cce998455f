//! Taking back what the last command changed.

use std::collections::{BTreeMap, BTreeSet};

use super::cycles::Returning;
use super::differences::differences;
use super::holds::Ends;
use super::notes::refused;
use super::records::Records;
use super::values::printable;
use super::{Error, ErrorCode, Project, Result};
use crate::format;
use crate::model::{Category, Shown, Ticket, TicketId, some_of};
use crate::store::{Index, LastChange, Locked};
use crate::wire::{TakenBack, TicketRecord, UndoneTicket};

/// The most tickets that a message names.
const NAMED: usize = 8;

/// What was taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Undone {
    /// When it had been done, and by whom.
    pub at: String,
    /// By whom.
    pub by: String,
    /// Whether that was taking back another change, which is made again so.
    pub was_undo: bool,
    /// What became of each ticket.
    pub results: Vec<UndoneTicket>,
    /// The tickets that there are, as they now stand.
    pub tickets: Vec<TicketRecord>,
}

/// Takes back what the last command of a person changed in tickets' files: all of it or
/// nothing. With `dry_run` it only tells what that would be.
///
/// `at_work` fails for a ticket that a live run works at.
///
/// # Errors
/// When there is nothing, a ticket has changed since, others refer to one that would go, or an
/// agent asks.
pub fn undo(
    project: &Project,
    dry_run: bool,
    at_work: impl Fn(&TicketId) -> Result<()>,
) -> Result<Undone> {
    project.require_human("take back what people did")?;
    let locked = project.lock_for(dry_run)?;
    let Some(last) = project.store.last_change() else {
        let error = Error::new(ErrorCode::No, "there is nothing to take back");
        return Err(error.hint("only the last command of a person in this clone can be"));
    };
    if let Some(folder) = project.store.changed_elsewhere(&last) {
        let message = format!("the last command changed tickets in `{}`", Shown(folder));
        let error = Error::new(ErrorCode::No, message);
        return Err(error.hint("`tk undo` there takes it back"));
    }
    let standing = locked.standing(last)?;
    if !standing.moved_on.is_empty() {
        return Err(moved_on(&standing.moved_on));
    }
    let last = &standing.left;
    if last.files.is_empty() {
        let message = "there is nothing to take back: everything is as it was before";
        return Err(Error::new(ErrorCode::No, message));
    }
    let index = project.index()?;
    let back = tickets(project, last)?;
    let by_id: BTreeMap<&TicketId, &Ticket> = back.iter().map(|it| (&it.id, it)).collect();
    let results = last
        .files
        .iter()
        .map(|file| told(project, &locked, &file.id, &by_id, dry_run));
    let results = results.collect::<Result<Vec<_>>>()?;
    let gone = last.files.iter().filter(|file| file.before.is_none());
    let gone: BTreeSet<&TicketId> = gone.map(|file| &file.id).collect();
    for id in &gone {
        at_work(id)?;
    }
    refuse_if_named(&index, &gone, &by_id)?;
    let mut now = None;
    if !dry_run {
        locked.put_back(&standing)?;
        release_claims(project, &locked, &gone, &back);
        tell_of_claims_left(project, &locked, &back);
        let statuses = &project.config.statuses;
        for open in back.iter().filter(|it| !statuses.is_done(&it.status)) {
            if index.get(&open.id).is_some_and(|it| it.is_done(statuses)) {
                project.owe_reopening(&open.id);
            }
        }
        now = Some(project.index()?);
    }
    // What was is put back even where tickets then wait for one another, as they may have before.
    let returning = Returning {
        before: &index,
        gone: &gone.iter().copied().collect::<Vec<_>>(),
        after: &back.iter().collect::<Vec<_>>(),
        dry_run,
    };
    returning.warn_of_cycles(project);
    let index = now.unwrap_or(index);
    drop(locked);
    let graph = project.graph(&index.tickets);
    let records = Records::new(project, &index, &graph);
    Ok(Undone {
        at: last.at.to_string(),
        by: last.by.clone(),
        was_undo: last.is_undo,
        results,
        tickets: back.iter().map(|ticket| records.of(ticket)).collect(),
    })
}

fn moved_on(changed: &[TicketId]) -> Error {
    let ids: Vec<String> = changed.iter().map(ToString::to_string).collect();
    let shown = some_of(ids.iter().map(|id| format!("`{id}`")), NAMED);
    let have = if ids.len() == 1 { "has" } else { "have" };
    let message = format!("{shown} {have} changed since");
    Error::new(ErrorCode::Changed, message)
        .hint("nothing is taken back; `git diff .ticks` shows what is not committed")
        .with("ids", ids)
}

/// The tickets as they were before.
fn tickets(project: &Project, last: &LastChange) -> Result<Vec<Ticket>> {
    let texts = last
        .files
        .iter()
        .filter_map(|file| Some((&file.id, file.before.as_ref()?)));
    let tickets = texts.map(|(id, text)| {
        format::parse(id, text, &project.config).map_err(|error| {
            let message = format!("what `{id}` was is no ticket any more: {error}");
            Error::new(ErrorCode::InvalidTicket, message)
        })
    });
    tickets.collect()
}

/// What becomes of the ticket.
fn told(
    project: &Project,
    locked: &Locked<'_>,
    id: &TicketId,
    back: &BTreeMap<&TicketId, &Ticket>,
    dry_run: bool,
) -> Result<UndoneTicket> {
    let now = match locked.has(id) {
        true => Some(locked.read(id, &project.config)?.ticket),
        false => None,
    };
    let then = back.get(id).copied();
    let title = then.or(now.as_ref()).map(|ticket| ticket.title.clone());
    Ok(UndoneTicket {
        id: id.to_string(),
        title: title.unwrap_or_default(),
        outcome: match (&now, then) {
            (Some(_), Some(_)) => TakenBack::Restored,
            (None, _) => TakenBack::Recreated,
            (Some(_), None) => TakenBack::Removed,
        },
        changes: match (&now, then) {
            (Some(now), Some(then)) if dry_run => Some(differences(now, then)),
            _ => None,
        },
    })
}

/// Refuses where a ticket that goes is named by one that stays.
fn refuse_if_named(
    index: &Index,
    gone: &BTreeSet<&TicketId>,
    back: &BTreeMap<&TicketId, &Ticket>,
) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let others = index.tickets.iter();
    let others = others.filter(|it| !gone.contains(&it.id) && !back.contains_key(&it.id));
    let gone: BTreeSet<&str> = gone.iter().map(|id| id.as_str()).collect();
    let others = others.filter_map(|it| {
        let named = it.references().find(|id| gone.contains(id))?;
        Some((&it.id, named))
    });
    let back = back.values().filter_map(|it| {
        let mut named = it.references().map(|(_, id)| id.as_str());
        Some((&it.id, named.find(|id| gone.contains(id))?))
    });
    match others.chain(back).next() {
        Some((by, id)) => {
            let message = format!("`{id}` would go, and `{by}` refers to it");
            Err(refused(message).with("id", id))
        }
        None => Ok(()),
    }
}

/// Lets go of what nobody works at any more.
fn release_claims(
    project: &Project,
    locked: &Locked<'_>,
    gone: &BTreeSet<&TicketId>,
    back: &[Ticket],
) {
    let statuses = &project.config.statuses;
    let idle = back.iter();
    let idle = idle.filter(|ticket| statuses.category(&ticket.status) != Category::Active);
    let ids = gone.iter().copied().chain(idle.map(|ticket| &ticket.id));
    project.settle_claims(locked, ids.map(|id| (id, Ends::Own)), false);
}

/// Names the way out of claims that go on though their tickets are not owned by who has them any
/// more: those of tickets that were in progress before they were claimed.
fn tell_of_claims_left(project: &Project, locked: &Locked<'_>, back: &[Ticket]) {
    let statuses = &project.config.statuses;
    for Ticket {
        id, status, owner, ..
    } in back
    {
        if statuses.category(status) != Category::Active {
            continue;
        }
        let claim = locked.claim(id, project.now).map_err(Error::from);
        let claim = claim.and_then(|claim| match claim {
            Some(claim) if project.is_mine(&claim)? => Ok(Some(claim)),
            _ => Ok(None),
        });
        match claim {
            Ok(Some(claim)) if owner.as_deref() != Some(&claim.actor) => {
                let place = claim.remote.map(|hold| printable(&hold.remote));
                let place = place.map(|remote| format!(", on `{remote}` too"));
                project.hint(format!(
                    "`{id}` stays claimed by you until {}{}: `tk release {id}` lets go of it",
                    claim.lease_until,
                    place.unwrap_or_default()
                ));
            }
            Ok(_) => {}
            Err(error) => project.warn(error.to_string()),
        }
    }
}
