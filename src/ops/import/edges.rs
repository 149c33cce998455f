//! The edges of imported tickets: those that can be.

use std::collections::{BTreeMap, BTreeSet};

use super::placing::{Meant, Placing};
use super::{Entry, Imported, Misfit, MisfitKind};
use crate::graph::{Cycle, Graph, Step};
use crate::model::{Outline, Ticket, TicketId};
use crate::ops::cycles::refused_cycle;
use crate::ops::values::printable;
use crate::ops::{Project, Result};
use crate::port::Edges;
use crate::store::Index;

/// An edge that was taken away, and why.
type Gone = (Step, &'static str);

/// How often cycles are looked for: what has lost its parts is no epic any more, and may then
/// wait for others than before.
const ROUNDS: usize = 4;

/// Gives the ticket its edges, in the ids that there are here.
pub(super) fn set(placing: &Placing<'_>, id: &TicketId, from: &mut Imported) {
    let edges = std::mem::take(&mut from.edges);
    let Edges {
        parent,
        blocked_by,
        after,
        related,
        discovered_from,
        duplicate_of,
        recurs_from,
        // Turned into edges of the others when the archive was read.
        parts: _,
        blocks: _,
    } = edges;
    let one = |named: Option<String>| named.into_iter().collect::<Vec<_>>();
    let mut all = |key, named| resolved(placing, id, from, key, named);
    let parent = all("parent", one(parent)).pop_first();
    let blocked_by = all("blocked_by", blocked_by);
    let after = all("after", after);
    let related = all("related", related);
    let discovered_from = all("discovered_from", one(discovered_from)).pop_first();
    let duplicate_of = all("duplicate_of", one(duplicate_of)).pop_first();
    let recurs_from = all("recurs_from", one(recurs_from)).pop_first();
    let ticket = &mut from.ticket;
    ticket.parent = parent;
    ticket.blocked_by = blocked_by;
    ticket.after = after;
    ticket.related = related;
    ticket.discovered_from = discovered_from;
    ticket.duplicate_of = duplicate_of;
    ticket.recurs_from = recurs_from;
}

fn resolved(
    placing: &Placing<'_>,
    id: &TicketId,
    from: &mut Imported,
    key: &'static str,
    named: Vec<String>,
) -> BTreeSet<TicketId> {
    let mut ids = BTreeSet::new();
    for named in named {
        let shown = printable(&named);
        match placing.meant(from, &named) {
            Meant::Is(other) if other == *id => {
                tell(
                    from,
                    MisfitKind::Edge,
                    format!("`{key}` names the ticket itself"),
                );
                from.lose(key, named);
            }
            Meant::Is(other) => {
                ids.insert(other);
            }
            Meant::Here(other) => {
                let message = format!(
                    "`{key}` names `{shown}`, which is not in the archive: it is taken for the \
                     `{other}` that is here"
                );
                tell(from, MisfitKind::Reference, message);
                ids.insert(other);
            }
            Meant::Missing(other) => {
                let message = format!("`{key}` names `{shown}`, which is not there");
                tell(from, MisfitKind::Reference, message);
                ids.insert(other);
            }
            Meant::Gone => {
                let message = format!("`{key}` names `{shown}`, which is left out");
                tell(from, MisfitKind::Reference, message);
                from.lose(key, named);
            }
            Meant::Nothing => {
                let message = format!("`{key}` names `{shown}`, which is not there or no id here");
                tell(from, MisfitKind::Reference, message);
                from.lose(key, named);
            }
        }
    }
    ids
}

fn tell(from: &mut Imported, kind: MisfitKind, message: String) {
    from.misfits.push(Misfit { kind, message });
}

/// Takes those edges of new tickets away that would make tickets wait for one another. Each that
/// goes is told of its ticket, and kept.
///
/// What comes from elsewhere may say anything. Of an export of ours only that goes which makes
/// tickets wait for one another now: the rest could be said where it comes from.
///
/// # Errors
/// When edges that are here already make tickets wait for one another, with the new ones there.
pub(super) fn without_cycles(
    project: &Project,
    index: &Index,
    graph: &Graph<'_>,
    tickets: &mut [Entry],
) -> Result<()> {
    let mut gone: Vec<Gone> = Vec::new();
    let places = tickets.iter().enumerate().filter(|(_, entry)| !entry.here);
    let places: BTreeMap<TicketId, usize> = places
        .map(|(place, new)| (new.from.ticket.id.clone(), place))
        .collect();
    let own = tickets.iter().all(|entry| entry.here || entry.from.own);
    if !own {
        within_families(index, tickets, &places, &mut gone);
    }
    for _ in 0..ROUNDS {
        let steps = knots(project, index, tickets, &places, own);
        if steps.is_empty() {
            break;
        }
        for step in steps {
            cut(tickets, &places, &step);
            gone.push((step, "tickets would wait for one another"));
        }
    }
    while let Some(cycle) = cycle_with(graph, tickets, own) {
        let steps = cycle.links.iter().flat_map(|link| &link.why);
        let new_steps = steps.filter(|step| places.contains_key(named(step).0));
        let Some(step) = new_steps.min_by_key(|step| rank(step)).cloned() else {
            return Err(refused_cycle(&cycle));
        };
        cut(tickets, &places, &step);
        gone.push((step, "tickets would wait for one another"));
    }
    for (step, why) in gone {
        let (id, key, other) = named(&step);
        if let Some(place) = places.get(id) {
            let from = &mut tickets[*place].from;
            let message = format!("`{key}` `{other}` is left out: {why}");
            tell(from, MisfitKind::Edge, message);
            from.lose(key, other.to_string());
        }
    }
    Ok(())
}

/// Those of the tickets that are not here yet.
fn new(tickets: &[Entry]) -> impl Iterator<Item = &Ticket> {
    let new = tickets.iter().filter(|entry| !entry.here);
    new.map(|entry| &entry.from.ticket)
}

/// An epic that waits for its own parts, and parts that wait for their own epic: common
/// elsewhere, and a knot for each here. The first is meant anyway.
fn within_families(
    index: &Index,
    tickets: &mut [Entry],
    places: &BTreeMap<TicketId, usize>,
    gone: &mut Vec<Gone>,
) {
    let mut parents: BTreeMap<TicketId, TicketId> = BTreeMap::new();
    for ticket in &index.tickets {
        let ticket = ticket.ticket();
        parents.extend(ticket.parent.map(|parent| (ticket.id, parent)));
    }
    for ticket in new(tickets) {
        let parent = ticket.parent.clone();
        parents.extend(parent.map(|parent| (ticket.id.clone(), parent)));
    }
    // No longer than any way up that does not go in a circle.
    let is_above = |above: &TicketId, below: &TicketId| {
        let mut at = below;
        for _ in 0..=64 {
            match parents.get(at) {
                Some(parent) if parent == above => return true,
                Some(parent) => at = parent,
                None => return false,
            }
        }
        false
    };
    let mut steps = Vec::new();
    for ticket in new(tickets) {
        let id = &ticket.id;
        let related = |other: &&TicketId| is_above(id, other) || is_above(other, id);
        let blockers = ticket.blocked_by.iter().filter(related);
        steps.extend(blockers.map(|other| Step::BlockedBy(id.clone(), other.clone())));
        let earlier = ticket.after.iter().filter(related);
        steps.extend(earlier.map(|other| Step::After(id.clone(), other.clone())));
    }
    for step in steps {
        cut(tickets, places, &step);
        gone.push((step, "one is a part of the other"));
    }
}

/// Edges of new tickets without which no tickets wait for one another. Closed tickets count as
/// open, so that reopening one closes no cycle; not those of an export of ours, in which `after`
/// does not count either.
fn knots(
    project: &Project,
    index: &Index,
    tickets: &[Entry],
    places: &BTreeMap<TicketId, usize>,
    own: bool,
) -> Vec<Step> {
    let open = |mut ticket: Ticket| {
        ticket.status = project.config.statuses.initial().clone();
        Outline::from(&ticket)
    };
    let (old, made) = (index.tickets.iter(), new(tickets));
    let all: Vec<Outline> = match own {
        true => old.cloned().chain(made.map(Outline::from)).collect(),
        false => {
            let old = old.map(|outline| open(outline.ticket()));
            old.chain(made.map(|ticket| open(ticket.clone()))).collect()
        }
    };
    let graph = Graph::new(&all, &project.config.statuses, project.now);
    graph.breaking(!own, |step| places.contains_key(named(step).0))
}

/// What is left of the cycles that the new tickets close, as they stand.
fn cycle_with(graph: &Graph<'_>, tickets: &[Entry], own: bool) -> Option<Cycle> {
    let made: Vec<Outline> = new(tickets).map(Outline::from).collect();
    match own {
        true => graph.hard_cycle_with(&made),
        false => graph.cycle_with(&made),
    }
}

/// What goes first: what says the least.
fn rank(step: &Step) -> u8 {
    match step {
        Step::After(..) => 0,
        Step::BlockedBy(..) => 1,
        Step::PartOf(..) => 2,
    }
}

fn cut(tickets: &mut [Entry], places: &BTreeMap<TicketId, usize>, step: &Step) {
    let (id, key, other) = named(step);
    let Some(place) = places.get(id) else {
        return;
    };
    let ticket = &mut tickets[*place].from.ticket;
    match key {
        "parent" => ticket.parent = None,
        "after" => {
            ticket.after.remove(other);
        }
        _ => {
            ticket.blocked_by.remove(other);
        }
    }
}

/// The ticket whose file says so, under which key, and what it names there.
fn named(step: &Step) -> (&TicketId, &'static str, &TicketId) {
    match step {
        Step::BlockedBy(id, other) => (id, "blocked_by", other),
        Step::After(id, other) => (id, "after", other),
        Step::PartOf(id, other) => (id, "parent", other),
    }
}
