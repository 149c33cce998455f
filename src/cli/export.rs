//! `tk export`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueHint;

use super::query::QueryArg;
use super::{Outcome, Session};
use crate::model::Shown;
use crate::ops::{self, Error, Project};
use crate::port::ExportFormat;
use crate::store::AtomicFile;
use crate::ui::terminal::{safe_json, safe_lines};
use crate::wire::ExportDocument;

/// Export tickets for another program
///
/// Prints the open tickets, with --all the closed ones too, in the order of their ids. Files that
/// are no tickets are left out, with a warning. A file named by --output is whole, or as it was.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk export --all > tickets.jsonl
  tk export --format csv -o tickets.csv
  tk export --query 'label:api and closed>=-30d'
  tk export --format taskwarrior | head

jsonl loses nothing of a ticket: a line has the keys of its file, unknown ones as well, and tk
import jsonl makes the same ticket of it. Comments stay behind, unknown keys inside of notes and
the like, and under an unknown key a time becomes a text, and so do inf and nan, with a warning.

csv is for spreadsheets: a cell that begins with =, +, -, @, a tab or a carriage return, which
they would run as a formula, has a ' before it. markdown is for people.

taskwarrior is for task import. What has no attribute there is in attributes that begin with tk,
and comes back with tk import taskwarrior: id, type, status, priority, owner, estimate,
description, how often it comes again, blockers and the epic. What is due and comes again is a
recurring task there, of which taskwarrior makes tasks as time goes by. Times lose what is below a
second, due days and deferred ones become times (a due day its beginning in the machine's time zone,
or the time that was imported), and notes lose their authors and kinds. Lost are gates, acceptance items, subtasks, checks, touches, agent, model, lock, pull request, attempts, who
filed and closed a ticket and why, all edges but blockers and the epic, unknown keys, and what an
import has kept.")]
pub(super) struct Args {
    /// jsonl, csv, markdown or taskwarrior
    #[arg(short, long, value_name = "FORMAT", default_value = "jsonl")]
    format: ExportFormat,
    /// Closed tickets too
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    query: QueryArg,
    /// Write to that file (`-`: standard output)
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let (format, query) = (self.format, self.query.text());
            let zone = session.context.zone();
            ops::export(project, format, self.all, query, &zone, |total, pieces| {
                let screen = &session.screen;
                let output = self.output.filter(|path| path.as_os_str() != "-");
                let is_seen = output.is_none() && !screen.is_json() && screen.is_terminal();
                let mut pieces = pieces.map(|piece| Ok(shown(format, is_seen, piece?)));
                let mut text = String::new();
                match &output {
                    Some(path) => write_file(session, project, path, &mut pieces)?,
                    None if screen.is_json() => {
                        for piece in pieces {
                            text += &piece?;
                        }
                    }
                    None => {
                        for piece in pieces {
                            screen.raw(&piece?)?;
                        }
                        return Ok(0);
                    }
                }
                if screen.is_json() {
                    screen.document(&ExportDocument {
                        schema: "tk.export.v1",
                        format: format.as_str(),
                        total,
                        path: output.as_ref().map(|path| Shown(path).to_string()),
                        text: output.is_none().then_some(text),
                    })?;
                }
                Ok(0)
            })?
        })
    }
}

/// The piece as it may be looked at on a terminal: JSON always, which loses nothing by it; the
/// others where one is what it goes to.
fn shown(format: ExportFormat, is_seen: bool, piece: String) -> String {
    match format {
        // Line by line: the lines' own ends stay.
        ExportFormat::Jsonl | ExportFormat::Taskwarrior => {
            let lines: Vec<_> = piece.split('\n').map(safe_json).collect();
            lines.join("\n")
        }
        ExportFormat::Csv | ExportFormat::Markdown if is_seen => safe_lines(&piece).into_owned(),
        ExportFormat::Csv | ExportFormat::Markdown => piece,
    }
}

/// Puts the pieces in the file, which is whole or as it was.
fn write_file(
    session: &Session,
    project: &Project,
    path: &Path,
    pieces: &mut dyn Iterator<Item = ops::Result<String>>,
) -> ops::Result<()> {
    let written = session.context.cwd.join(path);
    ops::refuse_own_file(project, &written)?;
    let cannot = |error: io::Error| {
        let message = format!("cannot write `{}`: {error}", Shown(path));
        Error::of_system(message, &error)
    };
    let mut file = AtomicFile::begin(&written).map_err(cannot)?;
    for piece in pieces {
        file.write_all(piece?.as_bytes()).map_err(cannot)?;
    }
    file.put().map_err(cannot)
}
