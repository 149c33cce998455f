//! Which id each ticket of an archive has here.

use std::collections::{BTreeSet, HashMap};

use super::promised::Promised;
use super::{Entry, Imported, LeftOut, Misfit, MisfitKind};
use crate::format::Origin;
use crate::model::{Ticket, TicketId};
use crate::ops::values::printable;
use crate::ops::{Error, Project, Result};
use crate::store::{self, Arrival, Index, Origins};

/// A ticket's place here.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// Its id.
    pub(super) id: TicketId,
    /// Whether it is here already.
    pub(super) here: bool,
}

/// The ids of the archive's tickets here.
pub(super) struct Placing<'a> {
    origins: &'a Origins,
    /// By where they come from.
    spots: HashMap<String, Spot>,
    /// By what the edges of others in the archive call it.
    named: HashMap<String, TicketId>,
    /// Ids that are in use here, before and after.
    taken: BTreeSet<TicketId>,
    promised: Promised,
    /// Ids there of what is no ticket any more.
    gone: BTreeSet<String>,
}

/// What is to be done about the id that an edge names.
pub(super) enum Meant {
    /// It is that ticket.
    Is(TicketId),
    /// It is not in the archive, and is taken for the ticket of that id here.
    Here(TicketId),
    /// Nothing of that id is there; the doctor will say so.
    Missing(TicketId),
    /// It is no ticket there any more, and holds nobody up.
    Gone,
    /// It cannot be named here.
    Nothing,
}

impl<'a> Placing<'a> {
    pub(super) fn new(
        project: &Project,
        index: &Index,
        origins: &'a Origins,
        tickets: &[Entry],
        left_out: &[LeftOut],
    ) -> Result<Self> {
        let mut taken = project.store.ids()?;
        let mut spots = HashMap::new();
        let mut new = Vec::new();
        for Entry { from, .. } in tickets {
            match known(index, origins, from)? {
                Some(id) => drop(spots.insert(from.origin(), Spot { id, here: true })),
                None => new.push(from.as_ref()),
            }
        }
        // Each that is an id as it is comes before what only becomes one.
        new.sort_by_key(|from| from.wanted.as_ref().is_none_or(|id| id.as_str() != from.id));
        let promised = Promised::of(index, origins, &taken, tickets, &new);
        let mut rest = Vec::new();
        for from in new {
            // By its whole id there, if that is how others name it already.
            let named = from.wanted.as_ref().and_then(|_| from.wanted_for(&from.id));
            let named = named.filter(|id| promised.has(id));
            let id = named.as_ref().or(from.wanted.as_ref());
            match id.filter(|id| promised.to_another(id, from).is_none()) {
                Some(id) if taken.insert(id.clone()) => {
                    let id = id.clone();
                    spots.insert(from.origin(), Spot { id, here: false });
                }
                _ => rest.push(from),
            }
        }
        // Only now, so that no new id is one that another ticket brings along.
        for from in rest {
            let id = anew(from, |id| taken.contains(id) || promised.has(id));
            taken.insert(id.clone());
            spots.insert(from.origin(), Spot { id, here: false });
        }
        let named = tickets.iter().filter_map(|Entry { from, .. }| {
            let spot = spots.get(&from.origin())?;
            Some((from.named.clone()?, spot.id.clone()))
        });
        let named = named.collect();
        let gone = left_out.iter().filter(|record| !record.invalid);
        let gone = gone.filter_map(|record| record.origin.clone()).collect();
        Ok(Self {
            origins,
            spots,
            named,
            taken,
            promised,
            gone,
        })
    }

    /// Where the ticket is.
    pub(super) fn of(&self, from: &Imported) -> Option<Spot> {
        self.spots.get(&from.origin()).cloned()
    }

    /// Says of a ticket that it has another id here.
    pub(super) fn tell(&self, from: &mut Imported) {
        let Some(spot) = self.of(from) else {
            return;
        };
        let named = from.wanted_for(&from.id);
        if [&from.wanted, &named].contains(&&Some(spot.id.clone())) {
            return;
        }
        let (there, here) = (printable(&from.id), &spot.id);
        let namer = from
            .wanted
            .as_ref()
            .and_then(|id| self.promised.to_another(id, from));
        let why = match (&from.wanted, namer) {
            (Some(_), Some(namer)) => &format!("is named by `{namer}`, which means another ticket"),
            (Some(_), None) => "is another ticket here",
            (None, _) => "is no id here",
        };
        let message = format!("`{there}` {why}: it is `{here}`");
        let kind = MisfitKind::Id;
        from.misfits.push(Misfit { kind, message });
    }

