//! New tickets.

mod forms;
mod request;

pub use forms::{NewAcceptance, NewSubtask, Word};
pub(crate) use request::in_file;
pub use request::{NewTicket, Place};

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aho_corasick::AhoCorasick;
use serde::{Deserialize, Serialize};

use super::cycles::refused_with_names;
use super::records::records_among;
use super::similar::similar;
use super::values::{self, invalid, printable};
use super::{Error, ErrorCode, Project, Result, resolve};
use crate::context::Context;
use crate::graph::{Graph, Step};
use crate::model::{Acceptance, Actor, Awaiting, Outline, Subtask, Ticket, TicketId};
use crate::store::{self, AppendLog, Etagged, Index, Prepared};
use crate::wire::{SimilarTicket, TicketRecord};

/// The most tickets that the workers of one run may file together.
const MOST_OF_A_RUN: usize = 20;

/// Tickets that were made.
pub struct Made {
    /// Those there before that are likely the same, which is no reason to refuse them.
    pub similar: Vec<SimilarTicket>,
    made: Vec<Etagged>,
    /// The tickets that were there before.
    before: Index,
}

impl Made {
    /// The tickets, in the order in which they were asked for.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.made.iter().map(|new| &new.ticket)
    }

    /// Their records. Made when they are asked for, since people are told no more than the ids.
    #[must_use]
    pub fn into_records(self, project: &Project) -> Vec<TicketRecord> {
        let mut all = self.before;
        all.extend(&self.made);
        records_among(project, &all, self.made.iter().map(|new| &new.ticket))
    }
}

/// Makes the tickets: all of them or none.
///
/// # Errors
/// When a value cannot be, an id is unknown, a cycle would come about, an agent has filed too
/// many, or a file cannot be written.
pub fn new(project: &Project, context: &Context, requests: &[NewTicket]) -> Result<Made> {
    project.mend_merge_driver();
    let locked = project.lock()?;
    let index = project.index()?;
    locked.sweep_seen(&index)?;
    let filed = Filed::new(project, context, requests.len())?;
    let made = {
        let count = index.tickets.len() + index.invalid.len();
        let minted = |more: usize, is_taken: &dyn Fn(&TicketId) -> bool| {
            store::mint(context, count + more, is_taken)
        };
        let mut maker = Maker::new(project, &index, requests, minted)?;
        maker.by(context)?;
        let made = maker.all(requests)?;
        for ticket in &made {
            values::warn_where_hidden_when_due(project, ticket);
        }
        maker.refuse_cycles(requests, &made)?;
        made
    };
    let similar = similar(&index, &made);
    let stored = locked.create(&made, &project.config)?;
    if let Err(error) = filed.record(&made) {
        let ids: Vec<TicketId> = made.iter().map(|ticket| ticket.id.clone()).collect();
        locked.put_and_remove(Prepared::default(), &ids)?;
        return Err(error);
    }
    drop(locked);
    for like in &similar {
        let (id, status, title) = (&like.id, &like.status, printable(&like.title));
        project.hint(format!("`{id}` ({status}) is likely the same: {title}"));
    }
    Ok(Made {
        similar,
        made: stored,
        before: index,
    })
}

/// Whether the tickets could be made among those of the index. Makes none, and tells nothing.
///
/// # Errors
/// As [`new`].
pub(super) fn rehearse(project: &Project, index: &Index, requests: &[NewTicket]) -> Result<()> {
    let numbered = |more: usize, is_taken: &dyn Fn(&TicketId) -> bool| {
        let mut number = more;
        loop {
            let id = TicketId::known(&format!("t{number}"));
            if !is_taken(&id) {
                return id;
            }
            number += 1;
        }
    };
    let maker = Maker::new(project, index, requests, numbered)?;
    let made = maker.all(requests)?;
    maker.refuse_cycles(requests, &made)
}

/// Makes tickets out of requests.
struct Maker<'m> {
    project: &'m Project,
    index: &'m Index,
    graph: OnceCell<Graph<'m>>,
    ids: Vec<TicketId>,
    locals: BTreeMap<&'m str, TicketId>,
    author: Option<&'m Actor>,
    is_agent: bool,
    working_on: Option<TicketId>,
}

