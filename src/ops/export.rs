//! Tickets for other programs.

use std::collections::HashSet;
use std::iter;
use std::path::Path;

use jiff::tz::TimeZone;

use super::values::invalid;
use super::{Chosen, Error, ErrorCode, Project, Result};
use crate::cores;
use crate::model::{Outline, Shown};
use crate::port::{self, ExportFormat, Frame, Uuids, Written};
use crate::store::Index;

/// They are made in parts of so many, from so many tickets on by several threads.
const PART: usize = 128;
const MANY: usize = 256;

/// Refuses to put an export where tickets, or what git keeps, would be lost by it.
///
/// # Errors
/// When the file is in `.ticks/` or in git's folder.
pub fn refuse_own_file(project: &Project, path: &Path) -> Result<()> {
    match project.store.is_around(path) {
        false => Ok(()),
        true => {
            let message = format!("`{}` is in a folder of tickets or of git", Shown(path));
            Err(invalid(message).hint("an export goes beside them"))
        }
    }
}

/// Tells of tickets whose blockers are closed and left out: elsewhere, they would wait for what is
/// not there.
fn tell_left_out(project: &Project, index: &Index, found: &[&Outline]) {
    let statuses = &project.config.statuses;
    let closed = index
        .tickets
        .iter()
        .filter(|ticket| ticket.is_done(statuses));
    let closed: HashSet<&str> = closed.map(|ticket| ticket.id.as_str()).collect();
    let waits = |ticket: &&&Outline| ticket.edges().blocked_by.any(|id| closed.contains(id));
    let told = match found.iter().filter(waits).count() {
        0 => return,
        1 => "1 ticket is".to_owned(),
        more => format!("{more} tickets are"),
    };
    project.hint(format!(
        "{told} blocked by closed ones, which are left out; `--all` keeps them"
    ));
}

/// Hands how many tickets there are, and their text in that format, to `tell`: in the order of their
/// ids, in pieces that are cut between tickets, so that not all of it need be there at once. Of
/// those that fit the query, if there is one; closed ones too, with `all` and where the query says
/// something about that. taskwarrior's days are those in that zone.
///
/// # Errors
/// When the query cannot be understood, or a ticket of the first piece cannot be read; a later one
/// is an error in its place.
pub fn export<R>(
    project: &Project,
    format: ExportFormat,
    all: bool,
    query: Option<&str>,
    zone: &TimeZone,
    tell: impl FnOnce(usize, &mut dyn Iterator<Item = Result<String>>) -> R,
) -> Result<R> {
    let (config, store) = (&project.config, &project.store);
    let chosen = query.map(|text| Chosen::new(project, text)).transpose()?;
    let names_closed = |chosen: &Chosen<'_>| chosen.query().names_closed();
    let closed_too = all || chosen.as_ref().is_some_and(names_closed);
    let index = project.index()?;
    let wanted = |ticket: &&Outline| closed_too || !ticket.is_done(&config.statuses);
    let mut found: Vec<&Outline> = index.tickets.iter().filter(wanted).collect();
    if let Some(chosen) = &chosen {
        let graph = project.graph(&index.tickets);
        found = chosen.among(project, &index, &graph, &found)?;
    }
    if query.is_none() && !closed_too && format.comes_back() {
        tell_left_out(project, &index, &found);
    }
    let Frame {
        before,
        between,
        behind,
    } = port::frame(format);
    // Also those of tickets that are not exported: others wait for them.
    let uuids = match format {
        ExportFormat::Taskwarrior => {
            let origins = store.origins()?.into_iter();
            port::uuids(
                origins.filter_map(|(origin, all)| Some((origin, all.into_iter().next()?.id))),
            )
        }
        _ => Uuids::new(),
    };
    let one = |ticket: &&Outline| -> Result<Written> {
        let stored = store.read(&ticket.id, config)?;
        port::write(format, &stored.ticket, &stored.text, &uuids, config, zone)
            .map_err(|message| Error::new(ErrorCode::Failed, message))
    };
    let part = |tickets: &[&Outline]| -> Result<(String, Vec<String>)> {
        let (mut texts, mut misfits) = (Vec::new(), Vec::new());
        for ticket in tickets {
            let Written { text, misfit } = one(ticket)?;
            texts.push(text);
            misfits.extend(misfit);
        }
        Ok((texts.join(between), misfits))
    };
    cores::stream(&found, PART, MANY, part, |parts| {
        let mut misfits = Vec::new();
        let mut text = |(text, odd): (String, Vec<String>)| {
            misfits.extend(odd);
            text
        };
        let first = parts.next().transpose()?.map(&mut text);
        let first = first.unwrap_or_default();
        let more = parts.map(|part| Ok(between.to_owned() + &text(part?)));
        let pieces = iter::once(Ok(before + &first)).chain(more);
        let mut pieces = pieces.chain(iter::once(Ok(behind.to_owned())));
        let told = tell(found.len(), &mut pieces);
        drop(pieces);
        match misfits.as_slice() {
            [] => {}
            [one] => project.warn(one),
            [first, more @ ..] => {
                let more = more.len();
                project.warn(format!("{first} (and for {more} more in other tickets)"));
            }
        }
        Ok(told)
    })
}
