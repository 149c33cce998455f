//! Reading a ticket file.

use std::collections::BTreeSet;

use jiff::Timestamp;
use toml_edit::Document;

use crate::model::{
    Acceptance, Config, Note, NoteKind, Priority, RunRecord, StatusId, Subtask, Ticket, TicketId,
};

use super::error::ParseError;
use super::plain;
use super::section::{Section, Wrong, shown};
use super::source::Source;
use super::table::Table;

/// What absent keys mean, and which words are known.
pub(super) struct Rules<'a> {
    kind: &'a str,
    status: &'a StatusId,
    /// Whose types and statuses are the known ones; `None` takes any.
    known: Option<&'a Config>,
}

impl<'a> Rules<'a> {
    /// The rules of a project: its types and statuses are the known ones.
    pub(super) fn known(config: &'a Config) -> Self {
        Self {
            kind: &config.default_type,
            status: config.statuses.initial(),
            known: Some(config),
        }
    }

    /// The rules under which a file that leaves out type and status means that ticket.
    pub(super) fn of(ticket: &'a Ticket) -> Self {
        Self {
            kind: &ticket.kind,
            status: &ticket.status,
            known: None,
        }
    }
}

/// Reads a ticket's file. Keys that `tk` does not know are no errors.
///
/// # Errors
/// When the text is not TOML, or a value of a known key is not of its form; a type or status
/// that the configuration does not know is none.
pub fn parse(id: &TicketId, text: &str, config: &Config) -> Result<Ticket, ParseError> {
    with_rules(id, text, &Rules::known(config))
}

/// Reads a ticket's file like [`parse`], with any word as its type and status: for texts from
/// other branches, whose configuration may be another.
pub(crate) fn parse_any(id: &TicketId, text: &str, config: &Config) -> Result<Ticket, ParseError> {
    let rules = Rules {
        kind: &config.default_type,
        status: config.statuses.initial(),
        known: None,
    };
    with_rules(id, text, &rules)
}

/// The ticket of a text under these rules.
pub(super) fn with_rules(
    id: &TicketId,
    text: &str,
    rules: &Rules<'_>,
) -> Result<Ticket, ParseError> {
    plain_ticket(id, text, rules).map_or_else(|| full_ticket(id, text, rules), Ok)
}

/// The ticket of any file, or what is wrong with it.
pub(super) fn full_ticket(
    id: &TicketId,
    text: &str,
    rules: &Rules<'_>,
) -> Result<Ticket, ParseError> {
    let source = Source::new(text);
    let document = document(&source)?;
    ticket(id, &source, &document, rules)
}

/// The ticket of a file that is written plainly and has nothing wrong with it.
pub(super) fn plain_ticket(id: &TicketId, text: &str, rules: &Rules<'_>) -> Option<Ticket> {
    let table = plain::read(text)?;
    spelled(id, &table, rules).ok()
}

/// The text as TOML.
pub(super) fn document(source: &Source) -> Result<Document<&str>, ParseError> {
    let text = source.text();
    Document::parse(text).map_err(|error| {
        if let Some(at) = difference(text) {
            let expected = "the conflict of a merge to be resolved".to_owned();
            return source.error(at, None, "a merge left both versions", Some(expected));
        }
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().trim().to_owned();
        let (message, expected) = match message.split_once(", expected ") {
            Some((message, expected)) => (message.to_owned(), expected.to_owned()),
            None => (message, "TOML".to_owned()),
        };
        let message = format!("not TOML: {message}");
        source.error(at, None, message, Some(expected))
    })
}

/// The line, from 1, with which a difference begins that a merge has left between its marks, where
/// the text cannot be read: within quotes marks are text.
#[must_use]
pub fn left_by_a_merge(text: &str) -> Option<usize> {
    if !text.contains(BEGIN) {
        return None;
    }
    let source = Source::new(text);
    Document::parse(source.text()).err()?;
    let at = difference(source.text())?;
    Some(source.error(at, None, "", None).line)
}

/// The mark with which a merge begins what it could not settle.
const BEGIN: &str = "<<<<<<<";