impl<'m> Maker<'m> {
    /// `mint` makes the next id, after so many others, of those that are not taken.
    fn new(
        project: &'m Project,
        index: &'m Index,
        requests: &'m [NewTicket],
        mint: impl Fn(usize, &dyn Fn(&TicketId) -> bool) -> TicketId,
    ) -> Result<Self> {
        let is_there = |id: &TicketId| index.get(id).is_some() || index.invalid(id).is_some();
        let mut ids: Vec<TicketId> = Vec::new();
        let mut minted = HashSet::new();
        let mut locals = BTreeMap::new();
        for request in requests {
            let id = mint(ids.len(), &|id| is_there(id) || minted.contains(id));
            minted.insert(id.clone());
            if let Some(local) = &request.local
                && locals.insert(local.as_str(), id.clone()).is_some()
            {
                let message = format!("the local name `{}` is there twice", printable(local));
                return request.at("local", Err(invalid(message)));
            }
            ids.push(id);
        }
        Ok(Self {
            project,
            index,
            graph: OnceCell::new(),
            ids,
            locals,
            author: None,
            is_agent: false,
            working_on: None,
        })
    }

    /// Who makes them, and at what work.
    fn by(&mut self, context: &Context) -> Result<()> {
        self.author = self.project.acting()?;
        self.is_agent = self.project.is_agent()?;
        if let Some(given) = context.var("TK_TICKET")
            && self.is_agent
        {
            // A ticket that is no more is no reason not to file what was found.
            self.working_on = resolve(self.index, self.graph(), given).ok();
        }
        Ok(())
    }

    /// The tickets that are there, with what follows from their edges: made when it is asked
    /// for, since most new tickets name no other.
    fn graph(&self) -> &Graph<'m> {
        let (project, tickets) = (self.project, &self.index.tickets);
        let made = || Graph::new(tickets, &project.config.statuses, project.now);
        self.graph.get_or_init(made)
    }

    fn all(&self, requests: &[NewTicket]) -> Result<Vec<Ticket>> {
        let pairs = self.ids.iter().zip(requests);
        pairs.map(|(id, request)| self.one(id, request)).collect()
    }

    fn one(&self, id: &TicketId, request: &NewTicket) -> Result<Ticket> {
        let (config, now) = (&self.project.config, self.project.now);
        let title = request.at("title", values::title(&request.title))?;
        let kind = match &request.kind {
            Some(kind) => request.at("type", values::kind(config, kind))?,
            None => config.default_type.clone(),
        };
        let mut ticket = Ticket::new(id.clone(), title, kind, config.statuses.initial().clone());
        let given = |value: &Option<String>| value.clone().unwrap_or_default();
        let word = |value: &Option<Word>| value.clone().map(|word| word.0).unwrap_or_default();
        let priority = values::word(&word(&request.priority));
        let description = values::text("description", &request.description);
        ticket.description = request.at("description", description)?;
        ticket.priority = request.at("priority", priority)?.unwrap_or_default();
        ticket.labels = request.at("labels", values::labels(&request.labels))?;
        ticket.owner = request.at("owner", values::line("owner", &given(&request.owner)))?;
        ticket.parent = request.at("parent", self.one_of(request.parent.as_deref()))?;
        ticket.blocked_by = request.at("blocked_by", self.several(&request.blocked_by))?;
        ticket.after = request.at("after", self.several(&request.after))?;
        ticket.related = request.at("related", self.several(&request.related))?;
        ticket.acceptance = request.at("acceptance", acceptance_of(&request.acceptance))?;
        ticket.subtasks = request.at("subtasks", subtasks_of(&request.subtasks))?;
        ticket.checks = request.at("checks", values::lines("check", &request.checks))?;
        ticket.touches = request.at("touches", values::lines("glob", &request.touches))?;
        ticket.requires = request.at("requires", values::word(&given(&request.requires)))?;
        ticket.awaiting = request.at("awaiting", values::word(&given(&request.awaiting)))?;
        ticket.estimate = request.at("estimate", values::word(&given(&request.estimate)))?;
        ticket.due = request.at("due", values::day("due day", now, &word(&request.due)))?;
        ticket.defer_until = request.at(
            "defer_until",
            values::defer(now, &word(&request.defer_until)),
        )?;
        ticket.repeat = request.at("repeat", values::word(&given(&request.repeat)))?;
        let fits = values::fitting_repeat(ticket.repeat, ticket.due, ticket.defer_until);
        request.at("repeat", fits)?;
        let agent = values::agent(&self.project.store, &given(&request.agent));
        ticket.agent = request.at("agent", agent)?;
        ticket.model = request.at("model", values::line("model", &given(&request.model)))?;
        ticket.lock = request.at("lock", values::line("lock", &given(&request.lock)))?;
        ticket.pr = request.at("pr", values::line("pull request", &given(&request.pr)))?;
        let from = self.one_of(request.discovered_from.as_deref());
        ticket.discovered_from = request.at("discovered_from", from)?;
        let same = self.one_of(request.duplicate_of.as_deref());
        ticket.duplicate_of = request.at("duplicate_of", same)?;
        ticket.created_at = Some(self.project.now);
        ticket.created_by = self.author.map(|actor| actor.as_str().to_owned());
        if self.is_agent {
            ticket.discovered_from = ticket.discovered_from.or_else(|| self.working_on.clone());
            if !config.run.trust_agent_tickets {
                ticket.awaiting = Some(Awaiting::Approval);
                self.project
                    .hint("a ticket filed by an agent waits for a person's approval");
            }
        }
        if let Some((key, what)) = to_itself(&ticket).first() {
            let name = request.name();
            return request.at(key, Err(cannot_be(&name, what)));
        }
        request.at("parent", check_parent(&ticket, self.index, self.project))?;
        Ok(ticket)
    }

    /// Refuses tickets that would wait for one another, by the names that the file gives them and
    /// with the line of one.
    fn refuse_cycles(&self, requests: &[NewTicket], made: &[Ticket]) -> Result<()> {
        if !are_tied(made, self.index) {
            return Ok(());
        }
        let Some(cycle) = self.graph().cycle_with(made) else {
            return Ok(());
        };
        let requests: HashMap<&TicketId, &NewTicket> = self.ids.iter().zip(requests).collect();
        let name = |id: &TicketId| match requests.get(id) {
            Some(request) => request.name(),
            None => id.to_string(),
        };
        let error = refused_with_names(&cycle, &name);
        let mut lines = cycle
            .links
            .iter()
            .flat_map(|link| &link.why)
            .map(Step::line);
        match lines.find_map(|(id, key)| Some((requests.get(id)?, key))) {
            Some((request, key)) => request.at(key, Err(error)),
            None => Err(error),
        }
    }

    fn one_of(&self, given: Option<&str>) -> Result<Option<TicketId>> {
        let given = given.map(str::trim).filter(|given| !given.is_empty());
        given.map(|given| self.find(given)).transpose()
    }

    fn several(&self, given: &[String]) -> Result<BTreeSet<TicketId>> {
        let words = values::words("id", given)?;
        words.iter().map(|word| self.find(word)).collect()
    }

    fn find(&self, given: &str) -> Result<TicketId> {
        match self.locals.get(given.trim()) {
            Some(id) => Ok(id.clone()),
            None => resolve(self.index, self.graph(), given),
        }
    }
}

