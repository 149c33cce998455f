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
    let text = ended(text);
    text.lines().map(|line| format!("> {line}\n")).collect()
}

/// The text with each line ended by a line feed. To Markdown, a carriage return ends one as well.
fn ended(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The text with its headings two levels lower.
fn lowered(text: &str) -> String {
    let text = ended(text.trim());
    let mut fences = Fences::default();
    let mut lines: Vec<String> = Vec::new();
    // Where the lines begin that an underline would make a heading of.
    let mut begun = 0;
    for line in text.lines() {
        let is_code = fences.pass(line);
        let level = underline(line).filter(|_| !is_code && begun < lines.len());
        if let Some(level) = level {
            if lines[begun..].iter().all(|line| is_plain(line)) {
                let words: Vec<&str> = lines[begun..].iter().map(|line| line.trim()).collect();
                let heading = format!("{} {}", "#".repeat(level + 2), words.join(" "));
                lines.truncate(begun);
                lines.push(heading);
            } else {
                // Below an empty line it underlines nothing.
                lines.extend([String::new(), line.to_owned()]);
            }
            begun = lines.len();
            continue;
        }
        let (indent, rest) = indented(line);
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let behind = &rest[hashes..];
        let is_heading = !is_code
            && indent <= 3
            && (1..=6).contains(&hashes)
            && (behind.is_empty() || behind.starts_with([' ', '\t']));
        lines.push(match is_heading {
            true => format!("{}{behind}", "#".repeat((hashes + 2).min(6))),
            false => line.to_owned(),
        });
        if is_code || is_heading || line.trim().is_empty() {
            begun = lines.len();
        }
    }
    lines.join("\n")
}

/// How many spaces the line begins with, and what is behind them.
fn indented(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches(' ');
    (line.len() - rest.len(), rest)
}

/// The level of the heading that the line makes of the paragraph above it.
fn underline(line: &str) -> Option<usize> {
    let (indent, rest) = indented(line);
    let rest = rest.trim_end();
    let is_of = |mark: char| !rest.is_empty() && rest.chars().all(|c| c == mark);
    let level = [('=', 1), ('-', 2)]
        .into_iter()
        .find(|(mark, _)| is_of(*mark));
    level.filter(|_| indent <= 3).map(|(_, level)| level)
}

/// Whether a line can be nothing else than one of a paragraph.
fn is_plain(line: &str) -> bool {
    let (indent, rest) = indented(line);
    let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
    indent <= 3 && !is_number && !rest.starts_with(['-', '*', '+', '_', '>', '<', '|', '[', '\t'])
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn shown(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}
