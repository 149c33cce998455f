//! Tickets of other trackers, and of our own exports.
//!
//! A ticket is known again by where it comes from, which its file says under `[[imported]]`.
//! One that is here already stays as it is, whatever has changed there: people work at it here
//! now. What was filed at another time there is of another repository, which counts from the same
//! number. What comes from `tk export` is known again by its id and the time it was filed.

mod edges;
mod placing;
mod promised;
mod sources;
mod words;

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::path::PathBuf;

use placing::Placing;
use serde_json::{Value, json};

use super::values::invalid;
use super::{Error, ErrorCode, Project, Result};
use crate::context::Context;
use crate::format::{self, Origin};
use crate::graph::Graph;
use crate::model::{Ticket, escaped};
use crate::port::{self, ImportFormat, Imported, Place, Record, Source};
use crate::store::{Locked, NewTexts, StoreError};
use crate::wire::{ImportDocument, ImportedTicket, LeftOut, Misfit, MisfitCount, MisfitKind};

/// The most records that cannot be read of which each is named.
const NAMED: usize = 50;

/// What to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRequest {
    /// What it is.
    pub format: ImportFormat,
    /// Where it is, as it was named.
    pub path: PathBuf,
    /// What it holds, where it is no file but standard input, for which the path is `-`, or a pipe.
    pub bytes: Option<Vec<u8>>,
    /// Leave out what cannot be read.
    pub skip_invalid: bool,
    /// Only tell what would be done.
    pub dry_run: bool,
}

/// What an archive holds.
struct Archive {
    /// How many records.
    total: usize,
    /// Those that are tickets.
    tickets: Vec<Entry>,
    /// The others, and those that no file can hold.
    left_out: Vec<LeftOut>,
    /// The files whose bytes cannot even be read.
    unreadable: BTreeSet<String>,
}

/// A ticket of an archive; once its place is known, with its id and edges here. It stays where it
/// was read to: very many would take as much memory again.
struct Entry {
    from: Box<Imported>,
    /// Whether it is here already.
    here: bool,
}

/// Imports the archive: all of its tickets that are not here already, or none.
///
/// # Errors
/// When an agent does it, something cannot be read and is not to be left out, or a file cannot
/// be written.
pub fn import(
    project: &Project,
    context: &Context,
    request: &ImportRequest,
) -> Result<ImportDocument> {
    project.require_human("import")?;
    let mut archive = Archive::read(project, context, request)?;
    if !request.skip_invalid {
        archive.refuse_invalid()?;
    }
    if !request.dry_run {
        project.mend_merge_driver();
    }
    let locked = project.lock_for(request.dry_run)?;
    if !request.dry_run {
        locked.sweep()?;
    }
    let index = project.index()?;
    let origins = locked.origins()?;
    let mut unwritable = BTreeMap::new();
    let (texts, rows) = loop {
        let Archive {
            tickets, left_out, ..
        } = &mut archive;
        let placing = Placing::new(project, &index, &origins, tickets, left_out)?;
        place(project, &placing, tickets);
        {
            let graph = Graph::new(&index.tickets, &project.config.statuses, project.now);
            edges::without_cycles(project, &index, &graph, tickets)?;
        }
        let tickets = std::mem::take(tickets);
        let (texts, rows, wrong) = texts(&locked, project, tickets, request.dry_run)?;
        if wrong.is_empty() {
            break (texts, rows);
        }
        // Once more without them: others may name them.
        unwritable.extend(wrong);
        archive = Archive::read(project, context, request)?.without(&unwritable);
        if !request.skip_invalid {
            archive.refuse_invalid()?;
        }
    };
    if !request.dry_run {
        locked.create_texts(texts)?;
    }
    Ok(told(request, archive.total, rows, archive.left_out))
}

impl Archive {
    fn read(project: &Project, context: &Context, request: &ImportRequest) -> Result<Self> {
        let sources = sources::read(context, request)?;
        let records = port::read(request.format, &sources, &project.config, &context.zone());
        if records.is_empty() && !sources::are_whole(request.format, &sources) {
            let path = crate::model::Shown(&request.path).to_string();
            let name = request.format.as_str();
            return Err(invalid(format!(
                "there is no ticket of `{name}` in `{path}`"
            )));
        }
        let total = records.len();
        let (tickets, left_out) = sorted(records);
        let unreadable = sources.into_iter().filter(|source| source.bytes.is_err());
        let unreadable = unreadable.map(|source| source.name).collect();
        Ok(Self {
            total,
            tickets,
            left_out,
            unreadable,
        })
    }