/// Whether any of the new tickets names others, or is named by one that is there: else none can
/// be in a cycle.
fn are_tied(made: &[Ticket], index: &Index) -> bool {
    let names = |ticket: &Ticket| {
        ticket.parent.is_some() || !ticket.blocked_by.is_empty() || !ticket.after.is_empty()
    };
    if made.iter().any(names) {
        return true;
    }
    let ids: HashSet<&str> = made.iter().map(|ticket| ticket.id.as_str()).collect();
    // Hardly any ticket has one of the ids anywhere in it.
    let Ok(has_one) = AhoCorasick::new(&ids) else {
        return true;
    };
    let named = |ticket: &Outline| {
        let edges = ticket.edges();
        let others = edges.blocked_by.chain(edges.after);
        let mut all = ticket.parent().into_iter().chain(others);
        all.any(|id| ids.contains(id))
    };
    let mut tickets = index.tickets.iter();
    tickets.any(|ticket| has_one.is_match(ticket.packed()) && named(ticket))
}

/// Refuses edges of the ticket to itself, but for those it had before: they are no reason to
/// refuse anything else.
pub(super) fn check_edges(ticket: &Ticket, before: &Ticket) -> Result<()> {
    let had = to_itself(before);
    let new = to_itself(ticket)
        .into_iter()
        .find(|what| !had.contains(what));
    match new {
        Some((_, what)) => Err(cannot_be(ticket.id.as_str(), what)),
        None => Ok(()),
    }
}

fn cannot_be(name: &str, what: &str) -> Error {
    let bare = name.trim_matches('`');
    let message = format!("`{bare}` cannot be {what}");
    Error::new(ErrorCode::Cycle, message).with("cycle", vec![bare.to_owned()])
}

/// What the ticket says to be to itself, each with its key.
fn to_itself(ticket: &Ticket) -> Vec<(&'static str, &'static str)> {
    let itself = ticket.references().filter(|(_, id)| **id == ticket.id);
    let told = itself.map(|(key, _)| {
        let what = match key {
            "parent" => "its own parent",
            "blocked_by" => "blocked by itself",
            "after" => "after itself",
            "related" => "related to itself",
            "discovered_from" => "discovered from itself",
            "duplicate_of" => "a duplicate of itself",
            _ => "what comes after itself",
        };
        (key, what)
    });
    told.collect()
}

