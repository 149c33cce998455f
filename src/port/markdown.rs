//! A document for people.

use super::fence::{self, Fences};
use crate::model::{Config, Ticket, TicketId};

/// The ticket's section, behind an empty line.
pub(super) fn write(ticket: &Ticket, config: &Config) -> String {
    let mut out = String::from("\n");
    let done = config.statuses.is_done(&ticket.status);
    let tick = if done { "x" } else { " " };
    out.push_str(&format!(
        "## [{tick}] {}: {}\n\n",
        ticket.id,
        one_line(&ticket.title)
    ));
    let ids = |ids: &std::collections::BTreeSet<TicketId>| {
        let ids: Vec<&str> = ids.iter().map(TicketId::as_str).collect();
        ids.join(", ")
    };
    let labels: Vec<&str> = ticket.labels.iter().map(String::as_str).collect();
    let facts = [
        ("Type", ticket.kind.clone()),
        ("Status", ticket.status.to_string()),
        ("Priority", ticket.priority.to_string()),
        ("Owner", shown(ticket.owner.as_ref())),
        ("Part of", shown(ticket.parent.as_ref())),
        ("Labels", labels.join(", ")),
        ("Blocked by", ids(&ticket.blocked_by)),
        ("After", ids(&ticket.after)),
        ("Related", ids(&ticket.related)),
        ("Awaits", shown(ticket.awaiting.as_ref())),
        ("Estimate", shown(ticket.estimate.as_ref())),
        ("Due", shown(ticket.due.as_ref())),
        ("Comes again every", shown(ticket.repeat.as_ref())),
        ("Created", shown(ticket.created_at.as_ref())),
        ("Closed", shown(ticket.closed_at.as_ref())),
        ("Reason", shown(ticket.reason.as_ref())),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!("- {name}: {}\n", one_line(value)));
    }
    if !ticket.description.trim().is_empty() {
        out.push_str(&format!("\n{}\n", description(&ticket.description)));
    }
    let acceptance = ticket.acceptance.iter().map(|item| (item.met, &item.text));
    ticks("Acceptance", acceptance, &mut out);
    let subtasks = ticket.subtasks.iter().map(|item| (item.done, &item.title));
    ticks("Subtasks", subtasks, &mut out);
    if !ticket.notes.is_empty() {
        out.push_str("\n### Notes\n");
    }
    for note in &ticket.notes {
        let by = if note.by.is_empty() {
            "nobody"
        } else {
            &note.by
        };
        let at = note.at.map_or(String::new(), |at| format!("{at}, "));
        out.push_str(&format!("\n**{at}{}** ({})\n\n", one_line(by), note.kind));
        out.push_str(&quoted(&note.text));
    }
    out
}

fn ticks<'t>(
    name: &str,
    items: impl ExactSizeIterator<Item = (bool, &'t String)>,
    out: &mut String,
) {
    if items.len() > 0 {
        out.push_str(&format!("\n### {name}\n\n"));
    }
    for (done, text) in items {
        let tick = if done { "x" } else { " " };
        out.push_str(&format!("- [{tick}] {}\n", one_line(text)));
    }
}

/// The text with headings below those of its ticket. Where something in it may stay open, it is a
/// quotation, with which that ends in any case.
fn description(text: &str) -> String {
    let lowered = lowered(text);
    match fence::may_stay_open(&lowered) {
        true => quoted(&lowered).trim_end().to_owned(),
        false => lowered,
    }
}

fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}\n")).collect()
}

fn lowered(text: &str) -> String {
    let mut fences = Fences::default();
    let lines = text.trim().lines().map(|line| {
        let is_code = fences.pass(line);
        let hashes = line.len() - line.trim_start_matches('#').len();
        if !is_code && (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
            format!("{}{}", "#".repeat((hashes + 2).min(6)), &line[hashes..])
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn shown(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}
