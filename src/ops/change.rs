//! Changing tickets: lock, read, decide, check, write; all of them or none.

use super::records::Records;
use super::{Error, ErrorCode, Project, Result, resolve, resolve_all};
use crate::graph::Graph;
use crate::model::{Ticket, TicketId};
use crate::store::{Change, Loaded, Locked};
use crate::wire::{ChangeResult, TicketRecord};

/// Which tickets a command is to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Ids as they were typed.
    pub ids: Vec<String>,
    /// The etag that the only ticket must still have.
    pub if_match: Option<String>,
}

/// What a command changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// What became of each ticket, in the order they were named.
    pub results: Vec<ChangeResult>,
    /// The tickets as they now stand.
    pub tickets: Vec<TicketRecord>,
}

impl Changed {
    /// Whether anything is different now.
    #[must_use]
    pub fn any(&self) -> bool {
        self.results.iter().any(|result| result.changed)
    }
}

/// What a change is decided by: the tickets as they stand under the lock.
pub(super) struct Scene<'s> {
    pub(super) project: &'s Project,
    pub(super) locked: &'s Locked<'s>,
    pub(super) loaded: &'s Loaded,
    pub(super) graph: &'s Graph<'s>,
}

impl Scene<'_> {
    /// The ticket that is meant.
    pub(super) fn resolve(&self, given: &str) -> Result<TicketId> {
        resolve(self.loaded, self.graph, given)
    }

    /// The tickets that are meant.
    pub(super) fn resolve_all(&self, given: &[impl AsRef<str>]) -> Result<Vec<TicketId>> {
        resolve_all(self.loaded, self.graph, given)
    }
}

impl Targets {
    /// These tickets, whatever they say by now.
    #[must_use]
    pub fn new(ids: Vec<String>) -> Self {
        Self {
            ids,
            if_match: None,
        }
    }
}

impl Project {
    /// Changes the tickets by what `decide` makes of them. Nothing is written if it fails,
    /// if a cycle would come about, or if any of them cannot be written.
    pub(super) fn change(
        &self,
        targets: &Targets,
        decide: impl FnOnce(&Scene<'_>, &mut [Ticket]) -> Result<()>,
    ) -> Result<Changed> {
        self.mend_merge_driver();
        let locked = self.store.lock()?;
        let mut loaded = self.store.load_all(&self.config)?;
        self.warn_of_invalid(&loaded);
        let (before, after) = {
            let graph = Graph::new(&loaded.tickets, &self.config.statuses, self.now);
            let scene = Scene {
                project: self,
                locked: &locked,
                loaded: &loaded,
                graph: &graph,
            };
            let before = self.targeted(targets, &scene)?;
            let mut after = before.clone();
            decide(&scene, &mut after)?;
            refuse_cycles(&graph, &before, &after)?;
            (before, after)
        };
        self.write(&locked, &mut loaded, &before, &after)?;
        self.report(&loaded, &before)
    }

    pub(super) fn targeted(&self, targets: &Targets, scene: &Scene<'_>) -> Result<Vec<Ticket>> {
        let ids = scene.resolve_all(&targets.ids)?;
        if let Some(expected) = &targets.if_match {
            let [id] = &ids[..] else {
                let message = "`--if-match` is for one ticket at a time";
                return Err(Error::new(ErrorCode::InvalidArgument, message));
            };
            let found = scene.loaded.etags.get(id).map_or("", String::as_str);
            if expected.trim() != found {
                let message =
                    format!("`{id}` has changed: its etag is `{found}`, not `{expected}`");
                return Err(Error::new(ErrorCode::Changed, message)
                    .hint(format!("`tk show {id}` tells how it stands now"))
                    .with("id", id.as_str())
                    .with("etag", found));
            }
        }
        let records = Records::new(scene.loaded, scene.graph);
        ids.iter().map(|id| records.ticket(id).cloned()).collect()
    }

    fn write(
        &self,
        locked: &Locked<'_>,
        loaded: &mut Loaded,
        before: &[Ticket],
        after: &[Ticket],
    ) -> Result<()> {
        let mut changes = Vec::new();
        for (old, new) in before.iter().zip(after).filter(|(old, new)| old != new) {
            let stored = locked.read(&old.id, &self.config)?;
            if stored.ticket != *old {
                let message = format!("`{}` was changed by another program", old.id);
                return Err(Error::new(ErrorCode::Changed, message).hint("try again"));
            }
            changes.push(Change {
                before: stored,
                after: new.clone(),
            });
        }
        for stored in locked.write(changes, &self.config)? {
            let id = stored.ticket.id.clone();
            if self.config.statuses.is_done(&stored.ticket.status) {
                locked.release_claim(&id)?;
            }
            if let Ok(place) = loaded.tickets.binary_search_by(|ticket| ticket.id.cmp(&id)) {
                loaded.tickets[place] = stored.ticket;
            }
            loaded.etags.insert(id, stored.etag);
        }
        Ok(())
    }

    fn report(&self, loaded: &Loaded, before: &[Ticket]) -> Result<Changed> {
        let graph = self.graph(&loaded.tickets);
        let records = Records::new(loaded, &graph);
        let mut changed = Changed {
            results: Vec::new(),
            tickets: Vec::new(),
        };
        for old in before {
            let new = records.ticket(&old.id)?;
            changed.results.push(ChangeResult {
                id: old.id.to_string(),
                changed: new != old,
                closed: None,
                awaiting: new.awaiting.map(|kind| kind.as_str()),
            });
            changed.tickets.push(records.of(new));
        }
        Ok(changed)
    }
}

/// Refuses what would make tickets wait for one another. Cycles that are there already are no
/// reason to refuse anything.
pub(super) fn refuse_cycles(graph: &Graph<'_>, before: &[Ticket], after: &[Ticket]) -> Result<()> {
    let edges = |ticket: &Ticket| {
        let (blocked_by, after) = (ticket.blocked_by.clone(), ticket.after.clone());
        (
            ticket.parent.clone(),
            blocked_by,
            after,
            ticket.kind.clone(),
        )
    };
    let changed = after
        .iter()
        .enumerate()
        .filter(|(place, new)| {
            before
                .get(*place)
                .is_none_or(|old| edges(old) != edges(new))
        })
        .map(|(_, new)| new.clone());
    let changed: Vec<Ticket> = changed.collect();
    if changed.is_empty() {
        return Ok(());
    }
    let Some(cycle) = graph.cycle_with(&changed) else {
        return Ok(());
    };
    let message = format!("tickets would wait for one another: {cycle}");
    let ids: Vec<String> = cycle.ids().iter().map(ToString::to_string).collect();
    Err(Error::new(ErrorCode::Cycle, message).with("cycle", ids))
}
