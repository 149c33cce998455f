//! The tickets that live runs work at, for what must not get in their way.

use super::folder::RunDir;
use crate::model::TicketId;
use crate::ops::{Error, ErrorCode, Result};
use crate::store::Store;

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
    /// Those of the store, at this moment.
    ///
    /// # Errors
    /// When a run's folder cannot be read.
    pub fn of(store: &Store) -> Result<Self> {
        let mut runs = Vec::new();
        for dir in RunDir::all(store)? {
            let (Some(info), Some(runner)) = (dir.info()?, dir.runner()?) else {
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
