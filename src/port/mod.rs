//! Other trackers' files, and ours for others: texts in, records out, and the other way round.
//!
//! One file a format. A reader makes an [`Imported`] of each ticket, in the words of where it
//! comes from; what these mean here (ids, statuses, types, edges) is decided where the project
//! is known, in `ops`. What has no place in a ticket is kept as it was, and told as a misfit.
//! Nothing here knows a disk, and nothing in an archive is believed: names are never paths.

mod acceptance;
mod alike;
mod backlog;
mod beads;
mod csv;
mod fields;
mod format;
mod front_matter;
mod github;
mod imported;
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

use crate::model::{Config, Ticket};

/// What the files of an archive hold, in their order.
#[must_use]
pub fn read(format: ImportFormat, sources: &[Source], config: &Config) -> Vec<Record> {
    let read = |source: &Source| -> Vec<Record> {
        let text = match &source.text {
            Ok(text) => text,
            Err(wrong) => return vec![source.invalid(1, wrong)],
        };
        match format {
            ImportFormat::Ticks => ticks::read(source, text),
            ImportFormat::Beads => json::objects(source, text, beads::read),
            ImportFormat::Ticket => vec![ticket::read(source, text)],
            ImportFormat::Backlog => vec![backlog::read(source, text)],
            ImportFormat::Taskwarrior => json::objects(source, text, taskwarrior::read),
            ImportFormat::Github => json::objects(source, text, github::read),
            ImportFormat::Jsonl => json::lines(source, text, |fields, place| {
                jsonl::read(fields, place, config)
            }),
        }
    };
    let mut records: Vec<Record> = sources.iter().flat_map(read).collect();
    match format {
        ImportFormat::Backlog => backlog::tell_archived_apart(&mut records),
        ImportFormat::Taskwarrior => recur::settle(&mut records),
        _ => {}
    }
    turned::turn(&mut records);
    records
}

/// The tickets, each with the text of its file, in that format.
///
/// # Errors
/// When a file's text is not TOML, which no ticket's is.
pub fn write(
    format: ExportFormat,
    tickets: &[(Ticket, String)],
    config: &Config,
) -> Result<String, String> {
    match format {
        ExportFormat::Jsonl => jsonl::write(tickets),
        ExportFormat::Csv => csv::write(tickets),
        ExportFormat::Markdown => Ok(markdown::write(tickets, config)),
        ExportFormat::Taskwarrior => taskwarrior::write(tickets, config),
    }
}

#[cfg(test)]
mod tests;
