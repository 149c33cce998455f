//! A new ticket file, in the canonical layout.

use crate::model::Ticket;

use super::fields::{Element, Fields, lists, root};

/// The text of a new file for that ticket.
#[must_use]
pub fn print(ticket: &Ticket) -> String {
    let mut out = String::new();
    for (key, cell) in root(ticket) {
        let Some(value) = cell.written() else {
            continue;
        };
        // Without this line what is inserted above and a change of the description would
        // touch, and git would see a conflict.
        if key == "description" {
            out.push_str("# description\n");
        }
        out.push_str(&format!("{key} = {value}\n\n"));
    }
    let sections = lists(ticket).map(|list| {
        let elements: String = list
            .elements
            .iter()
            .map(|element| block(list.key, element))
            .collect();
        format!("# {}\n{elements}", list.key)
    });
    out.push_str(&sections.join("\n"));
    out
}

/// An element of a list, with the blank line before it.
pub(super) fn block(key: &str, element: &Element) -> String {
    format!("\n[[{key}]]\n{}", body(&element.fields))
}

fn body(fields: &Fields) -> String {
    fields
        .iter()
        .filter_map(|(key, cell)| Some(format!("{key} = {}\n", cell.written()?)))
        .collect()
}
