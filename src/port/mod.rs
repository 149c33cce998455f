//! Other trackers' files, and ours for others: texts in, records out, and the other way round.
//!
//! One file a format. A reader makes an [`Imported`] of each ticket, in the words of where it
//! comes from; what these mean here (ids, statuses, types, edges) is decided where the project
//! is known, in `ops`. What has no place in a ticket is kept as it was, and told as a misfit.
//! Nothing here knows a disk, and nothing in an archive is believed: names are never paths.

mod acceptance;
mod alien;
mod alike;
mod backlog;
mod beads;
mod comments;
mod csv;
mod fence;
mod fields;
mod format;
mod front_matter;
mod github;
mod imported;
mod inner;
mod json;
mod jsonl;
mod markdown;
mod recur;
mod taskwarrior;
mod ticket;
mod ticks;
mod turned;

pub use format::{ExportFormat, Files, ImportFormat};
pub use imported::{Edges, Imported, Place, Record, Source, Standing};
pub use taskwarrior::{Uuids, uuids};

use jiff::tz::TimeZone;

use crate::model::{Config, Ticket};

/// What the files of an archive hold, in their order. taskwarrior's days are those in that zone.
#[must_use]
pub fn read(
    format: ImportFormat,
    sources: &[Source],
    config: &Config,
    zone: &TimeZone,
) -> Vec<Record> {
    let read = |source: &Source| -> Vec<Record> {
        let bytes = match &source.bytes {
            Ok(bytes) => bytes,
            Err(wrong) => return vec![source.invalid(1, wrong)],
        };
        if let Some(other) = alien::other(format, bytes) {
            let (format, other) = (format.as_str(), other.as_str());
            let message = format!(
                "it looks like a file of `{other}`: expected one of `{format}` (`tk import \
                 {other}` reads it)"
            );
            return vec![source.invalid(1, message)];
        }
        let whole = |read: fn(&Source, &str) -> Record| {
            let text = source.text(bytes, 1);
            vec![text.map_or_else(|wrong| wrong, |text| read(source, text))]
        };
        match format {
            ImportFormat::Ticks => whole(ticks::read),
            ImportFormat::Beads => json::objects(source, bytes, beads::read),
            ImportFormat::Ticket => whole(ticket::read),
            ImportFormat::Backlog => whole(backlog::read),
            ImportFormat::Taskwarrior => json::objects(source, bytes, |fields, place| {
                taskwarrior::read(fields, place, zone)
            }),
            ImportFormat::Github => json::objects(source, bytes, github::read),
            ImportFormat::Jsonl => json::lines(source, bytes, |fields, place, line| {
                jsonl::read(fields, place, line, config)
            }),
        }
    };
    let mut records: Vec<Record> = sources.iter().flat_map(read).collect();
    match format {
        ImportFormat::Backlog => backlog::tell_archived_apart(&mut records, sources),
        ImportFormat::Taskwarrior => recur::settle(&mut records),
        _ => {}
    }
    turned::turn(&mut records);
    records
}

/// The lines of a Markdown text, and whether each is code.
#[must_use]
pub fn lines_and_code(text: &str) -> Vec<(&str, bool)> {
    fence::lines(text, |_| false)
}

/// What a file of some format has around its tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Before the first.
    pub before: String,
    /// Between two.
    pub between: &'static str,
    /// Behind the last.
    pub behind: &'static str,
}

/// What a file of that format has around its tickets.
#[must_use]
pub fn frame(format: ExportFormat) -> Frame {
    let (before, between, behind) = match format {
        ExportFormat::Jsonl => (String::new(), "", ""),
        ExportFormat::Csv => (csv::head(), "", ""),
        ExportFormat::Markdown => ("# Tickets\n".to_owned(), "", ""),
        ExportFormat::Taskwarrior => ("[\n".to_owned(), ",\n", "\n]\n"),
    };
    Frame {
        before,
        between,
        behind,
    }
}

/// A ticket in some format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The text of it.
    pub text: String,
    /// What in it is not as it was, if that is to be told.
    pub misfit: Option<String>,
}

/// The ticket, which the text of its file spells, in that format; `uuids` are those that
/// taskwarrior knows tickets by, and its days are those in that zone.
///
/// # Errors
/// When the text is not TOML, which no ticket's is.
pub fn write(
    format: ExportFormat,
    ticket: &Ticket,
    text: &str,
    uuids: &Uuids,
    config: &Config,
    zone: &TimeZone,
) -> Result<Written, String> {
    let text = match format {
        ExportFormat::Jsonl => return jsonl::write(ticket, text),
        ExportFormat::Csv => csv::write(ticket)?,
        ExportFormat::Markdown => markdown::write(ticket, config),
        ExportFormat::Taskwarrior => taskwarrior::write(ticket, text, uuids, config, zone),
    };
    let misfit = None;
    Ok(Written { text, misfit })
}

#[cfg(test)]
mod tests;