    /// What an edge means that names that id.
    pub(super) fn meant(&self, from: &Imported, named: &str) -> Meant {
        let origin = from.origin_of(named);
        if let Some(spot) = self.spots.get(&origin) {
            return Meant::Is(spot.id.clone());
        }
        let here = self.origins.get(&origin).map_or(&[][..], Vec::as_slice);
        let named_so = self.named.get(&named.to_lowercase());
        match (here, named_so) {
            ([one, others @ ..], _) if others.iter().all(|other| other.id == one.id) => {
                return Meant::Is(one.id.clone());
            }
            // Nothing tells which of them.
            ([_, ..], _) => return Meant::Nothing,
            ([], Some(id)) => return Meant::Is(id.clone()),
            ([], None) => {}
        }
        if self.gone.contains(named) {
            return Meant::Gone;
        }
        match from.wanted_for(named) {
            // Of our own, an id is the ticket's wherever it goes.
            Some(id) if from.own && self.taken.contains(&id) => Meant::Here(id),
            Some(id) if !self.taken.contains(&id) => Meant::Missing(id),
            _ => Meant::Nothing,
        }
    }
}

/// The ticket that was made of it before, if any.
///
/// # Errors
/// When the file that has its id cannot be read, and does not say where it comes from: it may be
/// that ticket.
fn known(index: &Index, origins: &Origins, from: &Imported) -> Result<Option<TicketId>> {
    let found = match from.own {
        true => exported_before(index, origins, from),
        false => imported_before(index, origins, &from.came_from()),
    };
    let wanted = from.wanted.as_ref().filter(|_| found.is_none());
    let Some(file) = wanted.and_then(|id| index.invalid(id)) else {
        return Ok(found);
    };
    let is_from_elsewhere = !from.own
        && origins
            .values()
            .flatten()
            .any(|arrival| Some(&arrival.id) == file.id.as_ref());
    match is_from_elsewhere {
        true => Ok(None),
        false => {
            let id = printable(&from.id);
            let hint = format!("it may be `{id}` of the archive: import again once it can be read");
            Err(Error::from(file.clone()).hint(hint))
        }
    }
}

/// The ticket here that is the same as that of an export of ours, if any.
fn exported_before(index: &Index, origins: &Origins, from: &Imported) -> Option<TicketId> {
    let there = from.wanted.as_ref().and_then(|id| index.get(id));
    if let Some(there) = there {
        let there = there.ticket();
        let same = match (second(&there), second(&from.ticket)) {
            (None, None) => there.title == from.ticket.title,
            (here, elsewhere) => here == elsewhere,
        };
        if same {
            return Some(there.id);
        }
    }
    let earlier = from.earlier_origins().find_map(|mut origin| {
        if !Imported::is_unique(&origin.name) {
            origin.filed_at = origin.filed_at.or(from.ticket.created_at);
        }
        let here = || left_before(index, from, &origin.name);
        imported_before(index, origins, &origin).or_else(here)
    });
    earlier.or_else(|| Some(origins.get(&moved(from))?.first()?.id.clone()))
}

/// The ticket here that went from here to where its id was another ticket's, and comes back under
/// the one that it got there.
fn left_before(index: &Index, from: &Imported, origin: &str) -> Option<TicketId> {
    let (id, born) = origin.strip_prefix("tk:")?.rsplit_once('@')?;
    let here = index.get(&TicketId::parse(id).ok()?)?.ticket();
    let is_same = match second(&here) {
        Some(at) => born.parse() == Ok(at),
        None => born == "0" && here.title == from.ticket.title,
    };
    is_same.then_some(here.id)
}

/// The ticket here that comes from there, if any. Of one that was filed at another time, only the
/// id is the same: it is of another repository. What somebody has said here since of when it was
/// filed does not count where its file has kept what was said there.
fn imported_before(index: &Index, origins: &Origins, from: &Origin) -> Option<TicketId> {
    let born = from.filed_at.map(|at| at.as_second());
    let is_other = |arrival: &&Arrival| {
        let here = || second(&index.get(&arrival.id)?.ticket());
        let there = arrival.filed_at.map(|at| at.as_second()).or_else(here);
        born.zip(there).is_some_and(|(born, there)| born != there)
    };
    let mut arrivals = origins.get(&from.name)?.iter();
    let known = arrivals.find(|arrival| !is_other(arrival))?;
    Some(known.id.clone())
}

/// The id for a ticket that cannot have its own: whoever imports it gives it the same.
fn anew(from: &Imported, is_taken: impl Fn(&TicketId) -> bool) -> TicketId {
    let Origin { name, filed_at } = match from.own {
        true => Origin {
            name: moved(from),
            filed_at: None,
        },
        false => from.came_from(),
    };
    let filed_at = filed_at.map_or_else(String::new, |at| at.as_second().to_string());
    store::mint_for(&[&name, &filed_at], is_taken)
}

/// When the ticket was filed, to the second: files of some trackers have no more.
fn second(ticket: &Ticket) -> Option<i64> {
    ticket.created_at.map(|at| at.as_second())
}

/// The origin of a ticket of our own whose id was another ticket's here.
pub(super) fn moved(from: &Imported) -> String {
    let born = from.ticket.created_at.map_or(0, |at| at.as_second());
    format!("tk:{}@{born}", from.id)
}
