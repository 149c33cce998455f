//! What a run would do: its tickets, their order, and what keeps the others out.

use std::collections::{BTreeMap, BTreeSet};

use super::key::RunKey;
use crate::context::Context;
use crate::graph::{Graph, Plan, Scope};
use crate::model::{Awaiting, Category, Config, Ticket, TicketId};
use crate::ops::{Error, ErrorCode, Result};
use crate::store::{Loaded, RemoteHold};

/// The tickets of a run, laid out.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    pub key: RunKey,
    /// What the run is called.
    pub title: String,
    /// The epic, where it is about one.
    pub epic: Option<Ticket>,
    /// What the run was asked for: the epic, or the tickets.
    pub targets: Vec<TicketId>,
    pub plan: Plan,
    /// Every ticket, as it stands.
    pub tickets: BTreeMap<TicketId, Ticket>,
    /// What a run may start, now or when others have landed.
    pub runnable: Vec<TicketId>,
    /// Open work that waits for a person.
    pub awaiting: Vec<TicketId>,
    /// Open work held by something outside the run, or by what waits for a person.
    pub held: Vec<TicketId>,
    /// The work and its epics: the files a run's own commits hold.
    pub files: Vec<TicketId>,
    /// The epics among them and those above, children before parents.
    pub epics: Vec<TicketId>,
    /// Of these, the open ones that wait for a person.
    pub awaiting_epics: Vec<TicketId>,
    /// What holds each of [`Self::held`], in words.
    pub reasons: BTreeMap<TicketId, String>,
    /// Whether it is about an epic that has no ticket at all, as far as files can be read.
    pub is_empty: bool,
}

impl Survey {
    /// What other clones are known to hold is held by something outside the run, too.
    pub(super) fn hold(&mut self, elsewhere: &BTreeMap<TicketId, RemoteHold>) {
        let theirs = self
            .runnable
            .extract_if(.., |id| elsewhere.contains_key(id));
        self.held.extend(theirs);
    }
}

/// Lays out the run of an epic, or of tickets.
pub(super) fn survey(
    ctx: &Context,
    config: &Config,
    loaded: &Loaded,
    targets: &[TicketId],
) -> Result<Survey> {
    let tickets: Vec<Ticket> = loaded
        .tickets
        .iter()
        .cloned()
        .map(|ticket| untrusted_awaits(config, ticket))
        .collect();
    let graph = Graph::new(&tickets, &config.statuses, ctx.now());
    let (scope, key, epic) = match targets {
        [only] if graph.is_epic(only) => (
            Scope::Epic(only.clone()),
            RunKey::epic(only),
            tickets.iter().find(|ticket| ticket.id == *only).cloned(),
        ),
        several => (
            Scope::Tickets(several.iter().cloned().collect()),
            RunKey::tickets(several),
            None,
        ),
    };
    let plan = graph.plan(&scope);
    refuse_cycles(&plan)?;
    let title = epic.as_ref().map_or_else(
        || {
            targets
                .iter()
                .map(TicketId::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        },
        |epic| epic.title.clone(),
    );
    let mut survey = Survey {
        key,
        title,
        epic,
        targets: targets.to_vec(),
        runnable: Vec::new(),
        awaiting: Vec::new(),
        held: Vec::new(),
        files: Vec::new(),
        epics: Vec::new(),
        awaiting_epics: Vec::new(),
        tickets: BTreeMap::new(),
        reasons: BTreeMap::new(),
        is_empty: false,
        plan,
    };
    for entry in &survey.plan.entries {
        if entry.awaiting.is_some() {
            survey.awaiting.push(entry.id.clone());
        } else if entry.runnable && config.statuses.category(&entry.status) != Category::Active {
            survey.runnable.push(entry.id.clone());
        } else {
            survey.held.push(entry.id.clone());
            let reasons = graph.reasons(&entry.id).into_iter();
            let reasons: Vec<String> = reasons.map(|reason| reason.to_string()).collect();
            survey.reasons.insert(entry.id.clone(), reasons.join(", "));
        }
    }
    let mut files: BTreeSet<TicketId> = survey.plan.entries.iter().map(|e| e.id.clone()).collect();
    let mut epics = BTreeSet::new();
    for target in targets {
        let below = graph.descendants(target);
        epics.extend(
            below
                .into_iter()
                .chain([target.clone()])
                .filter(|id| graph.is_epic(id)),
        );
    }
    survey.is_empty = survey.epic.is_some()
        && loaded.invalid.is_empty()
        && targets
            .iter()
            .flat_map(|target| graph.descendants(target))
            .all(|id| graph.is_epic(&id));
    for id in files.clone() {
        // What is above the work closes with it, where nothing else is left.
        epics.extend(graph.ancestors(&id));
    }
    files.extend(epics.iter().cloned());
    let mut epics: Vec<TicketId> = epics.into_iter().collect();
    epics.sort_by_key(|id| std::cmp::Reverse(graph.ancestors(id).len()));
    survey.epics = epics;
    survey.files = files.into_iter().collect();
    survey.tickets = tickets
        .into_iter()
        .map(|ticket| (ticket.id.clone(), ticket))
        .collect();
    let awaits = |id: &&TicketId| {
        survey
            .tickets
            .get(*id)
            .is_some_and(|epic| epic.awaiting.is_some() && !config.statuses.is_done(&epic.status))
    };
    survey.awaiting_epics = survey.epics.iter().filter(awaits).cloned().collect();
    Ok(survey)
}

impl Survey {
    /// The tickets it works at, those that wait among them.
    pub(super) fn planned(&self) -> Vec<TicketId> {
        let entries = self.plan.entries.iter();
        entries.map(|entry| entry.id.clone()).collect()
    }

    /// Counts these among the run's own files, if there are such tickets: an interrupted run
    /// goes on with what it has closed already.
    pub(super) fn keep_files(&mut self, ids: &[String]) {
        for id in ids {
            let known = TicketId::parse(id).ok();
            if let Some(id) = known.filter(|id| self.tickets.contains_key(id))
                && !self.files.contains(&id)
            {
                self.files.push(id);
            }
        }
        self.files.sort();
    }
}

/// A ticket made by an agent awaits approval before any run takes it: until a person gave a
/// verdict, or it was begun, which no run does before that.
fn untrusted_awaits(config: &Config, mut ticket: Ticket) -> Ticket {
    if !config.run.trust_agent_tickets
        && ticket.awaiting.is_none()
        && ticket.verdict.is_none()
        && ticket.is_proposal()
    {
        ticket.awaiting = Some(Awaiting::Approval);
    }
    ticket
}

fn refuse_cycles(plan: &Plan) -> Result<()> {
    if plan.unplaced.is_empty() {
        return Ok(());
    }
    let cycles: Vec<String> = plan.cycles.iter().map(ToString::to_string).collect();
    let stuck: Vec<&str> = plan.unplaced.iter().map(TicketId::as_str).collect();
    Err(Error::new(
        ErrorCode::Cycle,
        format!(
            "{} can never start: {}",
            stuck.join(", "),
            cycles.join("; ")
        ),
    )
    .hint("break it with `tk unblock ID BLOCKER`"))
}
