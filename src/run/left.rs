//! What a dead runner left of an attempt that can be taken over as it is: a worker that lives
//! on, or one that has ended and whose word was not heeded yet.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::asking;
use super::attempt::{AttemptDir, AttemptError, Exit, ExitCause, ExitStatus, Stdin};
use super::folder::RunDir;
use super::ledger::{self, Entry, EntryKind};
use super::recovery;
use super::repair;
use super::worker;
use crate::model::{Actor, AgentKind, Config, Outcome, RunRecord, Ticket, TicketId, Usd};
use crate::ops::Result;
use crate::store::{Store, StoreError};
use crate::wire::{Event, EventKind};

/// An attempt's last worker process, taken over.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Left {
    /// The attempt.
    pub attempt: u32,
    /// The process of the attempt.
    pub process: u32,
    /// What is put aside for it; `None` once its bill is in the ledger.
    pub reserved: Option<Usd>,
    /// Whether it was started to go on with a session.
    pub resumed: bool,
    /// What the journal has of it.
    pub told: Vec<EventKind>,
    /// What the journal has of what it asked of people, and of what came of it.
    pub requests: Vec<(Timestamp, EventKind)>,
}

/// What was tried again of an attempt before its runner died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// Rounds that mended a red gate.
    pub fixes: u32,
    /// Sessions resumed after a crash.
    pub resumes: u32,
    /// Fresh sessions after a crash.
    pub retries: u32,
    /// Fresh sessions in the place of one that was gone.
    pub lost: u32,
    /// Sessions that were to settle a conflict of their branch.
    pub repairs: u32,
    /// Whether one more of those was announced, and has not begun.
    pub repair_is_due: bool,
}

impl Tries {
    /// A worker begins after a failure of that class, in a session that was there or not.
    fn count(&mut self, class: Option<String>, resumed: bool) {
        match class.as_deref() {
            None | Some("max_budget") => {}
            Some("check") => self.fixes += 1,
            Some("unknown_session") => self.lost += 1,
            Some(repair::CONFLICT) => self.repairs += 1,
            Some(_) if resumed => self.resumes += 1,
            Some(_) => self.retries += 1,
        }
    }
}

/// The attempts of these, not finished by the journal, whose last worker can be taken over.
pub(super) fn find(
    store: &Store,
    config: &Config,
    dir: &RunDir,
    unfinished: &BTreeMap<String, RunRecord>,
    events: &[Event],
    entries: &[Entry],
) -> Result<BTreeMap<TicketId, Left>> {
    let words = ledger::last_words(entries);
    let mut found = BTreeMap::new();
    for (id, record) in unfinished {
        let Ok(id) = TicketId::parse(id) else {
            continue;
        };
        let process = dir.processes(&id, record.attempt)?;
        let worker = (dir.id(), id.to_string(), record.attempt, process);
        let Some(word) = words.get(&worker) else {
            continue;
        };
        let attempt = dir.worker(id.as_str(), record.attempt, process);
        if !may_go_on(store, config, &id, record)? || !is_whole(&attempt, word)? {
            continue;
        }
        let reserved = (word.kind == EntryKind::Reserved)
            .then(|| Usd::from_dollars(word.cost_usd).unwrap_or_default());
        let last = of_last_worker(events, id.as_str(), reserved.is_some());
        let left = Left {
            attempt: record.attempt,
            process,
            reserved,
            resumed: resumes(&attempt)?,
            told: last
                .iter()
                .filter(|event| is_told(&event.kind))
                .map(|event| event.kind.clone())
                .collect(),
            requests: last
                .iter()
                .filter(|event| is_of_request(&event.kind))
                .map(|event| (event.at, event.kind.clone()))
                .collect(),
        };
        found.insert(id, left);
    }
    Ok(found)
}