/// Where the first difference begins of which a mark stands outside of quotes.
fn difference(text: &str) -> Option<usize> {
    let (mut at, mut begun, mut open) = (0, None, None);
    for line in text.split_inclusive('\n') {
        if line.starts_with(BEGIN) {
            begun = Some(at);
        }
        let is_mark = |mark| line.starts_with(mark);
        let marks = [BEGIN, "|||||||", "=======", ">>>>>>>"];
        if begun.is_some() && open.is_none() && marks.into_iter().any(is_mark) {
            return begun;
        }
        open = quote_after(line, open);
        at += line.len();
    }
    None
}

/// The quote of the text of several lines that is open after the line, given that of before it.
fn quote_after(line: &str, mut open: Option<char>) -> Option<char> {
    let mut single = None;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(first).len();
        let mut step = first.len_utf8();
        match (open, single) {
            (Some('"'), _) | (None, Some('"')) if first == '\\' => {
                step += rest[step..].chars().next().map_or(0, char::len_utf8);
            }
            // The last of its own quotes may stand right before the closing ones.
            (Some(quote), _) if first == quote && run >= 3 => {
                open = None;
                step = run.min(5);
            }
            (None, Some(quote)) if first == quote => single = None,
            (Some(_), _) | (None, Some(_)) => {}
            (None, None) => match first {
                '#' => return None,
                '"' | '\'' if run >= 3 => {
                    open = Some(first);
                    step = 3;
                }
                '"' | '\'' => single = Some(first),
                _ => {}
            },
        }
        rest = &rest[step..];
    }
    open
}

/// The ticket that a document spells.
pub(super) fn ticket(
    id: &TicketId,
    source: &Source,
    document: &Document<&str>,
    rules: &Rules<'_>,
) -> Result<Ticket, ParseError> {
    let table = Table::of(document.as_table());
    spelled(id, &table, rules).map_err(|wrong| {
        source.error(
            wrong.at,
            Some(wrong.key),
            wrong.message,
            Some(wrong.expected),
        )
    })
}

fn spelled(id: &TicketId, table: &Table<'_>, rules: &Rules<'_>) -> Result<Ticket, Wrong> {
    let root = Section::root(table);
    let title = root.required_line("title")?;
    let kind = kind(&root, rules)?;
    let status = status(&root, rules)?;
    let mut ticket = Ticket::new(id.clone(), title, kind, status);
    if let Some(priority) = priority(&root)? {
        ticket.priority = priority;
    }
    ticket.owner = root.line("owner")?;
    ticket.parent = root.id("parent")?;
    ticket.labels = root.lines("labels")?.into_iter().collect::<BTreeSet<_>>();
    ticket.blocked_by = root.ids("blocked_by")?;
    ticket.requires = root.word("requires")?;
    ticket.awaiting = root.word("awaiting")?;
    ticket.estimate = root.parsed(
        "estimate",
        "a length of time like `45m`, `2h`, `1h30m`, `3d`",
    )?;
    ticket.due = root.date("due")?;
    ticket.defer_until = root.defer("defer_until")?;
    ticket.repeat = root.parsed(
        "repeat",
        "`daily`, `weekly`, `monthly`, `yearly`, or one like `3d`, `2w`, `1mo`, `1y`, `1mo@31`",
    )?;
    ticket.after = root.ids("after")?;
    ticket.related = root.ids("related")?;
    ticket.discovered_from = root.id("discovered_from")?;
    ticket.duplicate_of = root.id("duplicate_of")?;
    ticket.recurs_from = root.id("recurs_from")?;
    ticket.agent = root.line("agent")?;
    ticket.model = root.line("model")?;
    ticket.lock = root.line("lock")?;
    ticket.pr = root.line("pr")?;
    ticket.checks = root.commands("checks")?;
    ticket.touches = root.lines("touches")?;
    ticket.created_at = root.time("created_at")?;
    ticket.created_by = root.line("created_by")?;
    ticket.started_at = root.time("started_at")?;
    ticket.closed_at = root.time("closed_at")?;
    ticket.closed_by = root.line("closed_by")?;
    ticket.reason = root.text("reason")?;
    ticket.verdict = root.word("verdict")?;
    ticket.description = root.text("description")?.unwrap_or_default();
    ticket.acceptance = each(&root, "acceptance", acceptance)?;
    ticket.subtasks = each(&root, "subtasks", subtask)?;
    ticket.notes = each(&root, "notes", |section| note(section, ticket.created_at))?;
    ticket.runs = each(&root, "runs", run)?;
    Ok(ticket)
}

