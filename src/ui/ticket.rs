//! Everything about one ticket.

use std::fmt::Write;

use anstyle::Style;
use jiff::Timestamp;
use smol_str::{SmolStr, format_smolstr};

use super::terminal::{safe, safe_lines};
use crate::wire::TicketRecord;

/// The columns of the names of fields.
const NAMES: usize = 16;

/// The most words of a list that are shown.
const MOST_NAMED: usize = 50;

/// The ticket from its title to its last run. What it does not have is left out.
#[must_use]
pub fn page(ticket: &TicketRecord) -> String {
    let mut page = Page::default();
    page.heading(&ticket.id, &ticket.title);
    facts(&mut page, ticket);
    people_and_times(&mut page, ticket);
    let description = ticket.description.as_deref().unwrap_or_default();
    if !description.is_empty() {
        page.section("description");
        page.indented(description);
    }
    if !ticket.acceptance.is_empty() {
        page.section("acceptance");
        for (number, item) in (1..).zip(&ticket.acceptance) {
            page.item(number, item.met, &item.text, item.check.as_deref());
        }
    }
    if !ticket.subtasks.is_empty() {
        page.section("subtasks");
        for (number, item) in (1..).zip(&ticket.subtasks) {
            page.item(number, item.done, &item.title, None);
        }
    }
    let notes = ticket.notes.as_deref().unwrap_or_default();
    if !notes.is_empty() {
        page.section("notes");
        for note in notes {
            let kind = match note.kind {
                "comment" => String::new(),
                kind => format!(" ({kind})"),
            };
            let by = match &*note.by {
                "" => "nobody",
                by => by,
            };
            let at = note
                .at
                .as_ref()
                .map_or(String::new(), |at| format!("{at}  "));
            page.line(&format!("{at}{by}{kind}"));
            page.indented(&note.text);
        }
    }
    runs(&mut page, ticket);
    page.0
}

fn facts(page: &mut Page, ticket: &TicketRecord) {
    let standing = ticket.standing.as_ref();
    let ready = match standing {
        Some(standing) if standing.ready => " (ready)",
        _ => "",
    };
    page.fact("status", &format!("{}{ready}", ticket.status));
    if let Some(standing) = standing
        && let Some((by, until)) = standing.held_by.as_ref().zip(standing.held_until.as_ref())
    {
        let there = if standing.held_here {
            ""
        } else {
            " in another clone"
        };
        page.fact("held", &format!("by {by}{there}, until {until}"));
    }
    page.maybe("elsewhere", standing.and_then(|it| it.kept.as_deref()));
    page.fact("type", &ticket.kind);
    page.fact("priority", &ticket.priority.to_string());
    page.maybe("owner", ticket.owner.as_deref());
    page.maybe("parent", ticket.parent.as_deref());
    page.several("labels", &ticket.labels);
    let blockers: Vec<SmolStr> = ticket
        .blocked_by
        .iter()
        .map(|id| {
            let open = standing.is_none_or(|standing| standing.open_blockers.contains(id));
            if open {
                id.clone()
            } else {
                format_smolstr!("{id} (done)")
            }
        })
        .collect();
    page.several("blocked by", &blockers);
    page.several("blocks", standing.map_or(&[], |standing| &standing.blocks));
    page.maybe("requires", ticket.requires);
    page.maybe("awaiting", ticket.awaiting);
    page.maybe("verdict", ticket.verdict);
    page.maybe("estimate", ticket.estimate.as_deref());
    page.maybe("due", ticket.due.as_deref());
    page.maybe("deferred until", ticket.defer_until.as_deref());
    page.maybe("repeats every", ticket.repeat.as_deref());
    page.several("after", &ticket.after);
    page.several("related", &ticket.related);
    page.maybe("discovered from", ticket.discovered_from.as_deref());
    page.maybe("duplicate of", ticket.duplicate_of.as_deref());
    page.maybe("comes after", ticket.recurs_from.as_deref());
    page.maybe("agent", ticket.agent.as_deref());
    page.maybe("model", ticket.model.as_deref());
    page.maybe("lock", ticket.lock.as_deref());
    page.maybe("pull request", ticket.pr.as_deref());
    for check in &ticket.checks {
        page.fact("check", check);
    }
    page.several("touches", &ticket.touches);
}