    /// Without these tickets, by where they come from.
    fn without(mut self, unwritable: &BTreeMap<String, LeftOut>) -> Self {
        let is_wrong = |entry: &Entry| unwritable.contains_key(&entry.from.origin());
        self.tickets.retain(|entry| !is_wrong(entry));
        self.left_out.extend(unwritable.values().cloned());
        self
    }

    /// Fails where something cannot be read: with all of it, so that it can be mended in one go, or
    /// with the first of very much.
    fn refuse_invalid(&self) -> Result<()> {
        let wrong: Vec<&LeftOut> = self
            .left_out
            .iter()
            .filter(|record| record.invalid)
            .collect();
        let Some(first) = wrong.first() else {
            return Ok(());
        };
        let told = |record: &&LeftOut| {
            let origin = record.origin.as_deref();
            let named = origin.map(|id| format!("`{}`: ", escaped(id, 60)));
            let (path, line, named) = (&record.path, record.line, named.unwrap_or_default());
            format!("{path}:{line}: {named}{}", record.reason)
        };
        let (named, more) = wrong.split_at(wrong.len().min(NAMED));
        let message = match named {
            [only] => told(only),
            named => {
                let mut lines = vec![format!("{} records cannot be read:", wrong.len())];
                lines.extend(named.iter().map(told));
                if !more.is_empty() {
                    lines.push(format!("and {} more", more.len()));
                }
                lines.join("\n  ")
            }
        };
        let facts = |record: &&LeftOut| {
            json!({
                "path": record.path,
                "line": record.line,
                "origin": record.origin,
                "reason": record.reason,
            })
        };
        // What is wrong with a file that nobody could look into is not what was said.
        let is_unreadable = |record: &&LeftOut| self.unreadable.contains(&record.path);
        let code = match wrong.iter().all(is_unreadable) {
            true => ErrorCode::Failed,
            false => ErrorCode::InvalidArgument,
        };
        Err(Error::new(code, message)
            .hint("`--skip-invalid` imports the others; nothing is imported now")
            .with("path", first.path.as_str())
            .with("line", first.line)
            .with("origin", first.origin.as_deref())
            .with("invalid", named.iter().map(facts).collect::<Value>())
            .with("more", more.len()))
    }
}

/// The tickets, and the records that are none or are there twice.
fn sorted(records: Vec<Record>) -> (Vec<Entry>, Vec<LeftOut>) {
    let (mut tickets, mut left_out) = (Vec::<Entry>::new(), Vec::new());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        let (place, origin, invalid, reason) = match record {
            Record::Ticket(from) => match seen.entry(from.origin()) {
                btree_map::Entry::Vacant(place) => {
                    place.insert(tickets.len());
                    tickets.push(Entry { from, here: false });
                    continue;
                }
                btree_map::Entry::Occupied(first) => {
                    let Place { file, line } = &tickets[*first.get()].from.place;
                    let reason = format!("its id is there twice: first at {file}:{line}");
                    (from.place, Some(from.id), true, reason)
                }
            },
            Record::LeftOut { place, id, reason } => (place, Some(id), false, reason.to_owned()),
            Record::Invalid { place, id, message } => (place, Some(id), true, message),
        };
        left_out.push(LeftOut {
            path: place.file,
            line: place.line,
            origin: origin.filter(|origin| !origin.is_empty()),
            invalid,
            reason,
        });
    }
    (tickets, left_out)
}

/// Gives the tickets their ids here, and new ones their edges.
fn place(project: &Project, placing: &Placing<'_>, tickets: &mut [Entry]) {
    for Entry { from, here } in tickets {
        let Some(place) = placing.of(from) else {
            continue;
        };
        *here = place.here;
        if !place.here {
            placing.tell(from);
        }
        words::settle(&project.config, from);
        if !place.here {
            tell_contradiction(from);
            edges::set(placing, &place.id, from);
        }
        from.ticket.id = place.id;
    }
}

/// What is told of the ticket.
fn told_of(Entry { from, here }: Entry) -> ImportedTicket {
    let Imported {
        ticket,
        id,
        place,
        misfits,
        ..
    } = *from;
    ImportedTicket {
        id: ticket.id.to_string(),
        title: ticket.title,
        kind: ticket.kind,
        status: ticket.status.to_string(),
        origin: id,
        path: place.file,
        line: place.line,
        created: !here,
        misfits: if here { Vec::new() } else { misfits },
    }
}