/// Whether the ticket is as the dead runner had it: nobody closed it, took it, or is owed
/// something but an answer to the worker, and the attempt's end is not in it.
fn may_go_on(store: &Store, config: &Config, id: &TicketId, record: &RunRecord) -> Result<bool> {
    let ticket = match store.read(id, config) {
        Ok(stored) => stored.ticket,
        Err(StoreError::NotFound(_)) => return Ok(false),
        Err(error) if recovery::is_of_file(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let agent = Actor::agent(&record.agent);
    let is_over = |old: &RunRecord| {
        old.run == record.run
            && old.attempt == record.attempt
            && old.ended_at >= record.started_at
            && old.outcome != Some(Outcome::Stopped)
    };
    Ok(!config.statuses.is_done(&ticket.status)
        && (ticket.awaiting.is_none() || asking::is_open(&ticket, agent.as_str()))
        && ticket
            .owner
            .as_deref()
            .is_none_or(|owner| owner == agent.as_str())
        && !ticket.runs.iter().any(is_over))
}

/// Whether the worker lives, or ended without having been told to: by the word of its shim, or,
/// where the machine took both, by its own result.
fn is_whole(attempt: &AttemptDir, word: &Entry) -> std::result::Result<bool, AttemptError> {
    let Some(started) = attempt.started()? else {
        return Ok(false);
    };
    let kind = kind_of(word);
    let by_itself = |exit: Exit| {
        matches!(
            exit.cause,
            ExitCause::Own
                | ExitCause::StayedAfterClose
                | ExitCause::TimeLimit
                | ExitCause::TooMuchOutput
        ) && !matches!(exit.status, ExitStatus::NotStarted(_))
    };
    let (lives, there) = match attempt.read_exit()? {
        Some(exit) => (false, by_itself(exit)),
        None if attempt.is_alive()? => {
            let is_known = word.kind == EntryKind::Reserved && started.worker.is_some();
            (true, is_known)
        }
        None => (false, worker::has_result(kind, attempt)?),
    };
    Ok(there && !attempt.was_interrupted()? && (lives || !worker::stops_all(kind, attempt)?))
}

/// What kind of agent the ledger's entry is about.
pub(super) fn kind_of(entry: &Entry) -> AgentKind {
    if entry.agent_kind == "command" {
        AgentKind::Command
    } else {
        AgentKind::Claude
    }
}

/// What the journal has of the ticket's last worker, its session first; nothing where it has
/// told none yet. Of one whose bill is open, none was paid since its session.
fn of_last_worker<'a>(events: &'a [Event], ticket: &str, is_open: bool) -> Vec<&'a Event> {
    let of_ticket = |event: &&Event| event.ticket.as_deref() == Some(ticket);
    let own: Vec<&Event> = events.iter().filter(of_ticket).collect();
    let session = |event: &&Event| matches!(event.kind, EventKind::Session { .. });
    let start = own.iter().rposition(session).unwrap_or(own.len());
    let since = &own[start..];
    let paid = |event: &&Event| matches!(event.kind, EventKind::Cost { settled: true, .. });
    if is_open && since.iter().any(paid) {
        return Vec::new();
    }
    since.to_vec()
}

/// Whether it is the beginning of a worker: of a program before it is started, of a client when
/// it has come up.
pub(super) const fn is_beginning(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Session { .. } | EventKind::Command { .. })
}

/// Whether the journal has the beginning of the ticket's last worker, whose bill is open.
pub(super) fn has_begun(events: &[Event], ticket: &str) -> bool {
    let own = events.iter().rev();
    let own = own.filter(|event| event.ticket.as_deref() == Some(ticket));
    let is_before = |kind: &EventKind| {
        matches!(
            kind,
            EventKind::Cost { settled: true, .. } | EventKind::TicketStarted { .. }
        )
    };
    let mut own = own.take_while(|event| !is_before(&event.kind));
    own.any(|event| is_beginning(&event.kind))
}

/// Whether it is what a worker tells.
const fn is_told(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Session { .. }
            | EventKind::Thought { .. }
            | EventKind::Read { .. }
            | EventKind::Edit { .. }
            | EventKind::Create { .. }
            | EventKind::Command { .. }
            | EventKind::Say { .. }
            | EventKind::Permission { .. }
            | EventKind::Retry { .. }
    )
}

/// Whether it is about what a worker asks of people.
const fn is_of_request(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Ask { .. }
            | EventKind::Awaiting { .. }
            | EventKind::Answer { .. }
            | EventKind::Permission { .. }
    )
}

/// Lets the tickets go on whose workers wait for an answer and are taken over.
pub(super) fn wait_no_more(tickets: &mut [Ticket], left: &BTreeMap<TicketId, Left>) {
    for ticket in tickets {
        if left.contains_key(&ticket.id) {
            ticket.awaiting = None;
        }
    }
}

/// What was tried again of the ticket's last attempt. Something is tried once its worker
/// begins, as one that is `left` with its bill open has: what was only announced is announced
/// again.
pub(super) fn tries(events: &[Event], ticket: &str, left: Option<&Left>) -> Tries {
    let mut tries = Tries::default();
    let mut attempt = 0;
    let (mut between, mut next) = (false, None);
    for event in events
        .iter()
        .filter(|e| e.ticket.as_deref() == Some(ticket))
    {
        match &event.kind {
            EventKind::TicketStarted { attempt: other, .. } if *other != attempt => {
                attempt = *other;
                tries = Tries::default();
                (between, next) = (false, None);
            }
            EventKind::Cost { settled: true, .. } => between = true,
            // While a worker lives it is its client that tries something again.
            EventKind::Retry { class, .. } if between => next = Some(class.clone()),
            EventKind::Session { resumed, .. } => {
                tries.count(next.take(), *resumed);
                between = false;
            }
            EventKind::Command { .. } => {
                tries.count(next.take(), false);
                between = false;
            }
            _ => {}
        }
    }
    match left.filter(|left| left.reserved.is_some()) {
        Some(left) => tries.count(next, left.resumed),
        None => tries.repair_is_due = next.as_deref() == Some(repair::CONFLICT),
    }
    tries
}

/// Whether the worker was started to go on with a session.
fn resumes(attempt: &AttemptDir) -> std::result::Result<bool, AttemptError> {
    let spec = attempt.spec()?;
    let resumes = |argument: &String| argument.starts_with("--resume=");
    Ok(spec.stdin == Stdin::Pipe && spec.argv.iter().any(resumes))
}
