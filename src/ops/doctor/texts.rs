//! Files that say what they should in a way they should not.

use std::fmt::Write;

use super::Exam;
use super::found::Found;
use crate::format;
use crate::model::TicketId;
use crate::ops::{Error, ErrorCode, Result};
use crate::wire::{FindingKind, Severity};

/// What some editors put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Tickets' files whose lines do not end as git is told that they do, or that begin with a mark
/// of the byte order; and a record for `tk undo` that nothing can read.
pub(super) fn examine<'a>(exam: &'a Exam<'a>) -> Result<Vec<Found<'a>>> {
    let store = &exam.project.store;
    let mut found = Vec::new();
    for id in store.unplain_texts()? {
        found.extend(unplain(exam, id)?);
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

/// The file of that ticket, if nothing else is wrong with it.
fn unplain<'a>(exam: &Exam<'a>, id: TicketId) -> Result<Option<Found<'a>>> {
    let store = &exam.project.store;
    let (Some(_), Some(text)) = (exam.loaded.get(&id), store.read_text(&id)?) else {
        return Ok(None);
    };
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
    let found = Found::new(FindingKind::UnplainText, Severity::Warning, message)
        .ticket(&id)
        .path(store.shown(&format!("{id}.toml")));
    let config = &exam.project.config;
    let of = id.clone();
    let says = move |text: &str| format::parse(&of, text, config);
    let says_the_same =
        move |text: &str| says(text).is_ok_and(|ticket| says(&plain(text)) == Ok(ticket));
    if !exam.configured || !says_the_same(&text) {
        return Ok(Some(
            found.hint(format!("write it anew with `tk edit {id}`")),
        ));
    }
    let path = store.ticket_path(&id);
    Ok(Some(found.changes(path).mended_by(move || {
        let locked = store.lock()?;
        // Something else of it may have been mended before.
        let now = locked.read_text(&id)?;
        let Some(now) = now.filter(|now| says_the_same(now)) else {
            return Err(changed());
        };
        locked.forget_last_change()?;
        locked.write_text(&id, plain(&now), config)?;
        Ok(())
    })))
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
