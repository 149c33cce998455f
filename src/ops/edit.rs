//! Changing a ticket's file as a whole, in a person's editor.
//!
//! Before and after the editor, never while it is open, the store is looked at. What the
//! person has typed goes through the guards of [`update`](super::update()), which are told what
//! the text changes, and into the file byte for byte, but for what a closing or a beginning
//! adds. Whatever is refused stays in the draft, and the next edit of the ticket goes on there.
//!
//! A file that is no ticket is opened to be mended. The guards then go by what can be read of
//! it, and what it said is kept.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::Path;

use super::change::{Scene, Targets, refuse_stale};
use super::changed::{Changed, Was};
use super::close::{CloseRequest, Closing};
use super::cycles::refuse_cycles;
use super::meant::{resolve, resolve_any};
use super::new::{check_edges, check_parent};
use super::notes::{can_await_nothing, refused};
use super::update::go;
use super::{Error, ErrorCode, Project, Result, values};
use crate::format::{self, Legible};
use crate::graph::Graph;
use crate::merge::{Merged, merge_ticket};
use crate::model::{Category, StatusDef, Statuses, Ticket, TicketId};
use crate::store::{Draft, Etag, Index, StoreError, Stored};

/// How a ticket is to be edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditRequest {
    /// From the ticket as it stands, though an earlier edit was kept.
    pub fresh: bool,
    /// Close although blockers or children are open.
    pub force: bool,
}

/// A ticket whose text is in an editor.
#[derive(Debug)]
pub struct Editing<'p> {
    project: &'p Project,
    id: TicketId,
    opened: String,
    if_match: Option<String>,
    force: bool,
    draft: Draft,
}

/// Puts the ticket's text, or what was kept of an earlier edit, where an editor can open it.
///
/// # Errors
/// When an agent edits, there is no such ticket, its file is none, or another edits it.
pub fn begin_edit<'p>(
    project: &'p Project,
    targets: &Targets,
    request: &EditRequest,
) -> Result<Editing<'p>> {
    project.require_human("edit")?;
    let id = {
        let index = project.index()?;
        let graph = project.graph(&index.tickets);
        resolve_any(&index, &graph, &targets.ids.concat())?
    };
    let Before { stored, .. } = before(project, &id)?;
    refuse_stale(&id, targets.if_match.as_deref(), &stored.etag.to_string())?;
    let draft = project.store.draft(&id)?;
    let mut opened = draft.kept()?;
    if opened.is_some() && request.fresh {
        let aside = draft.set_aside()?;
        project.hint(format!("the edit that was kept is `{}`", aside.display()));
        opened = None;
    }
    let opened = match opened {
        Some(opened) => {
            project.hint(format!(
                "this was the edit of `{id}` that was kept; `--fresh` begins another"
            ));
            opened
        }
        None => {
            draft.begin(&stored.text, &stored.text)?;
            stored.text
        }
    };
    let editing = Editing {
        project,
        id,
        opened,
        if_match: targets.if_match.clone(),
        force: request.force,
        draft,
    };
    match editing.draft.edited() {
        Err(error) if !editing.draft.is_file() => Err(editing.no_file(error)),
        // What is no text yet can be made one.
        _ => Ok(editing),
    }
}

/// The ticket before the edit.
struct Before {
    /// What its file says; of one that is no ticket, what can be read of it.
    stored: Stored,
    /// What can be read, where the file is no ticket.
    legible: Option<Legible>,
}

/// The ticket as it is on the disk.
fn before(project: &Project, id: &TicketId) -> Result<Before> {
    let (store, config) = (&project.store, &project.config);
    let wrong = match store.read(id, config) {
        Ok(stored) => {
            return Ok(Before {
                stored,
                legible: None,
            });
        }
        Err(StoreError::Invalid(wrong)) => wrong,
        Err(error) => return Err(error.into()),
    };
    let Ok(Some(text)) = store.read_text(id) else {
        // Nothing that an editor could mend.
        return Err(wrong.into());
    };
    let legible = format::legible(id, &text, config);
    Ok(Before {
        stored: Stored {
            ticket: legible.ticket.clone(),
            etag: Etag::of(text.as_bytes()),
            text,
        },
        legible: Some(legible),
    })
}

