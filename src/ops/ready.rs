//! What can be done now.

use super::change::{Scene, Targets};
use super::choose::Within;
use super::claim::{ClaimRequest, claim_if};
use super::list::Page;
use super::records::{Found, Records};
use super::{Error, ErrorCode, Project, Result, resolve};
use crate::context::Context;
use crate::graph::{Graph, Scope};
use crate::model::{Category, Outline, Ticket};
use crate::store::Index;
use crate::wire::TicketRecord;

/// Finds the tickets that can be started now, in the order in which they should be, and hands
/// them to `tell`.
///
/// # Errors
/// When the epic is unknown, or the query cannot be understood.
pub fn ready<R>(
    project: &Project,
    within: Within<'_>,
    page: Page,
    tell: impl FnOnce(&Found<'_, &Outline>) -> R,
) -> Result<R> {
    within.chosen(project)?;
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let found = startable(project, &index, &graph, within)?;
    let records = Records::new(project, &index, &graph);
    Ok(tell(&Found::new(records, &found, page, |ticket| ticket)?))
}

/// The one to do now.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// How many could be started.
    pub total: usize,
    /// The one, if there is any.
    pub ticket: Option<TicketRecord>,
}

/// The one to do now, taken at once as `claim` says where it is to be claimed; nothing if none can
/// be started. One that another takes first, here or on the remote, gives way to the one after it.
///
/// # Errors
/// When the epic is unknown, the query cannot be understood, nobody is named who claims, or the
/// remote cannot be asked.
pub fn next(
    project: &Project,
    context: &Context,
    within: Within<'_>,
    claim: Option<&ClaimRequest>,
) -> Result<Next> {
    let mut next = first(project, within)?;
    let Some(request) = claim else {
        return Ok(next);
    };
    let may = |scene: &Scene<'_>, ticket: &Ticket| {
        let ready = startable(project, scene.index()?, scene.graph()?, within)?;
        match ready.iter().any(|ready| ready.id == ticket.id) {
            true => Ok(()),
            false => {
                let message = format!("`{}` was taken meanwhile", ticket.id);
                Err(Error::new(ErrorCode::Held, message))
            }
        }
    };
    // What another has on the remote is noted when that is found, and no longer ready then.
    while let Some(ticket) = &next.ticket {
        let targets = Targets::new(vec![ticket.id.to_string()]);
        match claim_if(project, context, &targets, request, &may) {
            Ok(claimed) => {
                next.ticket = claimed.changed.records(project).pop();
                break;
            }
            Err(error) if error.code == ErrorCode::Held => {
                next = first(project, within)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(next)
}

fn first(project: &Project, within: Within<'_>) -> Result<Next> {
    let one = Page {
        limit: Some(1),
        ..Page::default()
    };
    let told = ready(project, within, one, |found| {
        let records = found.each(|listed, _| listed.record())?;
        Ok(Next {
            total: found.total(),
            ticket: records.into_iter().next(),
        })
    });
    told?
}

/// The error that there is nothing to do, with why.
///
/// # Errors
/// When the tickets cannot be read.
pub fn nothing_ready(project: &Project, within: Within<'_>) -> Result<Error> {
    if within.query.is_some() {
        let error = Error::new(ErrorCode::No, "nothing that fits is ready");
        return Ok(error.hint("`tk ready` shows what else is"));
    }
    let index = project.store.index(&project.config)?;
    let graph = Graph::new(&index.tickets, &project.config.statuses, project.now);
    let scope = scope(&index, &graph, within.epic)?;
    // What could be started all the same is held by others.
    let held = match graph.ready(&scope).len() {
        0 => String::new(),
        held => format!(", {held} held by others"),
    };
    let plan = graph.plan(&scope);
    let active = plan
        .entries
        .iter()
        .filter(|entry| project.config.statuses.category(&entry.status) == Category::Active);
    let open = plan.entries.len() + plan.unplaced.len();
    let (active, awaiting) = (active.count(), plan.awaiting.len());
    let error = Error::new(ErrorCode::No, "nothing is ready");
    Ok(match open {
        0 => error.hint(match &scope {
            Scope::Epic(id) if graph.descendants(id).is_empty() && graph.is_epic(id) => {
                format!("`{id}` has no tickets: `tk new TITLE --parent {id}` files one")
            }
            Scope::Epic(id) => format!("there is no open work below `{id}`"),
            _ => "there is no open work".to_owned(),
        }),
        _ => error.hint(format!(
            "{open} open: {active} in progress, {awaiting} awaiting a person{held}; \
             `tk list --blocked` tells what the others wait for"
        )),
    })
}

/// What can be started now and is not held by another, first things first.
fn startable<'g>(
    project: &Project,
    index: &Index,
    graph: &'g Graph<'_>,
    within: Within<'_>,
) -> Result<Vec<&'g Outline>> {
    let mut ready = graph.ready(&scope(index, graph, within.epic)?);
    if let Some(chosen) = within.chosen(project)? {
        ready = chosen.among(project, index, graph, &ready)?;
    }
    let claimed = project.store.claimed()?;
    let mut free = Vec::with_capacity(ready.len());
    for ticket in ready {
        let claim = match claimed.contains(&ticket.id) {
            true => project.store.claim(&ticket.id, project.now)?,
            false => None,
        };
        let is_free = match claim {
            None => true,
            Some(claim) => project.is_mine(&claim)?,
        };
        if is_free {
            free.push(ticket);
        }
    }
    Ok(free)
}

fn scope(index: &Index, graph: &Graph<'_>, epic: Option<&str>) -> Result<Scope> {
    Ok(match epic {
        Some(given) => Scope::Epic(resolve(index, graph, given)?),
        None => Scope::All,
    })
}
