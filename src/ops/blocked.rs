//! What cannot be done now, and why.

use super::choose::Within;
use super::cycles::MOST_NAMED;
use super::list::{Page, urgency};
use super::records::{Found, Records};
use super::{Project, Result, resolve};
use crate::cores;
use crate::graph::{Readiness, Reason};
use crate::model::{Outline, TicketId};
use crate::wire::{ReasonKind, ReasonRecord};

/// From so many tickets on several threads find out what they wait for.
const MANY: usize = 2_000;

/// A ticket that has to wait, and what for.
pub struct Waiting<'w> {
    ticket: &'w Outline,
    reasons: Vec<Reason>,
}

impl Waiting<'_> {
    /// What for, in words; as many as [`Waiting::reasons`], or fewer.
    pub fn words(&self) -> impl Iterator<Item = String> {
        self.reasons.iter().map(ToString::to_string)
    }

    /// What for, for programs.
    #[must_use]
    pub fn reasons(&self) -> Vec<ReasonRecord> {
        self.reasons.iter().flat_map(flat).collect()
    }
}

/// Finds the open work that cannot be started now, most important first, and hands it to `tell`.
///
/// # Errors
/// When the epic is unknown, or the query cannot be understood.
pub fn blocked<R>(
    project: &Project,
    within: Within<'_>,
    page: Page,
    tell: impl FnOnce(&Found<'_, Waiting<'_>>) -> R,
) -> Result<R> {
    let chosen = within.chosen(project)?;
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let mut tickets: Vec<&Outline> = match within.epic {
        Some(given) => {
            let below = graph.descendants(&resolve(&index, &graph, given)?);
            below.iter().filter_map(|id| index.get(id)).collect()
        }
        None => index.tickets.iter().collect(),
    };
    if let Some(chosen) = &chosen {
        tickets = chosen.among(project, &index, &graph, &tickets)?;
    }
    let held = |ticket: &&'_ Outline| match graph.readiness(&ticket.id) {
        Readiness::Blocked(reasons) => Some(reasons),
        _ => None,
    };
    let parts = cores::spread(&tickets, MANY, |part| {
        let found = part.iter().map(|ticket| {
            let reasons = held(ticket)?;
            Some(Waiting { ticket, reasons })
        });
        found.flatten().collect::<Vec<_>>()
    });
    let mut held: Vec<Waiting<'_>> = parts.into_iter().flatten().collect();
    // Stable, and they come in the order of their ids.
    held.sort_by_cached_key(|waiting| urgency(waiting.ticket));
    let records = Records::new(project, &index, &graph);
    let found = Found::new(records, &held, page, |waiting| waiting.ticket)?;
    Ok(tell(&found))
}

/// The reason for programs; those of an epic above as reasons of their own.
fn flat(reason: &Reason) -> Vec<ReasonRecord> {
    let texts = |ids: &[TicketId]| ids.iter().map(ToString::to_string).collect();
    let about = |kind, id: &TicketId| ReasonRecord::new(kind, vec![id.to_string()]);
    let record = match reason {
        Reason::Ancestor { epic, reasons } => {
            let above = Some(epic.to_string());
            return reasons
                .iter()
                .flat_map(flat)
                .map(|reason| ReasonRecord {
                    above: above.clone(),
                    ..reason
                })
                .collect();
        }
        Reason::Blocker(id) => about(ReasonKind::Blocker, id),
        Reason::Missing(id) => about(ReasonKind::Missing, id),
        Reason::Epic { epic, open } => ReasonRecord {
            epic: Some(epic.to_string()),
            ..ReasonRecord::new(ReasonKind::Epic, texts(open))
        },
        Reason::Awaiting(kind) => ReasonRecord {
            awaiting: Some(kind.as_str()),
            ..ReasonRecord::new(ReasonKind::Awaiting, Vec::new())
        },
        Reason::Deferred(until) => ReasonRecord {
            until: Some(until.to_string()),
            ..ReasonRecord::new(ReasonKind::Deferred, Vec::new())
        },
        Reason::Held(hold) => ReasonRecord {
            until: Some(hold.until.to_string()),
            holder: Some(hold.by.clone()),
            ..ReasonRecord::new(ReasonKind::Held, Vec::new())
        },
        Reason::Cycle(cycle) => ReasonRecord::new(ReasonKind::Cycle, {
            let links = cycle.links.iter().take(MOST_NAMED);
            links.map(|link| link.from.to_string()).collect()
        }),
    };
    vec![record]
}