/// Refuses an open ticket under a closed epic.
pub(super) fn check_parent(ticket: &Ticket, index: &Index, project: &Project) -> Result<()> {
    let parent = ticket.parent.as_ref().and_then(|id| index.get(id));
    parent.map_or(Ok(()), |parent| {
        allow_under(&parent.id, parent.status(), ticket, project)
    })
}

/// Refuses that open ticket under that epic, if its status is that of a closed one.
pub(super) fn allow_under(
    parent: &TicketId,
    status: &str,
    ticket: &Ticket,
    project: &Project,
) -> Result<()> {
    let statuses = &project.config.statuses;
    if !statuses.is_done(status) || statuses.is_done(&ticket.status) {
        return Ok(());
    }
    let message = format!("the epic `{parent}` is closed: an open ticket cannot be under it");
    Err(Error::new(ErrorCode::Refused, message)
        .hint(format!("`tk reopen {parent}` opens it again")))
}

/// The acceptance items of these texts; what is known of those that were there is kept.
pub(super) fn acceptance(given: &[String], old: &[Acceptance]) -> Result<Vec<Acceptance>> {
    let texts = distinct("acceptance item", given)?;
    let items = texts.into_iter().map(|text| {
        let known = old.iter().find(|item| item.text == text);
        known.cloned().unwrap_or(Acceptance {
            text,
            ..Acceptance::default()
        })
    });
    Ok(items.collect())
}

/// The acceptance items that are asked for.
fn acceptance_of(given: &[NewAcceptance]) -> Result<Vec<Acceptance>> {
    let texts: Vec<String> = given.iter().map(|item| item.text.clone()).collect();
    let mut items = acceptance(&texts, &[])?;
    for (item, given) in items.iter_mut().zip(given) {
        item.check = values::line("check", given.check.as_deref().unwrap_or_default())?;
        item.met = given.met;
    }
    Ok(items)
}

/// The subtasks that are asked for.
fn subtasks_of(given: &[NewSubtask]) -> Result<Vec<Subtask>> {
    let titles: Vec<String> = given.iter().map(|step| step.title.clone()).collect();
    let mut steps = subtasks(&titles, &[])?;
    for (step, given) in steps.iter_mut().zip(given) {
        step.done = given.done;
    }
    Ok(steps)
}

/// The subtasks of these titles; those that were there stay as they are.
pub(super) fn subtasks(given: &[String], old: &[Subtask]) -> Result<Vec<Subtask>> {
    let titles = distinct("subtask", given)?;
    let items = titles.into_iter().map(|title| {
        let known = old.iter().find(|item| item.title == title);
        known.cloned().unwrap_or(Subtask { title, done: false })
    });
    Ok(items.collect())
}

fn distinct(what: &str, given: &[String]) -> Result<Vec<String>> {
    let texts = values::lines(what, given)?;
    let mut seen = BTreeSet::new();
    match texts.iter().find(|text| !seen.insert(*text)) {
        Some(twice) => {
            let twice = printable(twice);
            Err(invalid(format!("the {what} `{twice}` is there twice")))
        }
        None => Ok(texts),
    }
}

/// What the workers of a run have filed, which is limited.
struct Filed(Option<std::path::PathBuf>);

#[derive(Serialize, Deserialize)]
struct FiledTicket {
    id: String,
}

impl Filed {
    fn new(project: &Project, context: &Context, more: usize) -> Result<Self> {
        let is_agent = project.is_agent()?;
        let run = context.var("TK_RUN");
        let run = run.filter(|run| run.chars().all(|c| c.is_ascii_alphanumeric()));
        let Some(run) = run.filter(|_| is_agent) else {
            return Ok(Self(None));
        };
        let path = project.store.run_dir(run).join("filed.jsonl");
        let filed = AppendLog::read::<FiledTicket>(&path)?.entries.len();
        if filed + more > MOST_OF_A_RUN {
            let message = format!(
                "the agents of this run have filed {filed} tickets: expected at most {MOST_OF_A_RUN}"
            );
            return Err(Error::new(ErrorCode::Refused, message)
                .hint("say what else is to be done in a note: `tk note`"));
        }
        Ok(Self(Some(path)))
    }

    fn record(self, made: &[Ticket]) -> Result<()> {
        let Some(path) = self.0 else {
            return Ok(());
        };
        let mut log = AppendLog::open(&path)?;
        for ticket in made {
            let id = ticket.id.to_string();
            log.append(&FiledTicket { id })?;
        }
        Ok(())
    }
}
