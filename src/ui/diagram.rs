//! Plans for programs that draw: Graphviz and Mermaid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::terminal::safe;
use crate::graph::Plan;
use crate::model::TicketId;

/// The plan in Graphviz's language.
#[must_use]
pub fn dot(plan: &Plan) -> String {
    let mut out = String::from("digraph tk {\n  rankdir=LR;\n  node [shape=box];\n");
    for entry in &plan.entries {
        let label = format!("{}\\n{}", entry.id, dot_text(&entry.title));
        let bold = if entry.critical { ", style=bold" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  \"{}\" [label=\"{label}\"{bold}];", entry.id);
    }
    for entry in &plan.entries {
        for blocker in plan.blockers(entry) {
            let _ = writeln!(out, "  \"{blocker}\" -> \"{}\";", entry.id);
        }
    }
    out.push_str("}\n");
    out
}

/// The plan in Mermaid's language.
#[must_use]
pub fn mermaid(plan: &Plan) -> String {
    // Ids may hold characters that Mermaid takes for its own, so nodes are numbered.
    let blockers = plan.entries.iter().flat_map(|entry| plan.blockers(entry));
    let inside = plan.entries.iter().map(|entry| entry.id.clone());
    let all: BTreeSet<TicketId> = inside.chain(blockers).collect();
    let numbers: BTreeMap<&TicketId, usize> = all.iter().zip(0..).collect();
    let mut out = String::from("graph LR\n");
    for (id, number) in &numbers {
        let title = plan.entry(id).map_or("", |entry| &entry.title);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  n{number}[\"{id} {}\"]", mermaid_text(title));
    }
    for entry in &plan.entries {
        for blocker in plan.blockers(entry) {
            let (from, to) = (numbers[&blocker], numbers[&entry.id]);
            let _ = writeln!(out, "  n{from} --> n{to}");
        }
    }
    out
}

fn dot_text(text: &str) -> String {
    let text = safe(text).replace('\\', "\\\\");
    text.replace('"', "\\\"")
}

fn mermaid_text(text: &str) -> String {
    let mut out = String::new();
    for c in safe(text).chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | '[' | ']' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
