//! Files that say what they should in a way they should not.

use std::fmt::Write;

use super::found::Found;
use super::{Exam, conflicts, unsettled};
use crate::format;
use crate::model::{TicketId, escaped, some_of};
use crate::ops::in_texts::{marks, may_have_marks};
use crate::ops::{Error, ErrorCode, Result};
use crate::wire::{FindingKind, Severity};

/// What some editors put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The most entries that one finding names.
const NAMED: usize = 8;

/// Tickets' files whose lines do not end as git is told that they do, that begin with a mark of
/// the byte order, in whose sets something is more than once, or whose texts have the marks of a
/// merge in them; and a record for `tk undo` that nothing can read.
pub(super) fn examine<'a>(exam: &'a Exam<'a>) -> Result<Vec<Found<'a>>> {
    let store = &exam.project.store;
    let mut found = Vec::new();
    let mut unmerged = None;
    let is_odd =
        |text: &str| is_unplain(text) || may_have_marks(text) || format::repeated(text).is_some();
    for id in store.texts_that(is_odd)? {
        // Where more is wrong with it, that is to be mended first.
        let (Some(_), Some(text)) = (exam.loaded.get(&id), store.read_text(&id)?) else {
            continue;
        };
        if let Some(marks) = marks(&id, &text, &exam.project.config) {
            let unmerged = match &mut unmerged {
                Some(unmerged) => unmerged,
                none => none.insert(unsettled::files(exam)?),
            };
            // What git has left is told as that.
            let is_told = unmerged.contains_key(&store.shown(&format!("{id}.toml")));
            found.extend((!is_told).then(|| conflicts::in_texts(exam, &id, marks)));
        }
        found.extend(unplain(exam, &id, &text));
        found.extend(repeated(exam, &id, &text));
    }
    found.extend(store.broken_last_change().into_iter().map(|path| {
        let message = "what `tk undo` would take back cannot be read";
        Found::new(FindingKind::InvalidUndo, Severity::Warning, message)
            .path(exam.shown(&path))
            .changes(&path)
            .mended_by(move || {
                let _locked = store.lock()?;
                // Mending a ticket may have forgotten it.
                let is_still = store.broken_last_change().contains(&path);
                let name = exam.name_of_copy(&path);
                match is_still {
                    true => Ok(exam.backup.take(&path, &name)?),
                    false => Ok(()),
                }
            })
    }));
    Ok(found)
}

fn is_unplain(text: &str) -> bool {
    text.starts_with(BYTE_ORDER_MARK) || text.contains("\r\n")
}

/// What is before a ticket's text, and at the ends of its lines.
fn unplain<'a>(exam: &'a Exam<'a>, id: &TicketId, text: &str) -> Option<Found<'a>> {
    if !is_unplain(text) {
        return None;
    }
    let mut message = String::from("the file has ");
    let mut comma = "";
    for (is, what) in [
        (text.starts_with(BYTE_ORDER_MARK), "a byte order mark"),
        (text.contains("\r\n"), "lines that end with CR LF"),
    ] {
        if is {
            let _infallible = write!(message, "{comma}{what}");
            comma = " and ";
        }
    }
    let found = Found::new(FindingKind::UnplainText, Severity::Warning, message);
    Some(rewritten(exam, found, id, text, plain))
}

/// What is more than once in a ticket's sets.
fn repeated<'a>(exam: &'a Exam<'a>, id: &TicketId, text: &str) -> Option<Found<'a>> {
    let entries = format::repeated(text)?.entries;
    let line = entries.iter().map(|(key, _)| format::line_of(text, key));
    let line = line.min().unwrap_or(1);
    let told = entries.iter().map(|(key, entry)| {
        let entry = escaped(entry, 60);
        format!("`{key}` has `{entry}` more than once")
    });
    let message = some_of(told, NAMED);
    let found = Found::new(FindingKind::RepeatedEntry, Severity::Warning, message).line(line);
    let once = |text: &str| format::repeated(text).map_or_else(|| text.to_owned(), |it| it.once);
    Some(rewritten(exam, found, id, text, once))
}

/// What was found in the ticket's file, which is mended by writing the text otherwise, where it
/// then says the same.
fn rewritten<'a>(
    exam: &'a Exam<'a>,
    found: Found<'a>,
    id: &TicketId,
    text: &str,
    otherwise: impl Fn(&str) -> String + 'a,
) -> Found<'a> {
    let store = &exam.project.store;
    let found = found.ticket(id).path(store.shown(&format!("{id}.toml")));
    let config = &exam.project.config;
    let id = id.clone();
    let of = id.clone();
    let says = move |text: &str| format::parse(&of, text, config);
    let mended = move |text: &str| {
        let mended = otherwise(text);
        let ticket = says(text).ok()?;
        (says(&mended) == Ok(ticket)).then_some(mended)
    };
    if !exam.configured || mended(text).is_none() {
        return found.hint(format!("write it anew with `tk edit {id}`"));
    }
    let path = store.ticket_path(&id);
    found.changes(path).mended_by(move || {
        let locked = store.lock()?;
        // Something else of it may have been mended before.
        let now = locked.read_text(&id)?;
        let mended = now.and_then(|now| mended(&now)).ok_or_else(changed)?;
        locked.forget_last_change()?;
        locked.write_text(&id, mended, config)?;
        Ok(())
    })
}

fn plain(text: &str) -> String {
    let mut text = text.trim_start_matches(BYTE_ORDER_MARK).to_owned();
    while text.contains("\r\n") {
        text = text.replace("\r\n", "\n");
    }
    text
}

pub(super) fn changed() -> Error {
    Error::new(ErrorCode::Changed, "it has changed since it was looked at")
}
