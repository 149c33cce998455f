//! What elements of a ticket's own lists say that `tk` does not know.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::shown;
use super::jsonl::LISTS;
use crate::model::Ticket;
use crate::wire::{Detail, TicketFacts, TicketRecord};

/// Such keys, and by their list the elements that have any.
#[derive(Default)]
pub(super) struct Inner<'t> {
    keys: BTreeSet<String>,
    pub(super) elements: BTreeMap<&'static str, Vec<&'t toml::Value>>,
}

impl<'t> Inner<'t> {
    /// Those of the ticket that the table spells.
    pub(super) fn of(ticket: &Ticket, table: &'t toml::Table) -> Self {
        let mut inner = Self::default();
        let lists = LISTS
            .iter()
            .filter_map(|list| Some((*list, table.get(*list)?.as_array()?)));
        let facts = TicketFacts {
            texts: true,
            ..TicketFacts::default()
        };
        let record = TicketRecord::new(ticket, facts).fields(&Detail::Full);
        for (list, elements) in lists {
            // Whatever an element says, its record has all the keys that there are.
            let Some(known) = record.get(list).and_then(|all| all.get(0)?.as_object()) else {
                continue;
            };
            for element in elements {
                let keys = element.as_table().into_iter().flat_map(toml::Table::keys);
                let more = keys.filter(|key| !known.contains_key(*key));
                let more: Vec<String> = more
                    .map(|key| format!("`{}` of `{list}`", shown(key)))
                    .collect();
                if !more.is_empty() {
                    inner.keys.extend(more);
                    inner.elements.entry(list).or_default().push(element);
                }
            }
        }
        inner
    }

    /// The keys as messages name them, if there are any.
    pub(super) fn told(&self) -> Option<String> {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        (!keys.is_empty()).then(|| keys.join(", "))
    }
}
