//! Tickets that would wait for one another: refused where a new line makes them, told where they
//! do so since some are open again.

use std::collections::HashSet;

use super::{Error, ErrorCode, Project, Result};
use crate::graph::{Cycle, Graph, Step};
use crate::model::{Outline, Ticket, TicketId};
use crate::store::Index;

/// The most tickets of a cycle that programs are told.
pub(super) const MOST_NAMED: usize = 100;

/// Refuses what would make tickets wait for one another. Cycles that are there already are no
/// reason to refuse anything.
pub(super) fn refuse_cycles(graph: &Graph<'_>, changed: &[Ticket]) -> Result<()> {
    match graph.cycle_with(changed) {
        Some(cycle) => Err(refused_cycle(&cycle)),
        None => Ok(()),
    }
}

/// The error that names the cycle.
pub(super) fn refused_cycle(cycle: &Cycle) -> Error {
    refused_with_names(cycle, &TicketId::to_string)
}

/// The error that names the cycle, by these names of the tickets.
pub(super) fn refused_with_names(cycle: &Cycle, name: &dyn Fn(&TicketId) -> String) -> Error {
    let cycle_told = cycle.told(name);
    let message = format!("tickets would wait for one another: {cycle_told}");
    let ids = cycle.ids();
    let named = ids.iter().take(MOST_NAMED).map(name);
    let error = Error::new(ErrorCode::Cycle, message);
    let error = error.with("cycle", named.collect::<Vec<_>>());
    match ids.len() {
        0..=MOST_NAMED => error,
        length => error.with("cycle_length", length),
    }
}

/// A change of tickets that may make some wait for one another and is not refused for it.
pub(super) struct Returning<'r> {
    /// The tickets before it.
    pub(super) before: &'r Index,
    /// Those that go.
    pub(super) gone: &'r [&'r TicketId],
    /// Those that change or come.
    pub(super) after: &'r [&'r Ticket],
    /// It is only told what would be.
    pub(super) dry_run: bool,
}

impl Returning<'_> {
    /// Warns of each cycle that comes about, with a command that breaks it.
    pub(super) fn warn_of_cycles(&self, project: &Project) {
        let after = self.after.iter().map(|ticket| &ticket.id);
        let changed: HashSet<&TicketId> = self.gone.iter().copied().chain(after).collect();
        let tickets = self.before.tickets.iter();
        let kept = tickets.filter(|ticket| !changed.contains(&ticket.id));
        let mut then: Vec<Outline> = kept.cloned().collect();
        then.extend(self.after.iter().map(|ticket| Outline::from(*ticket)));
        let statuses = &project.config.statuses;
        let cycles = |tickets: &[Outline]| -> Vec<Cycle> {
            let graph = Graph::new(tickets, statuses, project.now);
            let hard = graph.cycles().iter().cloned();
            hard.chain(graph.soft_cycles()).collect()
        };
        let then = cycles(&then);
        if then.is_empty() {
            return;
        }
        let before = cycles(&self.before.tickets);
        for cycle in then.iter().filter(|cycle| !before.contains(cycle)) {
            if self.dry_run {
                project.warn(told(cycle, "would "));
                continue;
            }
            project.warn(told(cycle, ""));
            let command = breaking(cycle, |id| self.ticket(id));
            project.hint(format!("{HOW}, for example `{command}`"));
        }
    }

    fn ticket(&self, id: &TicketId) -> Option<Ticket> {
        let changed = self.after.iter().find(|ticket| ticket.id == *id);
        let as_before = || self.before.get(id).map(Outline::ticket);
        changed.map(|ticket| (*ticket).clone()).or_else(as_before)
    }
}

/// The cycle in a message, of tickets that "would " be in it or are.
pub(super) fn told(cycle: &Cycle, would: &str) -> String {
    let what = match cycle.is_soft() {
        true => "come after",
        false => "wait for",
    };
    format!("tickets {would}{what} one another: {cycle}")
}

/// What to do about a cycle.
pub(super) const HOW: &str = "break it where it is wrong";

/// A command that takes a line out of a file, without which there is no such cycle: where one is
/// no more than an order, that one, else the last that says what blocks.
pub(super) fn breaking(cycle: &Cycle, ticket: impl Fn(&TicketId) -> Option<Ticket>) -> String {
    let steps = || cycle.links.iter().flat_map(|link| &link.why).rev();
    let soft = steps().find(|step| matches!(step, Step::After(..)));
    let blocker = || steps().find(|step| matches!(step, Step::BlockedBy(..)));
    match soft.or_else(blocker).or_else(|| steps().next()) {
        Some(Step::BlockedBy(id, blocker)) => format!("tk unblock {id} {blocker}"),
        Some(Step::After(id, earlier)) => {
            let after = ticket(id).map(|ticket| ticket.after).unwrap_or_default();
            let rest = after.iter().filter(|other| *other != earlier);
            let rest: Vec<&str> = rest.map(TicketId::as_str).collect();
            let rest = if rest.is_empty() {
                "''".to_owned()
            } else {
                rest.join(",")
            };
            format!("tk update {id} --after {rest}")
        }
        Some(Step::PartOf(child, _)) => format!("tk update {child} --parent ''"),
        None => "tk unblock ID BLOCKER".to_owned(),
    }
}
