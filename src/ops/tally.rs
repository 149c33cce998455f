//! Figures of the tickets.

use std::collections::BTreeSet;

use super::values::{self, invalid};
use super::{Project, Result, resolve};
use crate::cores;
use crate::model::{Outline, Statuses, TicketId};
use crate::tally::{Row, Weeks, tally as figures};
use crate::wire::TallyDocument;

/// From so many tickets on they are looked at by several threads.
const MANY: usize = 2000;

/// The weeks that are told unless it is said since when.
const USUAL_WEEKS: usize = 12;

/// The most weeks: ten years.
const MOST_WEEKS: usize = 522;

/// The figures of all tickets, or of those below an epic, by week since that day.
///
/// # Errors
/// When the epic is unknown, or the day is none, still to come, or too long ago.
pub fn tally(project: &Project, epic: Option<&str>, since: Option<&str>) -> Result<TallyDocument> {
    let weeks = weeks(project, since)?;
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let below = match epic {
        Some(given) => {
            let id = resolve(&index, &graph, given)?;
            let below: BTreeSet<TicketId> = graph.descendants(&id).into_iter().collect();
            Some((id, below))
        }
        None => None,
    };
    let wanted = |ticket: &Outline| {
        let below = below.as_ref();
        below.is_none_or(|(_, ids)| ids.contains(&ticket.id))
    };
    let wanted: Vec<&Outline> = index.tickets.iter().filter(|t| wanted(t)).collect();
    let statuses = &project.config.statuses;
    let parts = cores::spread(&wanted, MANY, |part| {
        let rows = part.iter().map(|ticket| row(ticket, statuses));
        rows.collect::<Vec<_>>()
    });
    let mut parts = parts.into_iter();
    let mut rows = parts.next().unwrap_or_default();
    rows.extend(parts.flatten());
    Ok(TallyDocument {
        epic: below.as_ref().map(|(id, _)| id.to_string()),
        unreadable: index.invalid.len(),
        ..figures(&rows, statuses, weeks)
    })
}

fn weeks(project: &Project, since: Option<&str>) -> Result<Weeks> {
    let Some(given) = since else {
        return Ok(Weeks::last(USUAL_WEEKS, project.now));
    };
    // Of no use is what a due day is told to look like: a day to come.
    let day = values::day("first day", project.now, given).ok().flatten();
    let weeks = day.and_then(|day| Weeks::since(day, project.now));
    weeks
        .filter(|weeks| weeks.count() <= MOST_WEEKS)
        .ok_or_else(|| {
            let shown = values::printable(given);
            invalid(format!(
                "`--since {shown}`: expected a day of the last ten years, such as `2026-09-01`"
            ))
        })
}

fn row<'t>(ticket: &'t Outline, statuses: &Statuses) -> Row<'t> {
    Row {
        id: ticket.id.as_str(),
        title: ticket.title(),
        status: ticket.status(),
        done: ticket.is_done(statuses),
        kind: ticket.kind(),
        priority: ticket.priority(),
        owner: ticket.owner(),
        agent: ticket.agent(),
        parent: ticket.parent(),
        created: ticket.created_at(),
        started: ticket.started_at(),
        closed: ticket.closed_at(),
    }
}
