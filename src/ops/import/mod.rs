//! Tickets of other trackers, and of our own exports.
//!
//! A ticket is known again by where it comes from, which its file says under `[[imported]]`.
//! One that is here already stays as it is, whatever has changed there: people work at it here
//! now. What was filed at another time there is of another repository, which counts from the same
//! number. What comes from `tk export` is known again by its id and the time it was filed.

mod edges;
mod placing;
mod sources;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use placing::Placing;

use super::values::invalid;
use super::{Project, Result};
use crate::context::Context;
use crate::format::{self, Origin};
use crate::graph::Graph;
use crate::model::{Ticket, escaped};
use crate::port::{self, ImportFormat, Imported, Place, Record, Source};
use crate::store::{Locked, StoreError, Stored};
use crate::wire::{ImportDocument, ImportedTicket, LeftOut, Misfit, MisfitCount, MisfitKind};

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

/// A ticket that is to be made.
struct New {
    ticket: Ticket,
    from: Imported,
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
    let (mut tickets, mut left_out) = sorted(records);
    if !request.skip_invalid {
        refuse_invalid(&left_out)?;
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
    let (texts, rows) = loop {
        let placing = Placing::new(project, context, &index, &origins, &tickets, &left_out)?;
        let (new, rows) = placed(project, &placing, &tickets);
        let (new, rows) = {
            let graph = Graph::new(&index.tickets, &project.config.statuses, project.now);
            edges::without_cycles(project, &index, &graph, new, rows)?
        };
        let (texts, wrong) = texts(&locked, project, &new)?;
        if wrong.is_empty() {
            break (texts, rows);
        }
        // Once more without them: others may name them.
        tickets.retain(|from| !wrong.contains_key(&from.origin()));
        left_out.extend(wrong.into_values());
        if !request.skip_invalid {
            refuse_invalid(&left_out)?;
        }
    };
    if !request.dry_run && !texts.is_empty() {
        let mut new = locked.new_texts();
        for stored in texts {
            new.add(stored)?;
        }
        locked.create_texts(new)?;
    }
    Ok(told(request, total, rows, left_out))
}

/// The tickets, and the records that are none or are there twice.
fn sorted(records: Vec<Record>) -> (Vec<Imported>, Vec<LeftOut>) {
    let (mut tickets, mut left_out) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    for record in records {
        let (place, origin, invalid, reason) = match record {
            Record::Ticket(imported) => {
                let origin = imported.origin();
                match seen.get(&origin) {
                    None => {
                        seen.insert(origin, imported.place.clone());
                        tickets.push(*imported);
                        continue;
                    }
                    Some(Place { file, line }) => {
                        let reason = format!("its id is there twice: first at {file}:{line}");
                        (imported.place, Some(imported.id), true, reason)
                    }
                }
            }
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

fn refuse_invalid(left_out: &[LeftOut]) -> Result<()> {
    let mut wrong = left_out.iter().filter(|record| record.invalid);
    let Some(first) = wrong.next() else {
        return Ok(());
    };
    let (path, line) = (first.path.as_str(), first.line);
    let origin = first.origin.as_deref();
    let named = origin.map(|id| format!("`{}`: ", escaped(id, 60)));
    let named = named.unwrap_or_default();
    let mut message = format!("{path}:{line}: {named}{}", first.reason);
    let more = wrong.count();
    if more > 0 {
        message.push_str(&format!(" (and {more} more that cannot be read)"));
    }
    Err(invalid(message)
        .hint("`--skip-invalid` imports the others; nothing is imported now")
        .with("path", path)
        .with("line", line)
        .with("origin", origin)
        .with("more", more))
}

/// The tickets to be made, with their edges, and what is told of each of the archive.
fn placed(
    project: &Project,
    placing: &Placing<'_>,
    tickets: &[Imported],
) -> (Vec<New>, Vec<ImportedTicket>) {
    let (mut new, mut rows) = (Vec::new(), Vec::new());
    for from in tickets {
        let Some(place) = placing.of(from) else {
            continue;
        };
        let mut from = from.clone();
        let row = |ticket: &Ticket, from: &Imported, created, misfits| ImportedTicket {
            id: place.id.to_string(),
            title: from.ticket.title.clone(),
            kind: ticket.kind.clone(),
            status: ticket.status.to_string(),
            origin: from.id.clone(),
            path: from.place.file.clone(),
            line: from.place.line,
            created,
            misfits,
        };
        if place.here {
            words::settle(&project.config, &mut from);
            rows.push(row(&from.ticket, &from, false, Vec::new()));
            continue;
        }
        placing.tell(&mut from);
        words::settle(&project.config, &mut from);
        tell_contradiction(&mut from);
        edges::set(placing, &place.id, &mut from);
        let mut ticket = from.ticket.clone();
        ticket.id = place.id.clone();
        let misfits = std::mem::take(&mut from.misfits);
        rows.push(row(&ticket, &from, true, misfits));
        new.push(New { ticket, from });
    }
    (new, rows)
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

/// The new tickets with the texts of their files, and by where they come from those that no file
/// can hold.
fn texts(
    locked: &Locked<'_>,
    project: &Project,
    new: &[New],
) -> Result<(Vec<Stored>, BTreeMap<String, LeftOut>)> {
    let (mut texts, mut wrong) = (Vec::new(), BTreeMap::new());
    for one in new {
        let reason = match locked.faithful(&one.ticket, text(one), &project.config) {
            Ok(stored) => {
                texts.push(stored);
                continue;
            }
            Err(StoreError::Unwritable { message, .. }) => message,
            Err(error) => return Err(error.into()),
        };
        let from = &one.from;
        let left_out = LeftOut {
            path: from.place.file.clone(),
            line: from.place.line,
            origin: Some(from.id.clone()),
            invalid: true,
            reason,
        };
        wrong.insert(from.origin(), left_out);
    }
    Ok((texts, wrong))
}

/// The text of a new ticket's file.
fn text(new: &New) -> String {
    let printed = format::print(&new.ticket);
    if !new.from.own {
        return printed + &format::imported(&new.from.came_from(), &new.from.all_kept());
    }
    let extra = &new.from.extra;
    let is_moved = new.from.wanted.as_ref() != Some(&new.ticket.id);
    let kept = new.from.all_kept();
    let origin = || Origin {
        name: placing::moved(&new.from),
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
    let (keys, tables) = (part(false), part(true));
    let gap = if keys.is_empty() { "" } else { "\n" };
    let below = if tables.is_empty() { "" } else { "\n" };
    format!(
        "{keys}{gap}{printed}{below}{tables}{}",
        moved.unwrap_or_default()
    )
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