impl Before {
    /// Takes for the status of a file that says none what the edit may come from: a closed
    /// ticket has been closed, unless it has to say so still.
    fn assume_status(&mut self, statuses: &Statuses, wanted: &Ticket) {
        let is_unknown = self.legible.as_ref().is_some_and(|file| !file.has_status);
        if !is_unknown {
            return;
        }
        let to = &wanted.status;
        let is_closing = statuses.is_done(to) && wanted.closed_at.is_none();
        let leads_there =
            |def: &&StatusDef| def.category != Category::Done && statuses.allows(&def.id, to);
        let from = statuses
            .all()
            .iter()
            .filter(|_| is_closing)
            .find(leads_there);
        let from = from.map_or(to, |def| &def.id);
        self.stored.ticket.status.clone_from(from);
    }
}

impl Editing<'_> {
    /// The file that the editor is to open.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.draft.path()
    }

    /// Takes what the editor has left as the ticket, if it can be one. With `failed`, which
    /// says why, the editor did not end well, and nothing is taken.
    ///
    /// # Errors
    /// `failed`; or when the text is no ticket's, a guard refuses it, or the ticket was
    /// changed meanwhile in the same places. What was typed is kept then.
    pub fn finish(self, failed: Option<Error>) -> Result<Changed> {
        let edited = match self.draft.edited() {
            Ok(edited) => edited.unwrap_or_else(|| self.opened.clone()),
            Err(error) if !self.draft.is_file() => return Err(self.no_file(error)),
            Err(error) => return Err(self.kept(self.unreadable(error))),
        };
        if edited == self.opened {
            self.draft.discard()?;
            return match failed {
                Some(failed) => Err(failed.hint("nothing was changed")),
                None => self
                    .project
                    .change(&Targets::new(vec![self.id.to_string()]), |_, _| Ok(())),
            };
        }
        match failed.map_or_else(|| self.take(edited), Err) {
            Ok(changed) => {
                self.draft.discard()?;
                Ok(changed)
            }
            Err(error) => Err(self.kept(error)),
        }
    }

    /// The error, with where what was typed is now.
    fn kept(&self, error: Error) -> Error {
        let (id, path) = (&self.id, self.draft.path().display().to_string());
        let when = match self.project.store.has(id) {
            true => "",
            false => " once the ticket is there again",
        };
        error
            .hint(format!(
                "the edit is kept in `{path}`: `tk edit {id}` goes on with it{when}"
            ))
            .with("id", id.as_str())
            .with("kept", path)
    }

    /// What an editor has left is a folder, a pipe or the like, which no editor goes on with.
    fn no_file(&self, error: StoreError) -> Error {
        let id = &self.id;
        self.unreadable(error)
            .hint(format!(
                "nothing was changed: `tk edit {id} --fresh` lays it aside and begins another edit"
            ))
            .with("id", id.as_str())
    }

    fn unreadable(&self, error: StoreError) -> Error {
        match error {
            StoreError::Io { source, .. } => self.wrong_at(1, &source.to_string()),
            other => other.into(),
        }
    }

    /// What is wrong in a line of the draft.
    fn wrong_at(&self, line: usize, message: &str) -> Error {
        let path = self.draft.path().display().to_string();
        Error::new(
            ErrorCode::InvalidTicket,
            format!("{path}:{line}: {message}"),
        )
        .with("path", path)
        .with("line", line)
    }

    fn take(&self, edited: String) -> Result<Changed> {
        let (project, id) = (self.project, &self.id);
        let config = &project.config;
        let parse = |text: &str| {
            let parsed = format::parse(id, text, config);
            parsed.map_err(|error| self.wrong_at(error.line, &error.without_place()))
        };
        parse(&edited)?;
        project.mend_merge_driver();
        let locked = project.lock()?;
        let mut index = project.store.index(config)?;
        let mut before = before(project, id)?;
        let disk = &before.stored;
        refuse_stale(id, self.if_match.as_deref(), &disk.etag.to_string())?;
        let text = match disk.text == self.opened {
            true => edited,
            false => self.merged(&disk.text, &edited)?,
        };
        let wanted = parse(&text)?;
        before.assume_status(&config.statuses, &wanted);
        let Before {
            stored: disk,
            legible,
        } = before;
        let outcome = self.guarded(&index, &locked, &disk.ticket, &wanted);
        let (after, closing) = outcome.map_err(|(key, mut error)| {
            let line = format::line_of(&text, key);
            error.message = format!("{}:{line}: {}", self.path().display(), error.message);
            if error.code == ErrorCode::InvalidArgument || error.code == ErrorCode::TicketNotFound {
                error.code = ErrorCode::InvalidTicket;
            }
            error.with("line", line)
        })?;
        let text = format::edit(&text, &wanted, &after).map_err(|error| {
            let id = id.clone();
            let message = error.to_string();
            StoreError::Unwritable { id, message }
        })?;
        let disk = &disk;
        let written = match legible {
            None => locked.write_edited(disk, text, config)?,
            Some(_) => {
                let kept = self.draft.keep(&disk.text)?;
                let written = locked.mend(id, Some(&disk.ticket), text, config)?;
                project.hint(format!(
                    "what the file said is kept in `{}`",
                    kept.display()
                ));
                written
            }
        };
        let was = written.changed.iter();
        let was = was.map(|new| Was::new(&disk.ticket, new, false));
        let was: Vec<Was> = was.collect();
        project.after_write(&locked, &was, &written, false)?;
        let differs = written.etags.iter().any(|etag| *etag != disk.etag);
        for (ticket, etag) in written.all() {
            index.put(ticket, etag);
        }
        drop(locked);
        let mut changed = Changed::new(was, written, Some(index));
        // A comment is a change, too.
        for result in &mut changed.results {
            result.changed = differs;
        }
        if let Some(closing) = closing {
            closing.tell(&mut changed);
        }
        Ok(changed)
    }

    /// The edit and what was done to the ticket meanwhile, in one text.
    fn merged(&self, disk: &str, edited: &str) -> Result<String> {
        let id = &self.id;
        let config = &self.project.config;
        match merge_ticket(id, Some(&self.opened), disk, edited, config) {
            Merged::Clean(text) => {
                self.project.hint(format!(
                    "`{id}` was changed meanwhile: both changes are in it"
                ));
                Ok(text)
            }
            Merged::Conflict { text, keys, .. } => {
                // From now on it is an edit of the ticket as it stands.
                self.draft.begin(disk, &text)?;
                let shown: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                let message = format!(
                    "`{id}` was changed meanwhile, and differently: {}",
                    shown.join(", ")
                );
                Err(Error::new(ErrorCode::Changed, message)
                    .hint("both versions stand in the edit, between marker lines, yours below")
                    .with("keys", keys))
            }
            Merged::TwoTickets { .. } => Err(Error::new(
                ErrorCode::Changed,
                format!("`{id}` is another ticket now"),
            )),
        }
    }

    /// What the ticket becomes by the rules of every other command, given what the text says;
    /// or which key breaks one.
    fn guarded<'c>(
        &'c self,
        index: &Index,
        locked: &crate::store::Locked<'_>,
        before: &Ticket,
        wanted: &Ticket,
    ) -> std::result::Result<(Ticket, Option<Closing<'c>>), (&'static str, Error)> {
        let project = self.project;
        let statuses = &project.config.statuses;
        let (to, from) = (&wanted.status, &before.status);
        check_values(project, before, wanted)?;
        let mut staged = wanted.clone();
        staged.status = from.clone();
        if staged.requires != before.requires {
            // What was said before was not said at this gate.
            staged.verdict = None;
        }
        check_edges(&staged, before).map_err(|error| (edge_key(before, wanted), error))?;
        let graph = Graph::new(&index.tickets, statuses, project.now);
        self.check_ids(index, &graph, before, wanted)?;
        if !before.references().eq(staged.references()) || before.kind != staged.kind {
            refuse_cycles(&graph, std::slice::from_ref(&staged))
                .map_err(|error| (edge_key(before, wanted), error))?;
        }
        // The guards of the status look at the edges as they are to be.
        let mut with_edges = index.clone();
        with_edges.put(&staged, Etag::of(&[]));
        let all = OnceCell::from(with_edges);
        let scene = Scene::new(project, locked, &all);
        let mut tickets = [staged];
        let mut closing = None;
        let at_status = |error| ("status", error);
        if to != from && statuses.is_done(to) {
            let request = CloseRequest {
                reason: wanted.reason.clone(),
                note: None,
                force: self.force,
            };
            let close = Closing::new(project, &request, Some(to.clone())).map_err(at_status)?;
            close.all(&scene, &mut tickets).map_err(at_status)?;
            close.hint_at_epics(&scene, &tickets).map_err(at_status)?;
            closing = Some(close);
        } else if to != from {
            go(&scene, &mut tickets, to).map_err(at_status)?;
        }
        let [after] = tickets;
        if after.parent != before.parent || after.status != before.status {
            check_parent(&after, index, project).map_err(|error| ("parent", error))?;
        }
        Ok((after, closing))
    }

    /// Refuses edges to tickets that are not there, but for those that the ticket had.
    fn check_ids(
        &self,
        index: &Index,
        graph: &Graph<'_>,
        before: &Ticket,
        wanted: &Ticket,
    ) -> std::result::Result<(), (&'static str, Error)> {
        let had: BTreeSet<_> = before.references().collect();
        let new = wanted.references().filter(|edge| !had.contains(edge));
        for (key, id) in new {
            if index.get(id).is_some() || index.invalid(id).is_some() {
                continue;
            }
            let error = match resolve(index, graph, id.as_str()) {
                Err(error) => error,
                // A file has whole ids: what is short here is none elsewhere.
                Ok(meant) => {
                    let message = format!("no ticket `{id}`: expected a whole id");
                    Error::new(ErrorCode::InvalidTicket, message)
                        .hint(format!("did you mean `{meant}`?"))
                }
            };
            return Err((key, error));
        }
        Ok(())
    }
}

