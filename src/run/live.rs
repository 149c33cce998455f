//! The tickets that live runs work at, for what must not get in their way.

use std::cell::OnceCell;

use super::folder::RunDir;
use super::history::info_of;
use crate::model::TicketId;
use crate::ops::{Error, ErrorCode, Project, Result};

/// A live run and its tickets.
#[derive(Clone, Debug)]
struct LiveRun {
    run: String,
    pid: i32,
    tickets: Vec<String>,
}

/// The live runs of a clone.
#[derive(Clone, Debug)]
pub struct LiveRuns {
    runs: Vec<LiveRun>,
}

impl LiveRuns {
    /// Those of the project, at this moment.
    ///
    /// # Errors
    /// When a run's folder cannot be read.
    pub fn of(project: &Project) -> Result<Self> {
        let mut runs = Vec::new();
        for dir in RunDir::all(&project.store)? {
            // One that nobody is at holds nothing, whether it can be read or not.
            let Some(runner) = dir.runner()? else {
                continue;
            };
            let Some(info) = info_of(project, &dir)? else {
                continue;
            };
            runs.push(LiveRun {
                run: info.run.clone(),
                pid: runner.process.pid,
                tickets: info.epic.into_iter().chain(info.tickets).collect(),
            });
        }
        Ok(Self { runs })
    }

    /// Refuses a ticket that one of the project's live runs works at, each time it is asked; those
    /// are looked at when it is asked first, for the store's lock, under which runs begin, is to be
    /// held by then.
    pub fn refusing(project: &Project) -> impl Fn(&TicketId) -> Result<()> {
        let seen = OnceCell::new();
        move |id| {
            let live = match seen.get() {
                Some(live) => live,
                None => {
                    let live = Self::of(project)?;
                    seen.get_or_init(|| live)
                }
            };
            live.refuse(id)
        }
    }

    /// Refuses a ticket that is one of a live run's.
    ///
    /// # Errors
    /// [`ErrorCode::Held`] if it is.
    pub fn refuse(&self, id: &TicketId) -> Result<()> {
        let at_work = |run: &&LiveRun| run.tickets.iter().any(|ticket| ticket == id.as_str());
        let Some(run) = self.runs.iter().find(at_work) else {
            return Ok(());
        };
        let message = format!("run {}, process {}, works at `{id}`", run.run, run.pid);
        Err(Error::new(ErrorCode::Held, message)
            .hint(format!("`tk stop {}` ends the run", run.run))
            .with("id", id.as_str())
            .with("run", run.run.clone())
            .with("pid", run.pid))
    }
}