/// Says so where a day of the month that is meant and a day that is there are not the same: the
/// latter counts, which somebody may have said since.
fn tell_contradiction(from: &mut Imported) {
    let Ticket {
        repeat,
        due,
        defer_until,
        ..
    } = from.ticket;
    let Some(repeat) = repeat else { return };
    if let Some((meant, day)) = repeat.contradicts(due, defer_until) {
        let message = format!(
            "`repeat` is `{repeat}`, which means day {meant} of the month, and {day} is another: \
             it comes again by the day that is there"
        );
        let kind = MisfitKind::Field;
        from.misfits.push(Misfit { kind, message });
    }
}

/// The texts of the new tickets' files, of which a dry run keeps none, what is told of each ticket,
/// and by where they come from those that no file can hold.
fn texts<'l>(
    locked: &'l Locked<'_>,
    project: &Project,
    tickets: Vec<Entry>,
    dry_run: bool,
) -> Result<(NewTexts<'l>, Vec<ImportedTicket>, BTreeMap<String, LeftOut>)> {
    let (mut texts, mut rows, mut wrong) = (locked.new_texts(), Vec::new(), BTreeMap::new());
    for entry in tickets {
        let from = &entry.from;
        if !entry.here {
            match locked.faithful(&from.ticket, text(from), &project.config) {
                Ok(_) if dry_run => {}
                Ok(stored) => drop(texts.add(stored)?),
                Err(StoreError::Unwritable { message, .. }) => {
                    let left_out = LeftOut {
                        path: from.place.file.clone(),
                        line: from.place.line,
                        origin: Some(from.id.clone()),
                        invalid: true,
                        reason: message,
                    };
                    wrong.insert(from.origin(), left_out);
                }
                Err(error) => return Err(error.into()),
            }
        }
        rows.push(told_of(entry));
    }
    Ok((texts, rows, wrong))
}

/// The text of a new ticket's file.
fn text(from: &Imported) -> String {
    let printed = format::print(&from.ticket);
    if !from.own {
        return printed + &format::imported(&from.came_from(), &from.all_kept());
    }
    let extra = &from.extra;
    let is_moved = from.wanted.as_ref() != Some(&from.ticket.id);
    let kept = from.all_kept();
    let origin = || Origin {
        name: placing::moved(from),
        filed_at: None,
    };
    let moved = (is_moved || !kept.is_empty()).then(|| format::imported(&origin(), &kept));
    if extra.is_empty() && moved.is_none() {
        return printed;
    }
    let is_list = |value: &toml::Value| {
        let items = value.as_array();
        items.is_some_and(|items| !items.is_empty() && items.iter().all(toml::Value::is_table))
    };
    // Keys without a header come first.
    let part = |tables: bool| -> toml::Table {
        let entries = extra
            .iter()
            .filter(|(_, value)| (value.is_table() || is_list(value)) == tables);
        let named = entries.map(|(key, value)| {
            // The list that is added below must find no other value under its key.
            let taken = moved.is_some() && key == "imported" && !is_list(value);
            let key = if taken { "imported_" } else { key };
            (key.to_owned(), value.clone())
        });
        named.collect()
    };
    let keys = part(false);
    let gap = if keys.is_empty() { "" } else { "\n" };
    let tables = part(true).into_iter().map(|(key, value)| match value {
        toml::Value::Array(elements) if key == "imported" => {
            let elements = elements.iter().filter_map(toml::Value::as_table);
            elements.map(format::imported_before).collect()
        }
        value => format!("\n{}", toml::Table::from_iter([(key, value)])),
    });
    let tables: String = tables.collect();
    format!("{keys}{gap}{printed}{tables}{}", moved.unwrap_or_default())
}

fn told(
    request: &ImportRequest,
    total: usize,
    tickets: Vec<ImportedTicket>,
    left_out: Vec<LeftOut>,
) -> ImportDocument {
    let created = tickets.iter().filter(|ticket| ticket.created).count();
    let count = |kind: &MisfitKind| {
        let has = |ticket: &&ImportedTicket| ticket.misfits.iter().any(|m| m.kind == *kind);
        let tickets = tickets.iter().filter(has).count();
        (tickets > 0).then_some(MisfitCount {
            kind: *kind,
            tickets,
        })
    };
    ImportDocument {
        schema: "tk.import.v1",
        format: request.format.as_str(),
        path: sources::shown(request),
        dry_run: request.dry_run,
        changed: created > 0,
        total,
        created,
        here: tickets.len() - created,
        misfits: MisfitKind::ALL.iter().filter_map(count).collect(),
        left_out,
        tickets,
    }
}