fn each<'a, T>(
    root: &Section<'a>,
    key: &'a str,
    read: impl Fn(&Section<'_>) -> Result<T, Wrong>,
) -> Result<Vec<T>, Wrong> {
    root.sections(key)?.iter().map(read).collect()
}

fn kind(root: &Section<'_>, rules: &Rules<'_>) -> Result<String, Wrong> {
    let Some(kind) = root.line("type")? else {
        return Ok(rules.kind.to_owned());
    };
    match rules.known {
        Some(config) if !config.types.contains(&kind) => {
            let message = format!("unknown type `{}`", shown(&kind));
            let expected = format!("one of {}", config.types.join(", "));
            Err(root.error("type", message, expected))
        }
        _ => Ok(kind),
    }
}

fn status(root: &Section<'_>, rules: &Rules<'_>) -> Result<StatusId, Wrong> {
    let Some(text) = root.line("status")? else {
        return Ok(rules.status.clone());
    };
    let status = StatusId::new(&text);
    match rules.known {
        Some(config) if config.statuses.get(&status).is_none() => {
            let message = format!("unknown status `{}`", shown(&text));
            let ids = config.statuses.all().iter().map(|def| def.id.as_str());
            let expected = format!("one of {}", ids.collect::<Vec<_>>().join(", "));
            Err(root.error("status", message, expected))
        }
        _ => Ok(status),
    }
}

fn priority(root: &Section<'_>) -> Result<Option<Priority>, Wrong> {
    let Some(number) = root.count("priority")? else {
        return Ok(None);
    };
    let priority = u8::try_from(number).ok().and_then(Priority::new);
    priority.map(Some).ok_or_else(|| {
        let expected = "a whole number from 0 (highest) to 4 (lowest)";
        root.error("priority", format!("it is {number}"), expected)
    })
}

fn acceptance(section: &Section<'_>) -> Result<Acceptance, Wrong> {
    Ok(Acceptance {
        text: section.required_text_as_written("text")?,
        check: section.command("check")?,
        met: section.flag("met")?,
    })
}

fn subtask(section: &Section<'_>) -> Result<Subtask, Wrong> {
    Ok(Subtask {
        title: section.required_text_as_written("title")?,
        done: section.flag("done")?,
    })
}

/// A note written by hand may leave out when and by whom: then it is as old as the ticket, where
/// that says how old it is, and nobody's.
fn note(section: &Section<'_>, created_at: Option<Timestamp>) -> Result<Note, Wrong> {
    Ok(Note {
        at: section.time("at")?.or(created_at),
        by: section.line("by")?.unwrap_or_default(),
        kind: section.word("kind")?.unwrap_or(NoteKind::Comment),
        text: section.required_text("text")?,
    })
}

fn run(section: &Section<'_>) -> Result<RunRecord, Wrong> {
    let attempt = section.count("attempt")?.unwrap_or(1);
    Ok(RunRecord {
        run: section.required_line("run")?,
        attempt: u32::try_from(attempt).map_err(|_| {
            section.error(
                "attempt",
                format!("it is {attempt}"),
                "the number of an attempt",
            )
        })?,
        agent: section.line("agent")?.unwrap_or_default(),
        model: section.line("model")?,
        session: section.line("session")?,
        started_at: section.time("started_at")?,
        ended_at: section.time("ended_at")?,
        outcome: section.word("outcome")?,
        summary: section.text("summary")?,
        cost_usd: section.money("cost_usd")?,
        input_tokens: section.count("input_tokens")?,
        output_tokens: section.count("output_tokens")?,
        turns: section.count("turns")?,
    })
}
