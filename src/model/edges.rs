//! What tickets say of others: which keys hold the ids of other tickets.

use std::collections::BTreeSet;

use super::{Outline, Ticket, TicketId};

/// What a key that names other tickets holds.
#[derive(Debug)]
pub(crate) enum Edge<'t> {
    /// One at most.
    Single(&'t mut Option<TicketId>),
    /// Any number.
    Several(&'t mut BTreeSet<TicketId>),
}

impl Edge<'_> {
    /// Takes the reference to that ticket away; whether it was there.
    pub(crate) fn take(self, id: &TicketId) -> bool {
        match self {
            Self::Single(single) => single.take_if(|other| other == id).is_some(),
            Self::Several(several) => several.remove(id),
        }
    }
}

impl Ticket {
    /// The tickets that it names, each with the key under which it does.
    pub fn references(&self) -> impl Iterator<Item = (&'static str, &TicketId)> {
        let several = [
            ("blocked_by", &self.blocked_by),
            ("after", &self.after),
            ("related", &self.related),
        ];
        let single = [
            ("parent", &self.parent),
            ("discovered_from", &self.discovered_from),
            ("duplicate_of", &self.duplicate_of),
            ("recurs_from", &self.recurs_from),
        ];
        let several = several
            .into_iter()
            .flat_map(|(key, ids)| ids.iter().map(move |id| (key, id)));
        let single = single
            .into_iter()
            .filter_map(|(key, id)| Some((key, id.as_ref()?)));
        several.chain(single)
    }

    /// What its keys that name other tickets hold, in the order of [`Ticket::references`].
    pub(crate) fn edges_mut(&mut self) -> [(&'static str, Edge<'_>); 7] {
        [
            ("blocked_by", Edge::Several(&mut self.blocked_by)),
            ("after", Edge::Several(&mut self.after)),
            ("related", Edge::Several(&mut self.related)),
            ("parent", Edge::Single(&mut self.parent)),
            ("discovered_from", Edge::Single(&mut self.discovered_from)),
            ("duplicate_of", Edge::Single(&mut self.duplicate_of)),
            ("recurs_from", Edge::Single(&mut self.recurs_from)),
        ]
    }

    /// Whether it names that other one in any of its edges.
    #[must_use]
    pub fn refers_to(&self, id: &TicketId) -> bool {
        self.references().any(|(_, other)| other == id)
    }
}

impl Outline {
    /// The ids of the tickets that it names in any of its edges.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let parts = self.parts();
        let single = [
            self.parent(),
            parts.discovered_from,
            parts.duplicate_of,
            parts.recurs_from,
        ];
        let edges = parts.edges;
        let several = edges.blocked_by.chain(edges.after).chain(parts.related);
        several.chain(single.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StatusId;

    #[test]
    fn every_key_that_names_a_ticket_is_known_everywhere() {
        let (itself, other) = (TicketId::known("abc"), TicketId::known("def"));
        let mut ticket = Ticket::new(
            itself,
            "A".to_owned(),
            "task".to_owned(),
            StatusId::new("open"),
        );
        let plain = ticket.clone();
        let count = ticket.edges_mut().len();
        for place in 0..count {
            let (key, edge) = ticket.edges_mut().into_iter().nth(place).unwrap();
            match edge {
                Edge::Single(single) => *single = Some(other.clone()),
                Edge::Several(several) => {
                    several.insert(other.clone());
                }
            }
            assert_eq!(ticket.references().collect::<Vec<_>>(), [(key, &other)]);
            assert!(ticket.refers_to(&other), "{key}");
            let outline = Outline::from(&ticket);
            assert_eq!(outline.references().collect::<Vec<_>>(), ["def"], "{key}");
            for (_, edge) in ticket.edges_mut() {
                edge.take(&other);
            }
            assert_eq!(ticket, plain, "{key}");
        }
    }
}
