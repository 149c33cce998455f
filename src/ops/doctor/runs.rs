//! What the doctor is told of the clone's runs, and what it finds wrong with them.

use std::path::PathBuf;

use super::Exam;
use super::found::Found;
use crate::model::TicketId;
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
}

/// The runs of the clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownRuns {
    /// Oldest first.
    pub runs: Vec<KnownRun>,
    /// Folders of runs that cannot be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
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

/// Runs whose runner died, and folders of runs that cannot be read.
pub(super) fn examine<'a>(exam: &Exam<'a>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    for run in &exam.runs.runs {
        if run.state == RunState::Interrupted && run.goes_on(exam) {
            let message = format!("the runner of `{}` died before the run was over", run.key);
            found.push(
                Found::new(FindingKind::InterruptedRun, Severity::Warning, message)
                    .run(&run.run)
                    .command(&run.resume)
                    .hint(format!("`{}` goes on with it", run.resume)),
            );
        }
    }
    for (path, why) in &exam.runs.unreadable {
        found.push(
            Found::new(FindingKind::InvalidRun, Severity::Warning, why.clone())
                .path(exam.shown(path))
                .hint("`tk runs` and `tk log` cannot show it; keep a copy before you change it"),
        );
    }
    found
}