fn people_and_times(page: &mut Page, ticket: &TicketRecord) {
    let with = |at: Option<Timestamp>, by: Option<&SmolStr>| match (at, by) {
        (Some(at), Some(by)) => Some(format!("{at} by {by}")),
        (Some(at), None) => Some(at.to_string()),
        (None, Some(by)) => Some(by.to_string()),
        (None, None) => None,
    };
    let created = with(ticket.created_at, ticket.created_by.as_ref());
    page.maybe("created", created.as_deref());
    let started = with(ticket.started_at, None);
    page.maybe("started", started.as_deref());
    let closed = with(ticket.closed_at, ticket.closed_by.as_ref());
    page.maybe("closed", closed.as_deref());
    page.maybe("reason", ticket.reason.as_deref());
}

fn runs(page: &mut Page, ticket: &TicketRecord) {
    let runs = ticket.runs.as_deref().unwrap_or_default();
    if !runs.is_empty() {
        page.section("runs");
        for run in runs {
            let outcome = run.outcome.unwrap_or("running");
            let cost = run.cost_usd.map(|cost| format!("  ${cost}"));
            let (agent, attempt) = (&run.agent, run.attempt);
            let cost = cost.unwrap_or_default();
            page.line(&format!(
                "{}  attempt {attempt}  {agent}  {outcome}{cost}",
                run.run
            ));
            if let Some(summary) = &run.summary {
                page.indented(summary);
            }
        }
    }
    let commits = ticket.commits.as_deref().unwrap_or_default();
    let truncated = ticket.commits_truncated.unwrap_or_default();
    if !commits.is_empty() || truncated {
        page.section("commits");
        for commit in commits {
            let id = commit.id.get(..12).unwrap_or(&commit.id);
            page.line(&format!("{id}  {}", commit.subject));
        }
    }
    if truncated {
        let id = &ticket.id;
        page.line(&format!(
            "… there may be more: `git log --grep='Ticket: {id}'` looks at the whole history"
        ));
    }
}

/// Text being put together, safe for a terminal. Writing to a string cannot fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn heading(&mut self, id: &str, title: &str) {
        let bold = Style::new().bold();
        let _ = writeln!(self.0, "{bold}{}  {}{bold:#}", safe(id), safe(title));
    }

    fn fact(&mut self, name: &str, value: &str) {
        let dim = Style::new().dimmed();
        let _ = writeln!(self.0, "{dim}{name:NAMES$}{dim:#}{}", safe(value));
    }

    fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.fact(name, value);
        }
    }

    fn several(&mut self, name: &str, values: &[impl AsRef<str>]) {
        if values.is_empty() {
            return;
        }
        let mut shown: Vec<&str> = values.iter().take(MOST_NAMED).map(AsRef::as_ref).collect();
        let more = values.len() - shown.len();
        let more = format!("… {more} more, which `--json` has");
        if values.len() > MOST_NAMED {
            shown.push(&more);
        }
        self.fact(name, &shown.join(", "));
    }

    fn section(&mut self, name: &str) {
        let bold = Style::new().bold();
        let _ = writeln!(self.0, "\n{bold}{name}{bold:#}");
    }

    fn item(&mut self, number: usize, done: bool, text: &str, check: Option<&str>) {
        let mark = if done { 'x' } else { ' ' };
        let _ = write!(self.0, "  {number} [{mark}] {}", safe(text));
        match check {
            Some(check) => {
                let _ = writeln!(self.0, "  (check: {})", safe(check));
            }
            None => self.0.push('\n'),
        }
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.0, "  {}", safe(text));
    }

    fn indented(&mut self, text: &str) {
        for line in safe_lines(text).lines() {
            let _ = writeln!(self.0, "    {line}");
        }
    }
}
