//! Ids that edges name and that no ticket has yet: which tickets are meant by them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Entry, Imported};
use crate::model::{Outline, TicketId};
use crate::store::{Index, Origins};

/// Who names such an id, and means one of where it comes from itself.
struct Namer {
    id: String,
    /// Whose ids it names; none where that is nobody's whose archive may have one.
    spaces: Vec<String>,
}

/// The ids that edges name and no ticket has. A new ticket that has one without being meant would be
/// taken for the other, and what waits for that could be ready too early.
#[derive(Default)]
pub(super) struct Promised(BTreeMap<TicketId, Vec<Namer>>);

impl Promised {
    /// What the tickets here name, and those of the archive that are new.
    pub(super) fn of(
        index: &Index,
        origins: &Origins,
        taken: &BTreeSet<TicketId>,
        tickets: &[Entry],
        new: &[&Imported],
    ) -> Self {
        let mut promised = Self::default();
        let made: BTreeSet<String> = new.iter().map(|from| from.origin()).collect();
        let mut spaces: HashMap<&TicketId, Vec<String>> = HashMap::new();
        for (origin, arrivals) in origins {
            // An archive that has another ticket of that name is of another repository.
            let space = origin.rsplit_once(':').map(|(space, _)| space);
            let space = space.filter(|_| !made.contains(origin));
            for arrival in arrivals {
                let all = spaces.entry(&arrival.id).or_default();
                all.extend(space.map(str::to_owned));
            }
        }
        for ticket in index.tickets.iter().map(Outline::ticket) {
            let missing = ticket.references().filter(|(_, id)| !taken.contains(*id));
            for (_, id) in missing {
                let spaces = spaces.get(&ticket.id).cloned().unwrap_or_default();
                promised.add(id.clone(), ticket.id.to_string(), spaces);
            }
        }
        let all = tickets.iter().map(|entry| &entry.from);
        let there: BTreeSet<String> = all.clone().map(|from| from.origin()).collect();
        let named: BTreeSet<&str> = all.filter_map(|from| from.named.as_deref()).collect();
        for from in new {
            for other in from.edges.all() {
                let origin = from.origin_of(other);
                let is_known = there.contains(&origin)
                    || origins.contains_key(&origin)
                    || named.contains(other.to_lowercase().as_str());
                let id = from.wanted_for(other).filter(|_| !is_known);
                if let Some(id) = id.filter(|id| !taken.contains(id)) {
                    promised.add(id, from.id.clone(), vec![from.space.clone()]);
                }
            }
        }
        promised
    }

    fn add(&mut self, id: TicketId, namer: String, spaces: Vec<String>) {
        let namers = self.0.entry(id).or_default();
        namers.push(Namer { id: namer, spaces });
    }

    /// Whether an edge names it.
    pub(super) fn has(&self, id: &TicketId) -> bool {
        self.0.contains_key(id)
    }

    /// Who names the id and does not mean this ticket by it, if anybody. Of our own, an id is the
    /// ticket's wherever it goes.
    pub(super) fn to_another(&self, id: &TicketId, from: &Imported) -> Option<&str> {
        let means = |namer: &&Namer| from.own || namer.spaces.contains(&from.space);
        let namers = self.0.get(id)?.iter();
        let mut others = namers.filter(|namer| !means(namer));
        Some(others.next()?.id.as_str())
    }
}