/// Refuses values that no other command would take, where they are new.
fn check_values(
    project: &Project,
    before: &Ticket,
    wanted: &Ticket,
) -> std::result::Result<(), (&'static str, Error)> {
    if wanted.title != before.title {
        values::title(&wanted.title).map_err(|error| ("title", error))?;
    }
    if wanted.description != before.description {
        values::within_limit("description", &wanted.description)
            .map_err(|error| ("description", error))?;
    }
    for note in &wanted.notes {
        values::within_limit("note", &note.text).map_err(|error| ("notes", error))?;
    }
    if wanted.agent != before.agent {
        let name = wanted.agent.as_deref().unwrap_or_default();
        values::agent(&project.store, name).map_err(|error| ("agent", error))?;
    }
    if wanted.verdict != before.verdict && wanted.verdict.is_some() {
        let id = &wanted.id;
        let error = refused(format!("the verdict on `{id}` is no text to be typed")).hint(format!(
            "`tk approve {id}` or `tk reject {id} TEXT` gives it"
        ));
        return Err(("verdict", error));
    }
    let is_done = project.config.statuses.is_done(&wanted.status);
    if is_done && wanted.awaiting.is_some() && wanted.awaiting != before.awaiting {
        return Err(("awaiting", can_await_nothing(wanted)));
    }
    Ok(())
}

/// The first key of edges in which the two differ.
fn edge_key(before: &Ticket, wanted: &Ticket) -> &'static str {
    let (had, has): (BTreeSet<_>, BTreeSet<_>) =
        (before.references().collect(), wanted.references().collect());
    let mut all = before.references().chain(wanted.references());
    let differing = all.find(|edge| !had.contains(edge) || !has.contains(edge));
    // Tickets of other types have other edges, too.
    differing.map_or("type", |(key, _)| key)
}
