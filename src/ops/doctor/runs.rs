//! What the doctor is told of the clone's runs, and what it finds wrong with them.

use std::path::PathBuf;

use jiff::Timestamp;

use super::Exam;
use super::found::Found;
use super::texts::changed;
use crate::model::TicketId;
use crate::ops::Result;
use crate::wire::{FindingKind, Severity};

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// A runner is at it.
    Live,
    /// Its runner died, and no later run has taken over.
    Interrupted,
    /// It was stopped or reached its budget: the same command goes on with it.
    Resumable,
    /// It came to its end, or a later run has taken over.
    Over,
}

/// Something of a run that outlived its runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftWorker {
    /// A process of it: the worker, if that lives.
    pub pid: i32,
    /// The ticket it works at.
    pub ticket: Option<TicketId>,
    /// When it was started, where that is known.
    pub since: Option<Timestamp>,
}

/// Where the doctor knows the runs of a clone from, and what is done about them.
pub trait Runs {
    /// How they stand at this moment.
    ///
    /// # Errors
    /// When the folder of the runs cannot be read.
    fn standing(&self) -> Result<KnownRuns>;

    /// Ends what the dead runner of that run has left running; nothing where nothing runs.
    ///
    /// # Errors
    /// When a runner is at it by now, or something does not end.
    fn end_left(&self, run: &str) -> Result<()>;

    /// Puts the ends of attempts that dead runners could not tell into their tickets.
    ///
    /// # Errors
    /// When that ticket cannot be written.
    fn tell_end(&self, id: &TicketId) -> Result<()>;
}

/// A run, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRun {
    /// Its id.
    pub run: String,
    /// Its key.
    pub key: String,
    /// Its tickets, the epic among them.
    pub tickets: Vec<String>,
    /// How it stands.
    pub state: RunState,
    /// The command that goes on with it.
    pub resume: String,
    /// The error that its runner ended with, before the run was over.
    pub error: Option<String>,
    /// What still runs of it, though its runner is dead.
    pub left: Vec<LeftWorker>,
    /// Tickets that could not be told how an attempt at them ended.
    pub untold: Vec<TicketId>,
}

/// The runs of the clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownRuns {
    /// Oldest first.
    pub runs: Vec<KnownRun>,
    /// Folders of runs that cannot be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// What is wrong with the ledger of what they cost.
    pub ledger: Option<String>,
}

impl KnownRuns {
    /// Whether a runner works on that run's branch, at that ticket, or at both.
    pub(super) fn use_of(&self, key: Option<&str>, ticket: Option<&TicketId>) -> bool {
        let live = |run: &&KnownRun| run.state == RunState::Live;
        self.runs.iter().filter(live).any(|run| {
            key.is_some_and(|key| run.key == key) || ticket.is_some_and(|id| run.has(id))
        })
    }

    /// The newest run of that key.
    pub(super) fn of_key(&self, key: &str) -> Option<&KnownRun> {
        self.runs.iter().rfind(|run| run.key == key)
    }

    /// Whether a run works at the ticket, or would if it went on.
    pub(super) fn is_theirs(&self, id: &TicketId) -> bool {
        let unfinished = |run: &&KnownRun| run.state != RunState::Over;
        self.runs.iter().filter(unfinished).any(|run| run.has(id))
    }
}

impl KnownRun {
    fn has(&self, id: &TicketId) -> bool {
        self.tickets.iter().any(|ticket| ticket == id.as_str())
    }

    /// Whether it is to go on: something of it is open.
    pub(super) fn goes_on(&self, exam: &Exam<'_>) -> bool {
        let unfinished = matches!(self.state, RunState::Interrupted | RunState::Resumable);
        unfinished && self.tickets.iter().any(|ticket| exam.is_open(ticket))
    }
}

/// Runs whose runner died, what of them still runs, what tickets were not told, folders of runs
/// that cannot be read, and lines of the ledger.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for run in &exam.runs.runs {
        if run.state == RunState::Interrupted && run.goes_on(exam) {
            let message = match &run.error {
                Some(error) => format!("the run of `{}` ended with an error: {error}", run.key),
                None => format!("the runner of `{}` died before the run was over", run.key),
            };
            found.push(
                Found::new(FindingKind::InterruptedRun, Severity::Warning, message)
                    .run(&run.run)
                    .command(&run.resume)
                    .hint(format!("`{}` goes on with it", run.resume)),
            );
        }
        found.extend(run.left.iter().map(|left| living(exam, run, left)));
        if run.state != RunState::Live {
            found.extend(run.untold.iter().map(|id| untold(exam, run, id)));
        }
    }
    for (path, why) in &exam.runs.unreadable {
        found.push(
            Found::new(FindingKind::InvalidRun, Severity::Warning, why.clone())
                .path(exam.shown(path))
                .hint(
                    "`tk runs` and `tk log` cannot show it, and no run goes on with it or ends \
                     what it left; keep a copy before you change it",
                ),
        );
    }
    found.extend(exam.runs.ledger.iter().map(|damage| {
        let hint = "no run under a cap begins before that is mended: correct it, from a copy if \
                    there is one, or delete it, and what it told of counts as not spent";
        let message = damage.clone();
        Found::new(FindingKind::InvalidLedger, Severity::Error, message)
            .path(exam.shown(&exam.project.store.ledger_path()))
            .hint(hint)
    }));
    found
}

/// A worker whose runner is dead.
fn living<'a>(exam: &Exam<'a>, run: &KnownRun, left: &LeftWorker) -> Found<'a> {
    let since = left.since.map(|since| since.strftime("%Y-%m-%d %H:%M:%SZ"));
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    let what = match &left.ticket {
        Some(id) => format!("the worker of `{id}`"),
        None => "something".to_owned(),
    };
    let message = format!(
        "{what} runs{since} as process {}, and its runner is dead",
        left.pid
    );
    let goes_on = match run.goes_on(exam) {
        true => format!("`{}` takes it over, ", run.resume),
        false => String::new(),
    };
    let stop = format!("tk stop {}", run.run);
    let hint = format!("{goes_on}`{stop}` ends it");
    let mut found = Found::new(FindingKind::LivingWorker, Severity::Warning, message)
        .run(&run.run)
        .command(stop)
        .hint(hint);
    if let Some(id) = &left.ticket {
        found = found.ticket(id);
    }
    let (runs, id) = (exam.runs_now, run.run.clone());
    found.mended_by(move || runs.end_left(&id))
}

/// A ticket that lacks the end of an attempt, which could not be read then.
fn untold<'a>(exam: &Exam<'a>, run: &KnownRun, id: &TicketId) -> Found<'a> {
    let message = "how an attempt at it ended is not in it: its file could not be read then";
    let found = Found::new(FindingKind::UntoldEnd, Severity::Warning, message)
        .ticket(id)
        .run(&run.run);
    if exam.loaded.get(id).is_none() && exam.loaded.invalid(id).is_some() {
        return found.hint("mend the file; then `tk doctor --fix`, or the next run, tells it");
    }
    if !exam.configured {
        return found.hint("mend the configuration; then `tk doctor --fix` tells it");
    }
    let (store, runs, id) = (&exam.project.store, exam.runs_now, id.clone());
    found.changes(store.ticket_path(&id)).mended_by(move || {
        store.lock()?.forget_last_change()?;
        runs.tell_end(&id)?;
        let known = runs.standing()?.runs;
        match known.iter().any(|run| run.untold.contains(&id)) {
            true => Err(changed()),
            false => Ok(()),
        }
    })
}
