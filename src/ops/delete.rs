//! Removing tickets, and nothing that others hold on to.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::change::{Scene, Targets};
use super::holds::Ends;
use super::notes::refused;
use super::records::Records;
use super::{Error, Project, Result};
use crate::model::{Outline, Ticket, TicketId, some_of};
use crate::store::Stored;
use crate::wire::{DeletedTicket, TicketRecord};

/// What was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    /// The tickets that are gone, in the order they were named.
    pub results: Vec<DeletedTicket>,
    /// Those that referred to them, as they now stand.
    pub tickets: Vec<TicketRecord>,
}

/// Deletes the tickets: all of them or none. With `force`, references of others to them are
/// cleared in the same write; without, they are a reason to refuse.
///
/// `at_work` fails for a ticket that a live run works at.
///
/// # Errors
/// When an agent deletes, others refer to a ticket, or a run works at it.
pub fn delete(
    project: &Project,
    targets: &Targets,
    force: bool,
    at_work: impl Fn(&TicketId) -> Result<()>,
) -> Result<Deleted> {
    project.require_human("delete")?;
    project.mend_merge_driver();
    let locked = project.lock()?;
    let all = OnceCell::new();
    let (gone, referring) = {
        let scene = Scene::new(project, &locked, &all);
        let (gone, _) = scene.targets(targets)?;
        let ids: Vec<&TicketId> = gone.iter().map(|old| &old.id).collect();
        for id in &ids {
            at_work(id)?;
        }
        let others = scene.index()?.tickets.iter();
        let others = others.filter(|other| !ids.contains(&&other.id));
        let going: HashSet<&str> = ids.iter().map(|id| id.as_str()).collect();
        let referring = others.filter(|other| other.references().any(|id| going.contains(id)));
        let referring: Vec<Ticket> = referring.map(Outline::ticket).collect();
        if !force && !referring.is_empty() {
            return Err(referred(&ids, &referring));
        }
        (gone, referring)
    };
    let ids: Vec<TicketId> = gone.iter().map(|old| old.id.clone()).collect();
    let before = referring.iter();
    let before = before.map(|ticket| locked.read(&ticket.id, &project.config));
    let before = before.collect::<std::result::Result<Vec<_>, _>>()?;
    let cleared = |old: &Stored| {
        let mut after = old.ticket.clone();
        for id in &ids {
            for (_, edge) in after.edges_mut() {
                edge.take(id);
            }
        }
        after
    };
    let after = before.iter().map(cleared).collect();
    let was = |place: usize, _: &Ticket| Ok::<_, Error>(&before[place]);
    let prepared = locked.prepare(after, was, &project.config)?;
    let written = locked.put_and_remove(prepared, &ids)?;
    let mut index = all.into_inner().unwrap_or_default();
    for (ticket, etag) in written.all() {
        index.put(ticket, etag);
    }
    let over = ids.iter().map(|id| (id, Ends::Anyones));
    project.settle_claims(&locked, over, false);
    for id in &ids {
        index.remove(id);
    }
    drop(locked);
    let graph = project.graph(&index.tickets);
    let records = Records::new(project, &index, &graph);
    let referring_to = |id: &TicketId| -> Vec<String> {
        let by = referring.iter().filter(|ticket| ticket.refers_to(id));
        by.map(|ticket| ticket.id.to_string()).collect()
    };
    let changed: Vec<TicketId> = referring.iter().map(|ticket| ticket.id.clone()).collect();
    Ok(Deleted {
        results: gone
            .iter()
            .map(|ticket| DeletedTicket {
                id: ticket.id.to_string(),
                title: ticket.title.clone(),
                cleared_in: referring_to(&ticket.id),
            })
            .collect(),
        tickets: records.by_ids(&changed)?,
    })
}

fn referred(ids: &[&TicketId], referring: &[Ticket]) -> Error {
    let mut lines = Vec::new();
    for id in ids {
        let by = referring.iter().filter(|ticket| ticket.refers_to(id));
        let by: Vec<String> = by.map(|ticket| format!("`{}`", ticket.id)).collect();
        let shown = some_of(by.iter(), 8);
        if !shown.is_empty() {
            lines.push(format!("`{id}` is referred to by {shown}"));
        }
    }
    let by: Vec<String> = referring.iter().map(|t| t.id.to_string()).collect();
    let references = referring.iter().flat_map(Ticket::references);
    let mut keys = references.filter(|(_, id)| ids.contains(id)).map(|it| it.0);
    let hint = match keys.all(|key| matches!(key, "blocked_by" | "parent")) {
        true => "`tk show` tells how; `tk unblock` and `tk update --parent ''` undo it",
        false => "`tk show` tells how; `tk edit` undoes it, and `--force` does",
    };
    refused(lines.join("\n")).hint(hint).with("referred_by", by)
}
