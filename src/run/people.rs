//! What people owe a live run, and what may begin when they have spoken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::board::Seat;
use super::folder::RunDir;
use super::jobs::Jobs;
use super::predict;
use super::recovery::Recovered;
use super::shared::Shared;
use super::survey::{Survey, survey};
use super::watch::Watch;
use crate::model::{Awaiting, NoteKind, Ticket, TicketId, options};
use crate::ops::{Error, ErrorCode, Project, Result};
use crate::wire::Owed;

/// Looks after the tickets of a run that wait for people.
pub(super) struct People<'a> {
    project: &'a Project,
    shared: Arc<Shared>,
    dir: &'a RunDir,
    targets: &'a [TicketId],
    only_land: bool,
    /// The run's tickets, when it began; no other ever joins it.
    known: BTreeSet<TicketId>,
    /// What waits, as it was when last looked at; nothing where it could not be read.
    owed: BTreeMap<TicketId, Option<Ticket>>,
    watch: Watch,
}

/// What may go on, now that people have spoken.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    /// Tickets that are owed nothing any more.
    pub freed: BTreeSet<TicketId>,
    /// Of the run's tickets, all that may begin or go on.
    pub seats: BTreeMap<TicketId, Seat>,
    /// Of the freed, those that people closed or deleted.
    pub closed: BTreeSet<TicketId>,
}

impl<'a> People<'a> {
    /// Those of the run, as it begins.
    pub(super) fn new(
        project: &'a Project,
        shared: Arc<Shared>,
        dir: &'a RunDir,
        survey: &'a Survey,
        only_land: bool,
    ) -> Self {
        let watch = Watch::patient(shared.store.ticks_dir());
        let waiting = survey.plan.awaiting.iter().map(|brief| brief.id.clone());
        let known = survey.plan.entries.iter().map(|entry| entry.id.clone());
        let mut people = Self {
            project,
            shared,
            dir,
            targets: &survey.targets,
            only_land,
            known: known.collect(),
            owed: BTreeMap::new(),
            watch,
        };
        if !only_land {
            waiting.for_each(|id| people.wait_for(&id));
        }
        people
    }

    /// From now on people owe that ticket something.
    pub(super) fn wait_for(&mut self, id: &TicketId) {
        // Whatever happened to it since it was put aside is seen when people are next heard.
        self.owed.insert(id.clone(), None);
    }

    /// People owe that ticket nothing any more.
    pub(super) fn wait_no_more(&mut self, id: &TicketId) {
        self.owed.remove(id);
    }

    /// Whether anything waits.
    pub(super) fn owe(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Returns when something that waits may have changed.
    pub(super) async fn changed(&self) {
        self.watch.changed().await;
    }

    /// What people have said since the last look.
    ///
    /// # Errors
    /// When the tickets cannot be read or laid out; the next look may do better.
    pub(super) fn hear(&mut self) -> Result<Spoken> {
        let shared = &self.shared;
        if shared.tracker.is_away() {
            // The ticket files that people can change are another branch's.
            return Ok(Spoken::default());
        }
        let (store, config) = (&shared.store, &shared.config);
        let read = |id: &TicketId| store.read(id, config).ok().map(|stored| stored.ticket);
        let now = self.owed.keys().map(|id| (id.clone(), read(id)));
        let now: BTreeMap<TicketId, Option<Ticket>> = now.collect();
        if now == self.owed && now.values().all(Option::is_some) {
            return Ok(Spoken::default());
        }
        let loaded = self.project.load()?;
        let survey = survey(&self.shared.ctx, config, &loaded, self.targets)?;
        let waits = |id: &TicketId| survey.plan.awaiting.iter().any(|brief| brief.id == *id);
        let half_written = |id: &TicketId| loaded.invalid(id).is_some();
        let freed: BTreeSet<TicketId> = now
            .keys()
            .filter(|id| !waits(id) && !half_written(id))
            .cloned()
            .collect();
        self.owed = now;
        self.owed.retain(|id, _| !freed.contains(id));
        if freed.is_empty() {
            return Ok(Spoken::default());
        }
        let seats = self.seats_of(&survey)?;
        let is_closed = |id: &&TicketId| {
            let ticket = survey.tickets.get(*id);
            // What was deleted is as little left to do.
            ticket.is_none_or(|ticket| config.statuses.is_done(&ticket.status))
        };
        Ok(Spoken {
            closed: freed.iter().filter(is_closed).cloned().collect(),
            freed,
            seats,
        })
    }

    /// Of the run's tickets, as they are now, all that may begin or go on.
    ///
    /// # Errors
    /// When they cannot be read or laid out.
    pub(super) fn seats(&self) -> Result<BTreeMap<TicketId, Seat>> {
        if let Some(branch) = self.shared.tracker.missing() {
            let message = format!("`{branch}` is not checked out");
            return Err(Error::new(ErrorCode::Git, message));
        }
        let (shared, loaded) = (&self.shared, self.project.load()?);
        self.seats_of(&survey(&shared.ctx, &shared.config, &loaded, self.targets)?)
    }

    fn seats_of(&self, survey: &Survey) -> Result<BTreeMap<TicketId, Seat>> {
        let shared = &self.shared;
        let (options, ground) = (&shared.options, &shared.ground);
        let jobs = Jobs::new(
            self.project,
            options,
            survey,
            ground,
            Some(self.dir),
            Recovered::default(),
        )?;
        let mut seats = predict::seats(survey, &jobs, self.only_land)?;
        seats.retain(|id, _| self.known.contains(id));
        Ok(seats)
    }
}

/// What people owe the tickets of the run, each with the command that settles it.
pub(super) fn owed(survey: &Survey) -> Vec<Owed> {
    let mut all: Vec<&TicketId> = survey.plan.awaiting.iter().map(|b| &b.id).collect();
    for id in &survey.awaiting_epics {
        if !all.contains(&id) {
            all.push(id);
        }
    }
    let tickets = all.into_iter().filter_map(|id| survey.tickets.get(id));
    tickets
        .filter_map(|ticket| Some(owed_to(ticket, ticket.awaiting?)))
        .collect()
}

fn owed_to(ticket: &Ticket, awaiting: Awaiting) -> Owed {
    let id = &ticket.id;
    let question = ticket.last_question().map(|(question, _)| question);
    let asked = match awaiting {
        Awaiting::Input => question,
        _ => ticket.open_question_of_agent(),
    };
    let said = || {
        let is_said = |kind| matches!(kind, NoteKind::Comment | NoteKind::Failure);
        let notes = ticket.notes.iter().rev();
        notes
            .clone()
            .find(|note| is_said(note.kind) && note.is_by_agent())
    };
    let note = asked.or_else(said);
    let options = asked.map_or(0, options);
    Owed {
        ticket: id.to_string(),
        title: ticket.title.clone(),
        awaiting: awaiting.to_string(),
        by: note.map(|note| note.by.clone()),
        text: note.map_or_else(String::new, |note| note.text.clone()),
        options,
        command: ticket.owed_command(awaiting),
        refuse: (!matches!(awaiting, Awaiting::Input | Awaiting::Work))
            .then(|| format!("tk reject {id} TEXT")),
    }
}
